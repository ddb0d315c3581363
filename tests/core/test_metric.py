"""The description of a metric, and how stored ones are read."""

from __future__ import annotations

import pytest

from prbench.core.metric import MetricInfo
from prbench.errors import UsageError


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
