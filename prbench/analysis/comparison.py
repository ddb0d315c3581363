"""Two sets of results, or solvers of one, compared cell by cell: is one better, by how much, and how sure is that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.core import load_plugin
from prbench.errors import UsageError, one_line
from prbench.metrics.cost_names import COMPARED

from .goals import Goal, choose_goal, goals, smallest_difference
from .leaderboard import NOT_RUN, SCORED
from .paired import LEAST_PAIRS, differences, holm, signed_rank, worth_naming
from .ranks import compares_ratios
from .statistics import LEAST_SAMPLES, LEVEL, group_medians, hierarchical_medians

if TYPE_CHECKING:
    import pandas as pd

BETTER, WORSE, UNDECIDED, TOO_FEW = "better", "worse", "no difference shown", "too few"
_CELL = ("task", "dataset", "split", "sample", "seed")
_MACHINE_COLUMNS = ("backend", "precision", "device_class", "time_limit_s")
_FAR = 1e300
"""Stands for an infinite difference where a mean of two is taken: of two opposite ones it is a tie."""


@dataclass(frozen=True, eq=False)
class Versus:
    """A second set of results, or a solver, against a first.

    Attributes:
        first, second: what they are called.
        rows: one row per pair of solvers, task, dataset and measure. ``task, dataset, first, second`` (solvers), ``measure``
            (``quality`` or ``cost``), ``metric, better``; ``verdict``: the second is ``better``, ``worse``, there is ``no
            difference shown``, or there are ``too few`` pairs to tell; ``change, change_low, change_high``: median over samples
            of the second's value over the first's (``scale`` is ``ratio``) or minus it (``difference``), with an interval of 95
            % at least, from six on, and below that ``values``, one per sample, as text; ``smallest``, the smallest difference
            worth naming, below which a pair is a tie, and ``worth_naming``, whether the pairs are that far apart on average:
            else there is no difference; ``p``, of Wilcoxon's signed-rank test, and ``p_holm``, corrected for all rows of the
            measure; ``effect``, the rank-biserial correlation, 1 where the second is better in all pairs, and ``superiority``,
            the share of pairs in which it is; ``first_median, second_median``; ``unit`` (``sample``, or ``seed`` where there is
            one sample only), ``units``, ``pairs`` of cells; ``first_only, second_only``, cells without partner; ``first_failed,
            second_failed, first_stale, second_stale``, among the pairs; ``differing``, the conditions in which the two sides
            of a pair differ, such as the precision: then the verdict is on them as well as on the solvers.
    """

    first: str
    second: str
    rows: pd.DataFrame


def compare_solvers(
    frame: pd.DataFrame, solvers: Sequence[str], *, metrics: Sequence[str] = (), cost: str = COMPARED[0], least: float = 1.0
) -> Versus:
    """Compare solvers of one set of results: each of those named with the first.

    Args:
        frame: records, as :func:`prbench.analysis.leaderboards` takes them.
        solvers: two or more, as spelled in the records; a bare name will do where it is the only one of that name.
        metrics: what to compare besides the metric that ranks the task.
        cost: one of :data:`COMPARED`.
        least: a median ratio within 1/least and least is no difference, however sure.

    Raises:
        UsageError: for solvers that are not there, and where no two cells pair.
    """
    present = sorted(frame["solver"].unique())
    names = [_pick(name, present) for name in solvers]
    if len(set(names)) < 2:
        raise UsageError(
            f"name two solvers or more to compare, got {', '.join(names) or 'none'}; there are: {', '.join(present)}"
        )
    sides = {name: frame[frame["solver"] == name] for name in names}
    couples = [(sides[names[0]], sides[name]) for name in dict.fromkeys(names[1:])]
    return Versus(names[0], ", ".join(dict.fromkeys(names[1:])), _rows(couples, metrics, cost, least))


def compare_results(
    first: pd.DataFrame,
    second: pd.DataFrame,
    solvers: Sequence[str] = (),
    *,
    names: tuple[str, str] = ("first", "second"),
    metrics: Sequence[str] = (),
    cost: str = COMPARED[0],
    least: float = 1.0,
) -> Versus:
    """Compare two sets of results, each solver with itself.

    Args:
        first: records.
        second: records.
        solvers: only this one; of two, the one in ``first`` with the other in ``second``.
        names: what the sets are called.
        metrics: as in :func:`compare_solvers`.
        cost: one of :data:`COMPARED`.
        least: as in :func:`compare_solvers`.

    Raises:
        UsageError: as :func:`compare_solvers`.
    """
    here, there = sorted(first["solver"].unique()), sorted(second["solver"].unique())
    if len(solvers) > 2:
        raise UsageError(f"two sets of results compare one solver, or one of each, got {len(solvers)}: {', '.join(solvers)}")
    if solvers:
        pairs = [(_pick(solvers[0], here), _pick(solvers[-1], there))]
    else:
        pairs = [(name, name) for name in here if name in there]
    if not pairs:
        raise UsageError(
            f"nothing compared: no solver is in both; {names[0]} has {one_line(', '.join(here), 150)}, {names[1]} has "
            f"{one_line(', '.join(there), 150)}; --solver A,B compares A of the first with B of the second"
        )
    couples = [(first[first["solver"] == a], second[second["solver"] == b]) for a, b in pairs]
    return Versus(*names, _rows(couples, metrics, cost, least))


def _pick(name: str, present: Sequence[str]) -> str:
    """The solver meant: as spelled, or the only one of that name."""
    alike = [name] if name in present else [other for other in present if other.partition("[")[0] == name]
    if len(alike) != 1:
        what = "there is no solver" if not alike else "there are several solvers"
        raise UsageError(f"{what} {name!r} in the results; there are: {', '.join(alike or present)}")
    return alike[0]


def _rows(couples: Sequence[tuple[pd.DataFrame, pd.DataFrame]], metrics: Sequence[str], cost: str, least: float) -> pd.DataFrame:
    import pandas as pd

    if cost not in COMPARED:
        raise UsageError(f"cost must be one of {', '.join(COMPARED)}, got {cost!r}")
    if not least >= 1:
        raise UsageError(f"the least ratio must be at least 1, got {least}")
    besides = [_goal_of(name) for name in dict.fromkeys(metrics)]
    rows = pd.DataFrame([row for first, second in couples for row in _couple(first, second, besides, cost)])
    if rows.empty:
        raise UsageError(f"nothing compared: no two cells have equal task, dataset, sample and seed; {_inventory(couples)}")
    missing = [goal.metric for goal in besides if goal.metric not in set(rows["metric"])]
    if missing:
        raise UsageError(f"no pair of cells has a score of {', '.join(missing)}; `prbench rescore` fills in what applies")
    rows["p_holm"] = rows.groupby("measure")["p"].transform(lambda p: holm(p.to_numpy()))
    rows["verdict"] = [_verdict(row, least) for row in rows.to_dict("records")]
    return rows.sort_values(["task", "first", "second", "dataset"], kind="stable", ignore_index=True)


def _verdict(row: dict[Any, Any], least: float) -> str:
    if row["units"] < LEAST_PAIRS:
        return TOO_FEW
    small = row["scale"] == "ratio" and 1 / least < row["change"] < least
    if row["p_holm"] > 1 - LEVEL or small or not row["worth_naming"]:
        return UNDECIDED
    return BETTER if row["effect"] > 0 else WORSE


def _inventory(couples: Sequence[tuple[pd.DataFrame, pd.DataFrame]]) -> str:
    sides = (sorted({name for couple in couples for name in couple[side]["dataset"]}) for side in (0, 1))
    return "; ".join(
        f"datasets {where}: {one_line(', '.join(names), 150)}" for where, names in zip(("here", "there"), sides, strict=True)
    )


def _goal_of(metric: str) -> Goal:
    """The metric of that name as a goal.

    Raises:
        UsageError: where there is none.
    """
    return Goal(metric, load_plugin("metric", metric).info.better)


def _couple(first: pd.DataFrame, second: pd.DataFrame, besides: Sequence[Goal], cost: str) -> Iterator[dict[str, Any]]:
    """The rows of one solver against another."""
    a, b = (side[~side["status"].isin(NOT_RUN)] for side in (first, second))
    if a.empty or b.empty:
        return
    keys = _keys(a, b)
    both = a.merge(b, on=keys, how="outer", suffixes=("_first", "_second"), indicator=True)
    for (task, dataset), cells in both.groupby(["task", "dataset"], observed=True):
        pairs = cells[cells["_merge"] == "both"]
        if pairs.empty:
            continue
        common: dict[str, Any] = {
            "task": task,
            "dataset": dataset,
            "first": pairs["solver_first"].iloc[0],
            "second": pairs["solver_second"].iloc[0],
            "first_only": int((cells["_merge"] == "left_only").sum()),
            "second_only": int((cells["_merge"] == "right_only").sum()),
        }
        common["differing"] = _differing(pairs)
        for side in ("first", "second"):
            stale = pairs.get(f"stale_{side}")
            common[f"{side}_stale"] = 0 if stale is None else int(stale.astype(bool).sum())
        options = goals(str(task))
        present = [goal.metric for goal in options if _has_values(pairs, goal.metric)]
        ranking = [choose_goal(str(task), present)] if present else []
        more = [
            goal for goal in besides if _has_values(pairs, goal.metric) and goal.metric not in {one.metric for one in ranking}
        ]
        yield from ({**common, **_quality(pairs, goal)} for goal in (*ranking, *more))
        if _has_values(pairs, cost):
            yield from ({**common, **row} for row in _cost(pairs, cost))


def _differing(pairs: pd.DataFrame) -> str:
    """The conditions that differ between the sides of some pair, as in ``backend (numpy; torch)``; empty where there are none."""
    said = []
    for name in _MACHINE_COLUMNS:
        if f"{name}_first" not in pairs or f"{name}_second" not in pairs:
            continue
        sides = (pairs[f"{name}_first"].astype(object), pairs[f"{name}_second"].astype(object))
        if ((sides[0] != sides[1]) & ~(sides[0].isna() & sides[1].isna())).any():
            values = [", ".join(sorted({str(value) for value in side.where(side.notna(), "none")})) for side in sides]
            said.append(f"{name} ({'; '.join(values)})")
    return ", ".join(said)


def _keys(a: pd.DataFrame, b: pd.DataFrame) -> list[str]:
    """What cells are paired by: where one side has a cell several times, also by where it was computed."""
    keys = [name for name in _CELL if name in a and name in b]
    if a.duplicated(keys).any() or b.duplicated(keys).any():
        keys += [name for name in _MACHINE_COLUMNS if name in a and name in b]
    for side in (a, b):
        twice = side[side.duplicated(keys)]
        if len(twice):
            row = twice.iloc[0]
            raise UsageError(
                f"{row['solver']} on {row['dataset']}, sample {row['sample']}, seed {row['seed']}: several records of one cell; "
                "compare folders or solvers that have one of each"
            )
    return keys


def _has_values(pairs: pd.DataFrame, column: str) -> bool:
    return any(f"{column}_{side}" in pairs and pairs[f"{column}_{side}"].notna().any() for side in ("first", "second"))


def _values(pairs: pd.DataFrame, column: str, side: str) -> np.ndarray:
    name = f"{column}_{side}"
    values = pairs[name].to_numpy(dtype=float, na_value=np.nan) if name in pairs else np.full(len(pairs), np.nan)
    return np.where(pairs[f"status_{side}"].isin(SCORED), values, np.nan)


def _quality(pairs: pd.DataFrame, goal: Goal) -> dict[str, Any]:
    values = [_values(pairs, goal.metric, side) for side in ("first", "second")]
    failed = {f"{side}_failed": int(np.isnan(x).sum()) for side, x in zip(("first", "second"), values, strict=True)}
    first, second = (np.where(np.isnan(x), goal.worst, x) for x in values)
    ratio = compares_ratios(np.concatenate([first, second]), goal)
    result = _evidence(first, second, pairs["sample"].to_numpy(), ratio=ratio, goal=goal)
    return {"measure": "quality", "metric": goal.metric, "better": goal.better, **failed, **result}


def _cost(pairs: pd.DataFrame, cost: str) -> Iterator[dict[str, Any]]:
    """Of the cells that both have finished: a crash is not cheap."""
    first, second = (_values(pairs, cost, side) for side in ("first", "second"))
    told = ~np.isnan(first) & ~np.isnan(second)
    if told.any():
        failed = {"first_failed": int(np.isnan(first).sum()), "second_failed": int(np.isnan(second).sum())}
        result = _evidence(first[told], second[told], pairs["sample"].to_numpy()[told], ratio=True, goal=Goal(cost))
        yield {"measure": "cost", "metric": cost, "better": "lower", **failed, **result}


def _evidence(first: np.ndarray, second: np.ndarray, sample: np.ndarray, *, ratio: bool, goal: Goal) -> dict[str, Any]:
    """How far ``second`` is from ``first``, both (N,) without NaN; samples are the units, seeds where there is one sample."""
    smallest, lower = smallest_difference(goal), goal.better == "lower"
    change = np.clip(differences(first, second, ratio=ratio), -_FAR, _FAR)
    samples, unit = np.unique(sample, return_inverse=True)
    name = "sample"
    if len(samples) == 1:
        unit, name = np.arange(len(change)), "seed"
    units = int(unit.max()) + 1
    alone = np.zeros(units, dtype=int)
    tested = np.clip(differences(first, second, ratio=ratio, smallest=smallest), -_FAR, _FAR)
    test = signed_rank(group_medians(tested, unit, units)[0][None])
    few = np.sort(group_medians(change, unit, units)[0]) if 1 < units < LEAST_SAMPLES else np.empty(0)
    middle = hierarchical_medians(change, unit, alone, 1)
    ends = {"change": middle.value[0], "change_low": middle.low[0], "change_high": middle.high[0]}
    sides = {"first_median": first, "second_median": second}
    return {
        "scale": "ratio" if ratio else "difference",
        **{key: _unclipped(float(value), ratio=ratio) for key, value in ends.items()},
        "values": " ".join(f"{_unclipped(float(value), ratio=ratio):.6g}" for value in few),
        "smallest": smallest,
        "worth_naming": bool(worth_naming(first, second, smallest)),
        "p": float(test.p[0]),
        "effect": float(0.0 - test.effect[0] if lower else test.effect[0]),
        "superiority": float(1 - test.superiority[0] if lower else test.superiority[0]),
        **{key: float(hierarchical_medians(x, unit, alone, 1).value[0]) for key, x in sides.items()},
        "unit": name,
        "units": units,
        "pairs": len(change),
    }


def _unclipped(value: float, *, ratio: bool) -> float:
    unclipped = float(np.copysign(np.inf, value)) if abs(value) > _FAR / 4 else value
    return float(np.exp(unclipped)) if ratio else unclipped
