"""``prbench sweep``: what becomes of solvers as a setting runs over a range."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from prbench.errors import UsageError

from . import folders, selecting
from .executors import choose_engine, executor_options
from .run import BACKENDS, RERUNS

if TYPE_CHECKING:
    from prbench.reporting.sweeps import Sweep
    from prbench.running.engine import Rerun
    from prbench.running.request.cell import Cell
    from prbench.running.store.results import ResultSet

Point = tuple["Cell", dict[str, Any]]
"""A cell, and what a table of the sweep says of it."""


@click.command("sweep")
@selecting.named("solver", required=True)
@selecting.named("dataset", required=True)
@click.option(
    "--over",
    "axes",
    multiple=True,
    metavar="NAME=VALUES",
    help="photons=1,10,100, photons=1:1000:7log or beta=0.5:1:6; a setting of the dataset or the solvers. Two make a map.",
)
@click.option("--settings", "draws", type=click.IntRange(min=2), metavar="N", help="So many random settings of each solver.")
@click.option("--vary", metavar="NAMES", help="Of the solver's settings only these, with --settings.")
@click.option("--samples", default="5", show_default=True, metavar="N|A:B|LIST", help="Samples at each point.")
@click.option("--seeds", metavar="N|A:B|LIST", help="Seeds, in the same way; seed 0 otherwise.")
@click.option("--split", type=click.Choice(["test", "tune"]), default="test", show_default=True, help="Which samples.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder; one below prbench-results otherwise.",
)
@executor_options
@click.option("--shard", metavar="I/N", help="Only the I-th of N parts; run the others elsewhere, into the same folder.")
@click.option("--backend", type=click.Choice(BACKENDS), help="What to compute with.")
@click.option("--time-limit", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Soft limit of a solve.")
@click.option(
    "--rerun", type=click.Choice(RERUNS), default="missing", show_default=True, help="What to run besides missing cells."
)
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv", "markdown", "latex"]), default="table", show_default=True
)
@click.option("--dry-run", is_flag=True, help="Say how many cells would run, and run nothing.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    solvers: tuple[str, ...],
    datasets: tuple[str, ...],
    axes: tuple[str, ...],
    draws: int | None,
    vary: str | None,
    out: Path | None,
    jobs: int | None,
    threads: int | None,
    executor: str | None,
    scheduler: str | None,
    cluster: Path | None,
    shard: str | None,
    rerun: str,
    form: str,
    dry_run: bool,
    **options: Any,
) -> None:
    """Run solvers while a setting varies, and show what becomes of quality: a table, and a picture as PNG and PDF.

    \b
    prbench sweep -s hio-er,raar -d crystal2d --over photons=1:1000:7log
    prbench sweep -s hio -d crystal2d --over photons=10,1000 --over beta=0.5:1:6
    prbench sweep -s hio-er -d crystal2d --settings 20

    Cells are those of `prbench run`: finished ones are kept, and the same command resumes. With --settings, settings given in
    brackets stay, as in 'hio-er[iterations=500]'.
    """  # noqa: D301 - \b keeps click from filling the lines
    from prbench.core import parse_name, split_names
    from prbench.core.tuned import plain_name
    from prbench.running.engine import plan, run_matrix
    from prbench.running.remote.shard import Shard, parse_shard
    from prbench.running.store.folder import Store
    from prbench.running.store.results import ResultSet

    from . import summary
    from .app import CELLS_FAILED, OK
    from .display import choose_display

    if bool(axes) == (draws is not None) or len(axes) > 2:
        raise UsageError("a sweep needs --over NAME=VALUES once or twice, or --settings N")
    if vary is not None and draws is None:
        raise UsageError("--vary names the settings that --settings N draws; give both")
    who = [plain_name(name) for text in solvers for name in split_names(text)]
    what = [name for text in datasets for name in split_names(text)]
    columns: tuple[str, ...] = ()
    if draws is None:
        points, columns = _along(who, what, axes, options)
    else:
        points = _at_random(who, what, draws, vary, options)
    cells = [cell for cell, _ in points]
    over = [column.removeprefix("over.") for column in columns] or ["settings"]
    store = Store(out or folders.default_folder("-".join(["sweep", *over, *dict.fromkeys(parse_name(name)[0] for name in what)])))
    again, engine = cast("Rerun", rerun), choose_engine(executor, scheduler, cluster, jobs, threads)
    part = None if shard is None else Shard(cells, *parse_shard(shard))
    mine = list(dict.fromkeys(cells)) if part is None else part.part(part.number)
    if dry_run:
        click.echo(f"{len(plan(mine, store, again))} of {len(mine)} cells would run; results in {store.path}")
        return
    try:
        with choose_display() as display:
            state = run_matrix(mine, store, jobs=jobs, threads=threads, rerun=again, on_event=display, engine=engine, shard=part)
    except KeyboardInterrupt:
        click.echo(f"stopped; what has finished is in {store.path}, and the same command resumes", err=True)
        raise
    if shard is not None:
        summary.tell_shard(ResultSet(store, [cell.key for cell in mine]), state, shard)
        ctx.exit(CELLS_FAILED if state.failed else OK)
    results = ResultSet(store, list(dict.fromkeys(cell.key for cell in cells)))
    _tell(results, _table(results, points, columns), form)
    ctx.exit(CELLS_FAILED if summary.has_failures(results) else OK)


def _along(
    solvers: list[str], datasets: list[str], texts: Sequence[str], options: dict[str, Any]
) -> tuple[list[Point], tuple[str, ...]]:
    """The cells along one or two axes."""
    from prbench.analysis.sweeps import parse_axis, sweep_points

    axes = [parse_axis(text) for text in texts]
    if len({axis.name for axis in axes}) < len(axes):
        raise UsageError(f"--over {axes[0].name} is given twice; give it all values at once")
    columns = tuple(axis.column for axis in axes)
    points = []
    for point in sweep_points(solvers, datasets, axes):
        about = {"solver": point.solver_label, "dataset": point.dataset_label, **dict(zip(columns, point.values, strict=True))}
        points += [(cell, about) for cell in _cells(point.solver, point.dataset, options)]
    return points, columns


def _at_random(solvers: list[str], datasets: list[str], draws: int, vary: str | None, options: dict[str, Any]) -> list[Point]:
    """The cells of each solver as named and at random settings, the same ones for every dataset of its task."""
    from prbench.analysis.sensitivity import DRAW, VARIED, random_settings
    from prbench.running.request.cell import find_plugin

    only = [name.strip() for name in (vary or "").split(",") if name.strip()]
    points = []
    for solver in solvers:
        drawn = random_settings(solver, draws, only)
        for dataset in datasets:
            if find_plugin("dataset", dataset).task != find_plugin("solver", solver).task:
                continue
            for number, (spelled, values) in enumerate(drawn):
                about = {"solver": solver, "dataset": dataset, DRAW: number, "spelled": spelled}
                about |= {f"{VARIED}{name}": value for name, value in values.items()}
                points += [(cell, about) for cell in _cells(spelled, dataset, options)]
    if not points:
        raise UsageError(f"no solver of {', '.join(solvers)} is for a dataset of {', '.join(datasets)}: their tasks differ")
    return points


def _cells(solver: str, dataset: str, options: dict[str, Any]) -> list[Cell]:
    """The cells of one solver on one dataset."""
    from prbench.running.request.spec import Matrix, parse_indices

    indices = {name: parse_indices(options[name]) for name in ("samples", "seeds") if options[name] is not None}
    rest = {"split": options["split"], "backend": options["backend"], "time_limit_s": options["time_limit"]}
    return Matrix.of("sweep", name="sweep", solvers=[solver], datasets=[dataset], **indices, **rest).cells()


def _table(results: ResultSet, points: list[Point], columns: tuple[str, ...]) -> Sweep:
    import pandas as pd

    from prbench.analysis.sensitivity import sensitivity
    from prbench.analysis.sweeps import sweep_table
    from prbench.reporting.sweeps import Sweep

    at = pd.DataFrame([{"key": cell.key, **about} for cell, about in points])
    if columns:
        return Sweep(*sweep_table(results.frame, at, columns), columns)
    goals, rows, influences = sensitivity(results.frame, at)
    return Sweep(goals, rows, influences=influences)


def _tell(results: ResultSet, sweep: Sweep, form: str) -> None:
    from prbench.reporting.console import console
    from prbench.reporting.sweep_pictures import save_sweep
    from prbench.reporting.sweeps import FORMATS, terminal

    pictures = save_sweep(sweep, results.store.path / "pictures")
    if form != "table":
        click.echo(FORMATS[form](sweep))
        return
    out = console()
    for part in terminal(sweep):
        out.print(part, markup=False)
    click.echo()
    for picture in pictures:
        click.echo(str(picture))
    click.echo(f"\nresults: {results.store.path}")
