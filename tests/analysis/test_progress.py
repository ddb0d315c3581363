import pandas as pd

from prbench.analysis import NOT_RUN, SCORED
from prbench.analysis.progress import count_cells, count_reasons
from prbench.running.store.record import FAILED, STATUSES, UNFINISHED


def frame():
    return pd.DataFrame(
        {
            "task": "far-field",
            "solver": ["er", "er", "er", "hio", "hio"],
            "dataset": "crystal2d",
            "status": ["ok", "crashed", "crashed", "time_limit", "interrupted"],
            "error": ["", "Boom: x", "Boom: x", "", ""],
            "stale": [True, False, False, False, False],
        }
    )


def test_every_cell_is_counted_once():
    counts = count_cells(frame()).set_index("solver")
    assert counts["cells"].tolist() == [3, 2]
    assert counts["failed"].tolist() == [2, 0]
    assert counts["stale"].tolist() == [1, 0]
    assert counts[["ok", "crashed", "time_limit", "interrupted"]].to_numpy().sum() == 5


def test_reasons_come_most_frequent_first():
    reasons = count_reasons(frame())
    assert reasons.iloc[0].to_dict() == {
        "solver": "er",
        "dataset": "crystal2d",
        "status": "crashed",
        "reason": "Boom: x",
        "cells": 2,
    }


def test_nothing_is_nothing():
    assert len(count_cells(frame()[:0])) == 0
    assert len(count_reasons(frame()[:0])) == 0


def test_the_statuses_are_those_of_the_records():
    assert set(SCORED) | FAILED == set(STATUSES)
    assert set(NOT_RUN) == UNFINISHED
