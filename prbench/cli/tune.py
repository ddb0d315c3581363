"""``prbench tune``: search the settings of a solver, on problems kept for that."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prbench.errors import UsageError

from . import folders, selecting
from .executors import choose_engine, executor_options
from .run import BACKENDS

if TYPE_CHECKING:
    import pandas as pd

    from prbench.analysis.goals import Goal
    from prbench.analysis.tuning import Trial, Tuning
    from prbench.running.engines import Engine
    from prbench.running.request.cell import Cell
    from prbench.running.store.folder import Store
    from prbench.running.store.record import Record

SPLIT = "tune"
SEED = 0
"""Of the search."""


@click.command("tune")
@selecting.solver_argument
@selecting.named("dataset", required=True, many=False, what="Dataset to tune on")
@click.option("--trials", type=click.IntRange(min=2), default=30, show_default=True, help="Settings to try.")
@click.option(
    "--samples", default="5", show_default=True, metavar="N|A:B|LIST", help="Samples of the tune split, for each trial."
)
@click.option("--seeds", metavar="N|A:B|LIST", help="Seeds, in the same way; seed 0 otherwise.")
@click.option("--vary", metavar="NAMES", help="Only these settings; otherwise all that declare a range and have no value.")
@click.option("--label", default="tuned", show_default=True, help="Name of the result, as in hio-er@tuned.")
@click.option(
    "--split", type=click.Choice([SPLIT]), default=SPLIT, show_default=True, help="Tuning looks at no other; test is for results."
)
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder of the cells.")
@executor_options
@click.option("--backend", type=click.Choice(BACKENDS), help="What to compute with.")
@click.option("--time-limit", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Soft limit of a solve.")
@click.option(
    "--processor-limit",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Processor time of all solves of a trial; settings that take more are out.",
)
def command(
    solver: str,
    dataset: str,
    trials: int,
    vary: str | None,
    label: str,
    out: Path | None,
    jobs: int | None,
    threads: int | None,
    executor: str | None,
    scheduler: str | None,
    cluster: Path | None,
    processor_limit: float | None,
    **options: Any,
) -> None:
    """Search the settings of SOLVER that do best on a dataset's tune split, and keep them as SOLVER@tuned.

    The first trial is SOLVER as named. Settings in brackets stay: fix what buys quality by time, as in
    'hio-er[iterations=2000,starts=16]', or set --processor-limit, which holds for every kind of solver alike. What it cost is
    counted and stored beside the result. The same command resumes. Started again on another machine with the same folder, it
    shares the cells with those that are under way.
    """
    from prbench.analysis.search_space import search_space
    from prbench.analysis.tuning import tune
    from prbench.core import load_plugin, parse_name
    from prbench.core.tuned import tuned_path
    from prbench.running.engines import LocalEngine, persistent
    from prbench.running.store.folder import Store

    name, params = parse_name(solver)
    _check(name, dataset, path := tuned_path(name, label), label)
    space = search_space(load_plugin("solver", name), params, [part.strip() for part in (vary or "").split(",") if part.strip()])
    store = Store(out or folders.default_folder(f"tune-{name}-{dataset}"))
    gpu = (options["backend"] or "") in ("torch:cuda", "cupy")
    engine = choose_engine(executor, scheduler, cluster, jobs, threads) or LocalEngine(jobs, threads, gpu=gpu)
    try:
        with persistent(engine, store) as staying:
            run = _runner(dataset, options, store, staying, processor_limit)
            limits: dict[str, Any] = {"trials": trials, "processor_limit_s": processor_limit}
            result = tune(name, params, space, run, seed=SEED, on_trial=_teller(trials), **limits)
    except KeyboardInterrupt:
        click.echo(f"stopped; what has finished is in {store.path}, and the same command resumes", err=True)
        raise
    _keep(path, name, params, dataset, {**options, "processor_limit": processor_limit}, result)
    _tell(path, f"{name}@{label}", solver, dataset, result)


def _check(name: str, dataset: str, path: Path, label: str) -> None:
    """Refuse, before anything is run, what could not be kept."""
    import re

    from prbench.core.tuned import read_tuned
    from prbench.running.request.cell import find_plugin

    if "@" in name.rpartition(":")[2]:
        raise UsageError(f"{name}: a solver is tuned by its name without @; its tuned settings are what @ stands for")
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,30}", label):
        raise UsageError(f"--label must have small letters, digits, dots, hyphens and underscores alone, got {label!r}")
    task, other = find_plugin("solver", name).task, find_plugin("dataset", dataset).task
    if task != other:
        raise UsageError(f"{name} solves {task} problems, {dataset} has {other} ones")
    if path.exists() and (before := read_tuned(path, name).get("dataset")) != dataset:
        raise UsageError(f"{path} holds settings tuned on {before}; give --label another name, or remove it")


def _runner(
    dataset: str, options: dict[str, Any], store: Store, engine: Engine, limit_s: float | None
) -> Callable[[str], pd.DataFrame]:
    """Runs the cells of one trial, those that have no record of the code as it is, and returns the records of all.

    With a limit of processor time the cells come one by one, and those after the one that exceeds it are left out.
    """
    from prbench.metrics.cost_names import PROCESSOR_S
    from prbench.running.engine import current_code_id, run_matrix
    from prbench.running.request.spec import Matrix, parse_indices
    from prbench.running.store.record import UNFINISHED
    from prbench.running.store.table import frame_of, row_of

    indices = {key: parse_indices(options[key]) for key in ("samples", "seeds") if options[key] is not None}
    rest = {"split": options["split"], "backend": options["backend"], "time_limit_s": options["time_limit"]}

    def records_of(cells: Sequence[Cell]) -> list[Record]:
        records = [store.read(cell.key) for cell in cells]
        if any(
            r is None or r.status in UNFINISHED or r.code_id != current_code_id(c) for r, c in zip(records, cells, strict=True)
        ):
            run_matrix(cells, store, rerun="stale", engine=engine)
            records = [store.read(cell.key) for cell in cells]
        return [record for record in records if record is not None]

    def run(solver: str) -> pd.DataFrame:
        cells = Matrix.of("tune", name="tune", solvers=[solver], datasets=[dataset], **indices, **rest).cells()
        records, spent_s = [], 0.0
        for part in [cells] if limit_s is None else [[cell] for cell in cells]:
            records += records_of(part)
            spent_s += sum(record.cost.get(PROCESSOR_S) or 0.0 for record in records[-len(part) :])
            if limit_s is not None and spent_s > limit_s:
                break
        return frame_of([row_of(record) for record in records])

    return run


def _teller(trials: int) -> Callable[[Trial, Goal], None]:
    """Prints a line per trial on stderr."""
    best: list[float] = []

    def tell(trial: Trial, goal: Goal) -> None:
        best.append(trial.counted(goal))
        top = min(best) if goal.better == "lower" else max(best)
        failed = f", {trial.failed} of {trial.cells} failed" if trial.failed else ""
        failed += f", over the limit with {trial.processor_s:.3g} s" if trial.over else ""
        click.echo(f"trial {trial.number + 1} of {trials}: {goal.metric} {trial.score:.4g}{failed}; best {top:.4g}", err=True)

    return tell


def _keep(path: Path, name: str, params: dict[str, str], dataset: str, options: dict[str, Any], result: Tuning) -> None:
    from importlib.metadata import version

    from prbench.core import load_plugin
    from prbench.core.tuned import write_tuned

    cls, best, named = load_plugin("solver", name), result.best, result.trials[0]
    values = cls.from_params(params).params()
    held = {
        "solver": name,
        "settings": {**{key: values[key] for key in cls.given(params)}, **best.settings},
        "dataset": dataset,
        "split": options["split"],
        "samples": options["samples"],
        "seeds": options["seeds"],
        "time_limit_s": options["time_limit"],
        "processor_limit_s": options["processor_limit"],
        "metric": result.goal.metric,
        "score": best.score,
        "score_as_named": named.score,
        "trial": best.number,
        "varied": list(best.settings),
        "budget": result.budget,
        "search": {"optuna": version("optuna"), "sampler": "TPE", "seed": SEED},
    }
    write_tuned(path, held)


def _tell(path: Path, label: str, solver: str, dataset: str, result: Tuning) -> None:
    from prbench.core import build_plugin
    from prbench.core.names import format_value
    from prbench.reporting.values import number, spread

    best, named, budget = result.best, result.trials[0], result.budget
    click.echo(f"{result.goal.metric}, {result.goal.better} is better, on the tune split of {dataset}, median over samples:")
    click.echo(f"  as named  {spread(named.score, named.low, named.high)}")
    click.echo(f"  {label}  {spread(best.score, best.low, best.high)}  (the best of {budget['trials']}, so flattered)")
    for name, value in best.settings.items():
        before = named.settings[name]
        click.echo(f"    {name} = {format_value(value)}{'' if value == before else f', was {format_value(before)}'}")
    cost = f"{budget['seconds']:.3g} s of solving, {number(float(budget['fft_pairs']))} FFT pairs"
    over = f", {budget['over']} trials over the limit" if budget["over"] else ""
    click.echo(f"budget: {budget['trials']} trials, {budget['cells']} cells, {budget['failed']} failed{over}, {cost}")
    if "measured" in build_plugin("dataset", dataset).info.tags:
        click.echo(f"{dataset} is one measurement in every split: results on it with these settings are no test")
    click.echo(f"\n{path}\nnext:    prbench run -s {shlex.quote(f'{solver},{label}')} -d {shlex.quote(dataset)} --samples 20")
