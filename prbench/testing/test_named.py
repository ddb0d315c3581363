"""The tests of ``pytest --prbench NAME``: the laws of each kind that was asked for, and of no other."""

from __future__ import annotations

from typing import Any

from . import DatasetLaws, LearnedSolverLaws, MetricLaws, SolverLaws, TaskLaws
from .named import LEARNED, requested_names

_LAWS: dict[str, tuple[str, type[Any]]] = {
    "solver": ("TestSolver", SolverLaws),
    LEARNED: ("TestLearnedSolver", LearnedSolverLaws),
    "dataset": ("TestDataset", DatasetLaws),
    "metric": ("TestMetric", MetricLaws),
    "task": ("TestTask", TaskLaws),
}

for _kind, (_name, _laws) in _LAWS.items():
    if requested_names(_kind):
        globals()[_name] = type(_name, (_laws,), {"names": requested_names(_kind), "__module__": __name__})
