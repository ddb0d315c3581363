"""``prbench run``: execute a matrix, follow it, and end with a leaderboard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from . import folders, selecting
from .executors import choose_engine, executor_options

if TYPE_CHECKING:
    from prbench.running.engine import Rerun
    from prbench.running.request.cell import Cell

BACKENDS = ("auto", "numpy", "torch", "torch:cuda", "cupy")
SPLITS = ("test", "tune", "train")
PRECISIONS = ("single", "double")
RERUNS = ("missing", "failed", "stale", "all")


@click.command("run")
@click.argument("matrix", required=False, metavar="[MATRIX]", shell_complete=None, type=click.Path(path_type=str))
@selecting.named("solver")
@selecting.named("dataset")
@click.option("--samples", metavar="N|A:B|LIST", help="Samples of each dataset: 5 are the first five, 3:10 or 0,3,7 those.")
@click.option("--seeds", metavar="N|A:B|LIST", help="Seeds, in the same way.")
@click.option("--seed", type=click.IntRange(min=0), metavar="SEED", help="This one seed.")
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder; prbench-results/<matrix> otherwise.")
@executor_options
@click.option("--split", type=click.Choice(SPLITS), help="Which problems; test ones otherwise.")
@click.option("--backend", type=click.Choice(BACKENDS), help="What to compute with.")
@click.option("--precision", type=click.Choice(PRECISIONS), help="Of all numbers; single otherwise.")
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Stop a solver after this time and score what it has.",
)
@click.option(
    "--rerun", type=click.Choice(RERUNS), default="missing", show_default=True, help="What to run besides missing cells."
)
@click.option("--shard", metavar="I/N", help="Only the I-th of N parts; run the others elsewhere, into the same folder.")
@click.option("--fail-fast", is_flag=True, help="Begin no further cell once one has failed.")
@click.option("--sealed", is_flag=True, help="Draw test problems in secret; `prbench unseal` tells.")
@click.option("--salt", metavar="TEXT|FOLDER", help="Draw test problems with this salt.")
@click.option("--dry-run", is_flag=True, help="Show what would run, and run nothing.")
@click.option("-q", "--quiet", is_flag=True, help="Print no progress, no board and no advice; errors alone.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="Of the end.")
@click.pass_context
def command(
    ctx: click.Context,
    matrix: str | None,
    solvers: tuple[str, ...],
    datasets: tuple[str, ...],
    samples: str | None,
    seeds: str | None,
    seed: int | None,
    out: Path | None,
    jobs: int | None,
    backend: str | None,
    time_limit: float | None,
    rerun: str,
    threads: int | None,
    shard: str | None,
    executor: str | None,
    scheduler: str | None,
    cluster: Path | None,
    fail_fast: bool,
    sealed: bool,
    salt: str | None,
    dry_run: bool,
    split: str | None,
    precision: str | None,
    quiet: bool,
    form: str,
) -> None:
    """Run every solver on every dataset of its task, and rank them.

    MATRIX is a YAML file or the name of a built-in matrix; `quick` where nothing is named. Finished cells are kept: the same
    command resumes.

    A pattern of your own:  prbench run -d 'file[path=measured.cxi]' -s hio-er
    """
    from prbench.errors import CannotWrite
    from prbench.running.engine import plan, run_matrix
    from prbench.running.engines import LocalEngine
    from prbench.running.fail_fast import FailFast
    from prbench.running.remote.shard import Shard, parse_shard
    from prbench.running.salts import salt_for
    from prbench.running.store.folder import Store
    from prbench.running.store.results import ResultSet

    from . import summary
    from .app import CELLS_FAILED, OK
    from .display import choose_display
    from .request import requested_matrix

    options = {"split": split, "backend": backend, "precision": precision, "time_limit_s": time_limit}
    asked = requested_matrix(matrix, solvers, datasets, samples=samples, seeds=seeds, seed=seed, **options)
    engine = choose_engine(executor, scheduler, cluster, jobs, threads)
    store = Store(out or folders.default_folder(asked.name))
    all_cells = asked.expand(salt_for(store.path, salt, sealed=sealed, keep=not dry_run))
    part = None if shard is None else Shard(all_cells, *parse_shard(shard))
    cells = all_cells if part is None else part.part(part.number)
    again = cast("Rerun", rerun)
    if dry_run:
        _print_plan(cells, plan(cells, store, again), store.path)
        return
    fast = None
    if fail_fast:
        gpu = any(cell.device_class != "cpu" for cell in cells)
        engine = fast = FailFast(engine or LocalEngine(jobs, threads, gpu=gpu))
    try:
        with choose_display(quiet=quiet) as display:
            state = run_matrix(cells, store, jobs=jobs, threads=threads, rerun=again, on_event=display, engine=engine, shard=part)
    except KeyboardInterrupt:
        click.echo(f"stopped; what has finished is in {store.path}, and the same command resumes", err=True)
        raise
    if fast is not None and fast.stopped:
        click.echo("--fail-fast: stopped at the first failed cell; the same command runs those that were not begun", err=True)
    store.compact_if_many()
    results = ResultSet(store, [cell.key for cell in cells])
    if form == "json":
        click.echo(summary.as_json(results, state))
    elif quiet:
        click.echo(results.store.path)
    elif shard is None:
        summary.tell(results, state)
    else:
        summary.tell_shard(results, state, shard)
    if len(results) < state.total and not (fast is not None and fast.stopped):
        raise CannotWrite(
            f"{state.total - len(results)} of {state.total} records are gone from {store.path}, or cannot be read; "
            "they were removed or damaged while the run went on, and the same command runs their cells again"
        )
    ctx.exit(CELLS_FAILED if summary.has_failures(results) else OK)


def _print_plan(cells: Sequence[Cell], todo: list[Cell], path: Path) -> None:
    from collections import Counter

    from prbench.reporting.console import console, table

    asked, missing = (Counter((c.task, c.dataset_spelled, c.solver_spelled) for c in group) for group in (cells, todo))
    rows = [(*kind, count, missing[kind]) for kind, count in asked.items()]
    right: dict[str, object] = {"justify": "right"}
    title = f"{len(set(todo))} of {len(set(cells))} cells would run; results in {path}"
    console().print(table(title, ["task", "dataset", "solver", ("cells", right), ("to run", right)], rows))
    for line in _power(cells):
        click.echo(line)


def _power(cells: Sequence[Cell]) -> list[str]:
    """Whether ranks of the solvers can differ on so many samples; each count of solvers and samples once."""
    from prbench.reporting.leaderboards import power

    solvers: dict[tuple[str, str], set[str]] = {}
    samples: dict[tuple[str, str], set[int]] = {}
    for cell in cells:
        where = (cell.task, cell.dataset_spelled)
        solvers.setdefault(where, set()).add(cell.solver_spelled)
        samples.setdefault(where, set()).add(cell.sample)
    counts = {(len(solvers[where]), len(samples[where])) for where in solvers}
    return [power(number, there) for number, there in sorted(counts) if number > 1]
