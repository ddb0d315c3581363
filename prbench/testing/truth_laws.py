"""Whether the truth of a simulated problem explains its measurement, as its task declares."""

from __future__ import annotations

from typing import Any

import pytest

from prbench.core import find_task, load_plugin, setting_infos

from .problems import small_problem

_WITHOUT_NOISE: dict[str, object] = {"photons": None, "noise": 0.0}
_MISFIT = 1e-4


def check_truth_explains(name: str) -> None:
    """Assert it of a simulated dataset's small problem without noise; skip where the task has no such law."""
    known = setting_infos(load_plugin("dataset", name))
    settings: Any = {key: value for key, value in _WITHOUT_NOISE.items() if key in known}
    problem = small_problem(name, **settings)
    assert problem.truth is not None
    task = find_task(problem.measurement.task)
    if task.truth_gap is not None:
        assert task.truth_gap(problem) <= 1
        return
    misfit = problem.measurement.misfit(problem.truth)
    if misfit is None:
        pytest.skip(f"the task {task.name} declares no truth_gap, and its measurements no misfit")
    assert misfit <= _MISFIT
