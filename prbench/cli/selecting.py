"""``--solver`` and ``--dataset``: the same two options in every command, to run and to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from prbench.errors import UsageError

from .completion import plugin_completion

if TYPE_CHECKING:
    import pandas as pd

F = TypeVar("F", bound=Callable[..., Any])
_NEAREST = 8


def named(kind: str, *, required: bool = False, many: bool = True, what: str = "") -> Callable[[F], F]:
    """``-s/--solver NAME`` or ``-d/--dataset NAME``.

    Args:
        kind: ``solver`` or ``dataset``.
        required: whether it must be given.
        many: whether it may be given several times, and as a list ``A,B``; the function then gets ``solvers`` or ``datasets``.
        what: what the option does in the command, in a word or two; "Solver" or "Dataset" where empty.
    """
    told = what or kind.capitalize()
    return click.option(
        f"-{kind[0]}",
        f"--{kind}",
        f"{kind}s" if many else kind,
        metavar="NAME",
        multiple=many,
        required=required,
        shell_complete=plugin_completion(kind),
        help=f"{told}, such as NAME[key=value]{'; repeatable, or A,B' if many else ''}.",
    )


def of_results(command: F) -> F:
    """Both options for commands that read results: only these solvers, only these datasets."""
    return named("solver", what="Only this solver")(named("dataset", what="Only this dataset")(command))


def solver_argument(command: F) -> F:
    """The one solver of a command, as an argument or by ``--solver``; the function gets it as ``solver``."""
    argument = click.argument(
        "solver", required=False, metavar="SOLVER", callback=_needed, shell_complete=plugin_completion("solver")
    )
    option = click.option(
        "-s",
        "--solver",
        "solver_option",
        metavar="NAME",
        expose_value=False,
        callback=_keep,
        is_eager=True,
        shell_complete=plugin_completion("solver"),
        help="The same as SOLVER.",
    )
    return option(argument(command))


def _keep(ctx: click.Context, _option: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.default_map = {**(ctx.default_map or {}), "solver": value}


def _needed(ctx: click.Context, _argument: click.Parameter, value: str | None) -> str | None:
    if value is None and not ctx.resilient_parsing:
        raise click.UsageError("Missing a solver: name it as SOLVER or with --solver.", ctx)
    return value


def selected(frame: pd.DataFrame, solvers: Sequence[str], datasets: Sequence[str]) -> pd.DataFrame:
    """The rows of solvers and datasets by name: with settings, those exactly; without, all of that name.

    Raises:
        UsageError: for a name that no row has, with those that there are.
    """
    from prbench.core import split_names
    from prbench.running.request.cell import name_in_records

    for column, texts in (("solver", solvers), ("dataset", datasets)):
        names = [name_in_records(name) for text in texts for name in split_names(text)]
        if not names:
            continue
        spelled = frame[column].astype(str)
        plain = spelled.str.partition("[")[0]
        for name in names:
            if not ((spelled == name) | (plain == name)).any():
                present = ", ".join(sorted(spelled.unique())[:_NEAREST]) or "none"
                raise UsageError(f"no result of the {column} {name!r}; there are {present}")
        frame = frame[spelled.isin(names) | plain.isin(names)]
    return frame
