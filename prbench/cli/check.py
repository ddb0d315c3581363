"""``prbench check``: is this version slower or worse than the baseline, or than another version?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prbench.gate.accepted import Accepted
    from prbench.gate.baseline import Baseline
    from prbench.gate.findings import Comparison
    from prbench.gate.measuring import OnCell

BASELINES = Path("results/baselines")
ACCEPTED = Path(".ci/accepted.yaml")


@click.command("check")
@click.option(
    "--baseline",
    "paths",
    multiple=True,
    type=click.Path(path_type=Path),
    help=f"Baseline file, or a folder of them; {BASELINES} otherwise, or those of this version. Repeatable.",
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
    help="Slowdown of the median that is none; 0.1 in turn, 0.5 against stored times.",
)
@click.option(
    "--accepted",
    "accepted_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=ACCEPTED,
    show_default=True,
    help="List of changes for the worse that were accepted on purpose.",
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
    accepted_file: Path,
    update: bool,
    form: str,
    out: Path | None,
) -> None:
    """Solve the baseline's cells again and tell what became faster, slower, better or worse; exit code 3 on a regression.

    Counts must not rise, statuses must not worsen, no score may be lost and no sample ruined; groups of cells are tested for
    smaller changes. Stored times are advice, and stored seeds bind on the class of processor and libraries that made them.

    Two checkouts on one machine:  prbench check --base-python ../base/.venv/bin/python
    """
    from prbench.gate.accepted import expired, read_accepted
    from prbench.gate.tables import FORMATS

    from .app import OK, REGRESSION

    accepted = read_accepted(accepted_file)
    baselines = _planned(matrix_file, paths, rounds, update=update, base_python=base_python) or _stored(paths)
    names = [baseline.name for baseline in baselines]
    stems = {baseline.path.stem for baseline in baselines}
    for entry in expired([entry for entry in accepted if entry.baseline.partition("@")[0] in stems], names):
        click.echo(f"{accepted_file}: {entry.solver}, {entry.what} is void: {entry.baseline} has been measured anew", err=True)
    tolerances = {} if time_tolerance is None else {"time": time_tolerance}
    checks = [
        (baseline.name, _check(baseline, base_python, rounds, threads, tolerances, accepted, update=update))
        for baseline in baselines
    ]
    done = [(name, comparison) for name, comparison in checks if comparison is not None]
    if not done:
        ctx.exit(OK)
    report = FORMATS[form](done)
    click.echo(report)
    if out is not None:
        out.write_text(report + "\n", encoding="utf-8")
    ctx.exit(OK if update or all(result.passes for _, result in done) else REGRESSION)


def _planned(
    matrix_file: Path | None, paths: tuple[Path, ...], rounds: int | None, *, update: bool, base_python: str | None
) -> list[Baseline]:
    from prbench.errors import UsageError
    from prbench.gate.baseline import Baseline

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
    from prbench.gate.baseline import Baseline

    if not paths and not BASELINES.is_dir():
        from prbench.shipped import BASELINES as SHIPPED

        paths = (SHIPPED,)
    files = [file for path in paths or (BASELINES,) for file in (sorted(path.glob("*.json")) if path.is_dir() else [path])]
    if not files:
        where = ", ".join(map(str, paths or (BASELINES,)))
        raise UsageError(f"no baseline in {where}; `prbench check --update --matrix MATRIX.yaml` measures one")
    return [Baseline.read(file) for file in files]


def _check(
    baseline: Baseline,
    base_python: str | None,
    rounds: int | None,
    threads: int,
    tolerances: Mapping[str, float],
    accepted: Sequence[Accepted],
    *,
    update: bool,
) -> Comparison | None:
    from prbench.gate.accepted import accept
    from prbench.gate.checking import against_stored, in_turn, measured

    cells, count, on_cell = baseline.matrix.cells(), rounds or baseline.rounds, _follow(baseline.path.stem)
    comparison = None
    if base_python:
        pythons = {"head": None, "base": base_python}
        comparison = in_turn(cells, pythons, count, threads=threads, tolerances=tolerances, on_cell=on_cell)
    if update or not base_python:
        result, cpu_class = measured(cells, count, threads=threads, on_cell=on_cell)
        if not base_python and baseline.cells is not None:
            comparison = against_stored(baseline, result, cpu_class, tolerances)
        if update:
            baseline.updated(result, cpu_class).write()
            click.echo(f"wrote {baseline.path}", err=True)
    return comparison if comparison is None else accept(comparison, accepted, baseline.name)


def _follow(name: str) -> OnCell:
    import sys

    if not sys.stderr.isatty():
        return lambda _done, _all, _cell: None
    return lambda done, total, cell: click.echo(f"\r{name}: {done + 1} of {total}, {cell.solver}".ljust(78), nl=False, err=True)
