"""``prbench compare``: is one better than the other, by how much, and how sure is that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from prbench.errors import UsageError
from prbench.metrics.cost_names import COMPARED

from . import folders, selecting
from .completion import plugin_completion

if TYPE_CHECKING:
    import pandas as pd

WORSE = "worse"
"""The verdict that may fail a command, as :mod:`prbench.analysis.comparison` says it."""


@click.command("compare")
@click.argument("first", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.argument("second", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--solvers", "former", multiple=True, hidden=True)
@selecting.of_results
@click.option("--task", help="Only this task.")
@click.option(
    "-m",
    "--metrics",
    multiple=True,
    shell_complete=plugin_completion("metric"),
    help="Metrics to compare besides the one that ranks; repeatable, or A,B.",
)
@click.option(
    "--cost",
    type=click.Choice(COMPARED),
    metavar="COST",
    default=COMPARED[0],
    show_default=True,
    help=f"One of {', '.join(COMPARED)}.",
)
@click.option(
    "--least",
    type=click.FloatRange(min=1),
    default=1.0,
    metavar="RATIO",
    help="A median change by less than this factor is no difference, however sure.",
)
@click.option("--fail-on", type=click.Choice([WORSE]), help="Exit with 3 where a verdict is this.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv", "markdown", "latex"]), default="table", show_default=True
)
@click.pass_context
def command(
    ctx: click.Context,
    first: Path,
    second: Path | None,
    solvers: tuple[str, ...],
    former: tuple[str, ...],
    datasets: tuple[str, ...],
    task: str | None,
    metrics: tuple[str, ...],
    cost: str,
    least: float,
    fail_on: str | None,
    form: str,
) -> None:
    """Compare two results folders, or solvers of one, pair by pair of cells: quality, and cost.

    \b
    prbench compare before/ after/         each solver with itself
    prbench compare DIR -s hio,raar        raar against hio, on the same problems
    prbench compare A B -s hio,raar        raar of B against hio of A

    The verdict is on the second: better, worse, no difference shown, or too few to tell. Exits with 0 whatever it is unless
    --fail-on says otherwise, and with 2 where no two cells pair.
    """  # noqa: D301 - \b keeps click from filling the lines
    from prbench.analysis.comparison import compare_results, compare_solvers
    from prbench.core import build_plugin, split_names
    from prbench.reporting.comparisons import FORMATS, terminal
    from prbench.running.request.cell import name_in_records

    from .app import OK, REGRESSION

    asked = [name for text in (*solvers, *former) for name in split_names(text)]
    names = [build_plugin("solver", name).spelled() if "@" in name else name_in_records(name) for name in asked]
    besides = [name for text in metrics for name in split_names(text)]
    frame = selecting.selected(_frame(first, task), (), datasets)
    if second is None:
        if len(names) < 2:
            raise UsageError("name two solvers of the folder (--solver A,B), or a second folder")
        result = compare_solvers(frame, names, metrics=besides, cost=cost, least=least)
    else:
        other = selecting.selected(_frame(second, task), (), datasets)
        sides = (str(first), str(second))
        result = compare_results(frame, other, names, names=sides, metrics=besides, cost=cost, least=least)
    if form != "table":
        click.echo(FORMATS[form](result))
    else:
        from prbench.reporting.console import console

        out = console()
        for part in terminal(result, out.width):
            out.print(part, markup=False)
    ctx.exit(REGRESSION if fail_on is not None and (result.rows["verdict"] == fail_on).any() else OK)


def _frame(folder: Path, task: str | None) -> pd.DataFrame:
    frame = folders.open_results(folder).frame
    if task is None:
        return frame
    if not (frame["task"] == task).any():
        raise UsageError(f"nothing compared: {folder} has no record of task {task!r}; its tasks: {', '.join(set(frame['task']))}")
    return frame[frame["task"] == task]
