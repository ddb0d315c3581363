"""The description of a metric, and how stored ones are read."""

from __future__ import annotations

import pytest

import prbench
from prbench.core import Case, Reconstruction, metric
from prbench.core.metric import MetricInfo
from prbench.errors import UsageError, WrongProblem
from prbench.tasks.far_field import FarField
from prbench.tasks.near_field import NearField


def test_a_description_reads_back() -> None:
    info = MetricInfo("gap", "lower", answers=("map",), priority=7, smallest=0.5)
    assert MetricInfo.from_plain(info.plain()) == info


def test_the_priority_is_read_under_its_former_name() -> None:
    info = MetricInfo("gap", "lower", answers=("map",), priority=7)
    stored = info.plain()
    stored["place"] = stored.pop("priority")
    assert MetricInfo.from_plain(stored) == info


def test_what_is_no_description_is_refused() -> None:
    with pytest.raises(UsageError):
        MetricInfo.from_plain({"name": "gap", "better": "lower", "rank": 1})


@pytest.mark.parametrize("photons", ["none", "10"])
def test_a_metric_applies_where_it_says(photons: str) -> None:
    @metric(
        "noisy",
        better="lower",
        answers=("map",),
        header="",
        meaning="",
        where=lambda c: c.problem.measured(FarField).gain is not None,
    )
    def noisy(case: Case) -> float:
        """Zero."""
        return 0.0

    problem = prbench.get_dataset(f"crystal2d[size=16,photons={photons}]").problem(0)
    case = Case(Reconstruction(), problem)
    assert noisy.applies(case, "map") == (photons == "10")
    assert not noisy.applies(case, "complex object")


def test_a_measurement_of_another_task_is_said() -> None:
    problem = prbench.get_dataset("crystal2d[size=16]").problem(0)
    assert problem.measured(FarField) is problem.measurement
    with pytest.raises(WrongProblem, match="NearField"):
        problem.measured(NearField)
