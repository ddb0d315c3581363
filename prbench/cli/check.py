"""``prbench check``: is this version slower or worse than the baseline, or than another version?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from prbench.gate.measuring import Baseline, OnCell
    from prbench.gate.regression import Comparison

BASELINES = Path("results/baselines")


@click.command("check")
@click.option(
    "--baseline",
    "paths",
    multiple=True,
    type=click.Path(path_type=Path),
    help=f"Baseline file, or a folder of them; {BASELINES} otherwise. Repeatable.",
)
@click.option(
    "--base-python",
    metavar="PYTHON",
    help="Compare with the prbench of this Python, solve by solve in turn, instead of with the stored measurements.",
)
@click.option("--matrix", "matrix_file", type=click.Path(path_type=Path), help="With --update: the matrix of a new baseline.")
@click.option("--rounds", type=click.IntRange(1, 1000), help="Solves of each cell; the baseline's number otherwise.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="CPU threads of a solver.")
@click.option(
    "--time-tolerance",
    type=click.FloatRange(min=0),
    metavar="PART",
    help="Slowdown of the median up to which nothing is said: 0.15 in turn and 0.5 against stored times otherwise.",
)
@click.option("--update", is_flag=True, help="Write the baseline anew from this version.")
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the report to a file besides.")
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    base_python: str | None,
    matrix_file: Path | None,
    rounds: int | None,
    threads: int,
    time_tolerance: float | None,
    update: bool,
    form: str,
    out: Path | None,
) -> None:
    """Solve the baseline's cells again and tell what became faster, slower, better or worse; exit code 3 on a regression.

    Counts must not rise at all; time, quality and iterations are judged by paired medians, and only where their intervals part.

    Two checkouts on one machine:  prbench check --base-python ../base/.venv/bin/python
    """
    from prbench.gate.tables import FORMATS

    from .app import OK, REGRESSION

    baselines = _planned(matrix_file, paths, rounds, update=update, base_python=base_python) or _stored(paths)
    checks = [
        (baseline.path.stem, _check(baseline, base_python, rounds, threads, time_tolerance, update=update))
        for baseline in baselines
    ]
    done = [(name, comparison) for name, comparison in checks if comparison is not None]
    if not done:
        ctx.exit(OK)
    report = FORMATS[form](done)
    click.echo(report)
    if out is not None:
        out.write_text(report + "\n", encoding="utf-8")
    ctx.exit(REGRESSION if any(found.regressions or not found.compared for _, found in done) and not update else OK)


def _planned(
    matrix_file: Path | None, paths: tuple[Path, ...], rounds: int | None, *, update: bool, base_python: str | None
) -> list[Baseline]:
    from prbench.errors import UsageError
    from prbench.gate.measuring import Baseline

    if matrix_file is None:
        return []
    if base_python is None and not update:
        raise UsageError("--matrix measures a new baseline and needs --update, or --base-python to compare with")
    if len(paths) > 1:
        raise UsageError("--matrix makes one baseline; name at most one file with --baseline")
    path = paths[0] if paths else BASELINES / f"{matrix_file.stem}.json"
    return [Baseline.planned(matrix_file, path, rounds or 5)]


def _stored(paths: tuple[Path, ...]) -> list[Baseline]:
    from prbench.errors import UsageError
    from prbench.gate.measuring import Baseline

    files = [file for path in paths or (BASELINES,) for file in (sorted(path.glob("*.json")) if path.is_dir() else [path])]
    if not files:
        where = ", ".join(map(str, paths or (BASELINES,)))
        raise UsageError(f"no baseline in {where}; `prbench check --update --matrix MATRIX.yaml` measures one")
    return [Baseline.read(file) for file in files]


def _check(
    baseline: Baseline, base_python: str | None, rounds: int | None, threads: int, time_tolerance: float | None, *, update: bool
) -> Comparison | None:
    from contextlib import ExitStack

    from prbench.gate.measuring import measure
    from prbench.gate.probing import Probe
    from prbench.gate.regression import compare_versions

    pythons = {"head": None, **({"base": base_python} if base_python else {})}
    cells = baseline.matrix.cells()
    with ExitStack() as stack:
        probes = {name: stack.enter_context(Probe(python, threads)) for name, python in pythons.items()}
        found = measure(cells, probes, rounds or baseline.rounds, _follow(baseline.path.stem))
    comparison = None
    tolerances = {} if time_tolerance is None else {"time": time_tolerance}
    if base_python:
        comparison = compare_versions(found["base"], found["head"], stored=False, tolerances=tolerances)
    elif baseline.cells is not None:
        comparison = compare_versions(baseline.cells, found["head"], stored=True, tolerances=tolerances)
    if update:
        baseline.updated(found["head"]).write()
        click.echo(f"wrote {baseline.path}", err=True)
    return comparison


def _follow(name: str) -> OnCell:
    import sys

    if not sys.stderr.isatty():
        return lambda _done, _all, _cell: None
    return lambda done, total, cell: click.echo(f"\r{name}: {done + 1} of {total}, {cell.solver}".ljust(78), nl=False, err=True)
