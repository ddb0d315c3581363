"""Tuning: a search for settings of a solver under which it does best, with its cost counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.core import format_name, load_plugin
from prbench.core.settings import Scalar
from prbench.errors import MissingDependency, UsageError
from prbench.hints import install_hint
from prbench.metrics.cost_names import LATENCY_PAIRS, LATENCY_S, PROCESSOR_S

from .goals import Goal, choose_goal, goals
from .leaderboard import NOT_RUN, SCORED
from .search_space import Dimension
from .statistics import hierarchical_medians

if TYPE_CHECKING:
    import pandas as pd

Settings = Mapping[str, Scalar]


_MOST_ASKED = 10
"""Points asked for, over the trials wanted, at most: a space of which a solver admits next to nothing ends with fewer trials."""


@dataclass(frozen=True)
class Trial:
    """One point of the search and what it gave.

    Attributes:
        number: from 0, the solver as named.
        settings: those that vary.
        score: median over samples of the medians over seeds, failures counting as worst.
        low, high: its interval of 95 % at least; NaN below six samples.
        cells, failed: how many were run, and how many of these have no score.
        seconds, fft_pairs: solving, one solve a cell.
        processor_s: the same in processor time.
        over: whether that is more than a trial may take; such a trial counts as worst.
    """

    number: int
    settings: Settings
    score: float
    low: float
    high: float
    cells: int
    failed: int
    seconds: float
    fft_pairs: float
    processor_s: float = 0.0
    over: bool = False

    def counted(self, goal: Goal) -> float:
        """The score that the search goes by."""
        return goal.worst if self.over else self.score


@dataclass(frozen=True, eq=False)
class Tuning:
    """A finished search.

    Attributes:
        goal: what decided.
        trials: all of them, in order.
    """

    goal: Goal
    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """The trial with the best score within the limit; the earliest of equals, so that the solver as named stands where
        nothing beats it.
        """
        sign = 1 if self.goal.better == "lower" else -1
        return min(self.trials, key=lambda trial: (trial.over, sign * trial.score, trial.number))

    @property
    def budget(self) -> dict[str, float | int]:
        """What the search has cost: trials, of these over the limit, cells, failed cells, and solving in seconds by the wall, in
        FFT pairs and in processor seconds.
        """
        cells, failed, over = (sum(getattr(trial, name) for trial in self.trials) for name in ("cells", "failed", "over"))
        times = ("seconds", "fft_pairs", PROCESSOR_S)
        spent = {name: float(f"{sum(getattr(t, name) for t in self.trials):.6g}") for name in times}
        return {"trials": len(self.trials), "over": over, "cells": cells, "failed": failed, **spent}


def tune(
    solver: str,
    params: Mapping[str, str],
    space: tuple[Dimension, ...],
    run: Callable[[str], pd.DataFrame],
    *,
    trials: int,
    seed: int = 0,
    processor_limit_s: float | None = None,
    on_trial: Callable[[Trial, Goal], object] | None = None,
) -> Tuning:
    """Search settings with Optuna's tree-structured Parzen estimator (Bergstra et al., NeurIPS 24 (2011) 2546; Akiba et al.,
    arXiv:1907.10902), the solver as named being the first trial.

    The search is a function of its arguments and of what ``run`` returns: repeated with stored results it proposes the same
    points, which is how it resumes.

    Args:
        solver: its name, without settings.
        params: settings that stay, as :func:`prbench.core.parse_name` returns them.
        space: what varies.
        run: runs the cells of a solver, spelled with settings, and returns their records: of the tune split alone.
        trials: how many points; settings that exclude each other, which the solver refuses, are asked for anew and are none.
        seed: of the search.
        processor_limit_s: processor time that all solves of a trial may take together; one that takes more counts as worst.
        on_trial: told of every trial as it ends.

    Raises:
        MissingDependency: where Optuna is not installed.
        UsageError: where a record is not of the tune split, or not one trial has a score within the limit.
    """
    optuna = _optuna()
    cls = load_plugin("solver", solver)
    named = cls.from_params(params).params()
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    distributions = {dimension.name: _distribution(optuna, dimension) for dimension in space}
    goal: Goal | None = None
    done: list[Trial] = []

    def try_out(number: int, settings: Settings) -> float:
        nonlocal goal
        frame = run(format_name(solver, {**params, **(settings if number else {})}))
        if (frame["split"] != "tune").any():
            raise UsageError(f"{solver}: tuning looks at the tune split alone, got records of {', '.join(set(frame['split']))}")
        options = goals(str(frame["task"].iloc[0]))
        metrics = [g.metric for g in options if g.metric in frame and frame[g.metric].notna().any()]
        goal = goal or (choose_goal(str(frame["task"].iloc[0]), metrics) if metrics else None)
        chosen = goal or options[0]
        done.append(_trial(number, settings, frame, chosen, processor_limit_s))
        if on_trial is not None:
            on_trial(done[-1], chosen)
        score = done[-1].counted(chosen)
        return score if chosen.better == "lower" else -score

    first = {dimension.name: named[dimension.name] for dimension in space}
    score = try_out(0, first)
    if all(dimension.holds(first[dimension.name]) for dimension in space):
        study.add_trial(optuna.trial.create_trial(params=first, distributions=distributions, value=score))
    for _ in range(_MOST_ASKED * trials):
        if len(done) == trials:
            break
        asked = study.ask(distributions)
        point = {d.name: asked.params[d.name] if d.choices else d.clean(asked.params[d.name]) for d in space}
        try:
            cls.from_params({**params, **point})
        except UsageError:
            study.tell(asked, state=optuna.trial.TrialState.FAIL)  # settings that exclude each other, which are no trial
        else:
            study.tell(asked, try_out(len(done), point))
    if goal is None:
        raise UsageError(f"{solver}: not one of {trials} trials has a score; `prbench status` on the results tells why")
    if all(trial.over for trial in done):
        least = min(trial.processor_s for trial in done)
        raise UsageError(
            f"{solver}: none of {len(done)} trials kept to {processor_limit_s:g} s of processor time, the least took "
            f"{least:.3g} s; raise --processor-limit, or fix what takes long in brackets"
        )
    return Tuning(goal, tuple(done))


def _trial(number: int, settings: Settings, frame: pd.DataFrame, goal: Goal, limit_s: float | None) -> Trial:
    frame = frame[~frame["status"].isin(NOT_RUN)]
    score = np.full(len(frame), np.nan)
    if goal.metric in frame:
        score = frame[goal.metric].where(frame["status"].isin(SCORED)).to_numpy(dtype=float)
    samples, sample = np.unique(frame["sample"].to_numpy(), return_inverse=True)
    counted = np.where(np.isnan(score), goal.worst, score)
    processor_s = float(frame[PROCESSOR_S].sum()) if PROCESSOR_S in frame else 0.0
    result = hierarchical_medians(counted, sample, np.zeros(len(samples), dtype=int), 1)
    return Trial(
        number=number,
        settings=settings,
        score=float(result.value[0]) if len(frame) else goal.worst,
        low=float(result.low[0]),
        high=float(result.high[0]),
        cells=len(frame),
        failed=int(np.isnan(score).sum()),
        seconds=float(frame[LATENCY_S].sum()),
        fft_pairs=float(frame[LATENCY_PAIRS].sum()),
        processor_s=processor_s,
        over=limit_s is not None and processor_s > limit_s,
    )


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise MissingDependency(f"tuning needs Optuna: {install_hint('tune')}") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _distribution(optuna: Any, dimension: Dimension) -> Any:
    kinds = optuna.distributions
    if dimension.choices:
        return kinds.CategoricalDistribution(dimension.choices)
    if dimension.integer:
        return kinds.IntDistribution(round(dimension.low), round(dimension.high), log=dimension.log)
    return kinds.FloatDistribution(dimension.low, dimension.high, log=dimension.log)
