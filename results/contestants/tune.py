"""Tune published programs and prbench's own solvers alike, for results/contestants-tuned.yaml.

    PRBENCH_TUNED=results/contestants/tuned OMP_NUM_THREADS=1 python results/contestants/tune.py

Each solver has 30 trials on the tune split, of three samples and at most 1.5 s of processor time; the first is the solver at its
defaults. It is the search of ``prbench tune SOLVER -d DATASET --samples 3 --processor-limit 1.5`` in one process: no
workers, one solve for each sample, scored by the goal alone. Solvers that have their file in the folder of tuned settings are
left out, so that it goes on where it was stopped; so are those that ``results/contestants/over.yaml`` names, because none of
their trials kept to the limit.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import click
import pandas as pd
import yaml

import prbench
from prbench.analysis.search_space import search_space
from prbench.analysis.tuning import tune
from prbench.contestants.solver import end_programs
from prbench.core import Problem, find_task, load_plugin
from prbench.core.tuned import tuned_path, write_tuned
from prbench.errors import PrbenchError, UsageError

TRIALS, SAMPLES, LIMIT_S = 30, 3, 1.5
NEAR_FIELD, RANDOM = "radiograph[size=128,delta_beta=50,photons=1000]", "coded-diffraction[size=32,patterns=4,snr_db=30]"
FAR_FIELD = "crystal2d[size=48,photons=100]"
PLAN = (
    (NEAR_FIELD, "ctf tie paganin pyphase-ctf algotom-fresnel"),
    ("offaxis-cells[size=128,background=true]", "fourier-filter qpretrieve-fourier pyholoscope-demod holobio-filter"),
    ("blurred-picture[size=96,known_kernel=true]", "blind-rl skimage-rl"),
    (RANDOM, "wirtinger-flow truncated-af reweighted-af solvephase-wirtinger deepinv-spectral"),
    ("sandpaper[size=64,images=10]", "lcs umpa lcs-umpa mbipy-speckle umpa-cpp spexwavepy-xsvt algotom-speckle"),
    (FAR_FIELD, "solvephase-cdi cohere-hio pycxim hio raar hio-er"),
)
"""Problems, and the solvers tuned on them. Solvers that train or fit networks cannot end within the limit."""
OVER = Path(__file__).with_name("over.yaml")
"""Solvers none of whose trials kept to the limit, and what the search said of them."""


def records(solver: str, task: str, problems: list[Problem]) -> pd.DataFrame:
    """A row per sample, as the search reads it; none after the one with which the trial exceeds its limit."""
    goal = find_task(task).goals[0].metric
    rows: list[dict[str, object]] = []
    spent_s = 0.0
    for sample, problem in enumerate(problems):
        row: dict[str, object] = {"task": task, "split": "tune", "sample": sample, "status": "ok", goal: float("nan")}
        try:
            solution = prbench.solve(solver, problem.measurement, backend="numpy")
            if spent_s + (solution.cost.processor_s or 0.0) > LIMIT_S:  # it may have compiled something
                solution = prbench.solve(solver, problem.measurement, backend="numpy")
            row |= {name: getattr(solution.cost, name) for name in ("latency_s", "latency_fft", "processor_s")}
            row[goal] = prbench.score(solution.reconstruction, problem, [goal])[goal]
            spent_s += solution.cost.processor_s or 0.0
        except PrbenchError as failure:
            click.echo(f"  {solver}: {failure}")
            row |= {"status": "error", "latency_s": 0.0, "latency_fft": 0.0, "processor_s": 0.0}
        rows.append(row)
        if spent_s > LIMIT_S:
            break
    return pd.DataFrame(rows)


def tune_one(solver: str, dataset: str, problems: list[Problem]) -> None:
    """Search, tell, and keep the best."""
    cls = load_plugin("solver", solver)
    task = cls.info.task
    found = tune(
        solver,
        {},
        search_space(cls),
        lambda spelled: records(spelled, task, problems),
        trials=TRIALS,
        processor_limit_s=LIMIT_S,
        on_trial=lambda trial, goal: click.echo(
            f"  {trial.number + 1}: {goal.metric} {trial.score:.4g}, {trial.processor_s:.3g} s{', over' * trial.over}"
        ),
    )
    best, named = found.best, found.trials[0]
    held = {
        "solver": solver,
        "settings": dict(best.settings),
        "dataset": dataset,
        "split": "tune",
        "samples": str(SAMPLES),
        "seeds": None,
        "time_limit_s": None,
        "processor_limit_s": LIMIT_S,
        "metric": found.goal.metric,
        "score": best.score,
        "score_as_named": named.score,
        "trial": best.number,
        "varied": list(best.settings),
        "budget": found.budget,
        "search": {"optuna": version("optuna"), "sampler": "TPE", "seed": 0},
    }
    write_tuned(tuned_path(solver), held)


def main() -> None:
    """Go through the plan."""
    over = yaml.safe_load(OVER.read_text("utf-8")) if OVER.exists() else {}
    for dataset, solvers in PLAN:
        problems: list[Problem] = []
        for solver in solvers.split():
            if tuned_path(solver).exists() or solver in over:
                continue
            problems = problems or [
                prbench.get_dataset(dataset).problem(sample, seed=0, split="tune") for sample in range(SAMPLES)
            ]
            click.echo(f"{solver} on {dataset}")
            try:
                tune_one(solver, dataset, problems)
            except UsageError as failure:
                click.echo(f"  {failure}")
                over[solver] = {"dataset": dataset, "processor_limit_s": LIMIT_S, "trials": TRIALS, "said": str(failure)}
                OVER.write_text(yaml.safe_dump(over, sort_keys=False, width=120), "utf-8")
            end_programs()


if __name__ == "__main__":
    main()
