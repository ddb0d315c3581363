import numpy as np
import pandas as pd
import pytest

from prbench.analysis.search_space import search_space
from prbench.analysis.tuning import tune
from prbench.core import build_plugin, load_plugin
from prbench.errors import UsageError

SPACE = search_space(load_plugin("solver", "hio"), only=("beta", "threshold"))


def records(solver, split="tune"):
    """Errors of three samples that are least at beta = 0.7; beta above 0.95 crashes."""
    beta = build_plugin("solver", solver).params()["beta"]
    frame = pd.DataFrame({"task": "far-field", "split": split, "sample": [0, 1, 2], "status": "ok"})
    frame = frame.assign(sa_nmse=(beta - 0.7) ** 2 * frame["sample"].add(1) + 0.001, latency_s=1.0, latency_fft=10.0)
    if beta > 0.95:
        frame = frame.assign(status="crashed", sa_nmse=np.nan)
    return frame


def test_the_search_finds_what_is_better_and_counts_what_it_cost():
    asked = []
    found = tune("hio", {}, SPACE, lambda solver: asked.append(solver) or records(solver), trials=25)
    assert abs(found.best.settings["beta"] - 0.7) < 0.08
    assert found.best.score < found.trials[0].score
    assert asked[0] == "hio"
    assert found.trials[0].settings["beta"] == 0.9
    failed = sum(t.settings["beta"] > 0.95 for t in found.trials)
    assert found.budget == {
        "trials": 25,
        "over": 0,
        "cells": 75,
        "failed": 3 * failed,
        "seconds": 75,
        "fft_pairs": 750,
        "processor_s": 0,
    }
    assert all(np.isinf(t.score) for t in found.trials if t.settings["beta"] > 0.95)


def test_settings_that_a_solver_refuses_are_no_trials():
    space = search_space(load_plugin("solver", "umpa"), only=("window",))
    asked = []

    def windows(solver):
        asked.append(build_plugin("solver", solver).params()["window"])
        frame = pd.DataFrame({"task": "speckle", "split": "tune", "sample": [0, 1, 2], "status": "ok", "displacement_rmse": 0.1})
        return frame.assign(latency_s=1.0, latency_fft=10.0)

    assert len(tune("umpa", {}, space, windows, trials=12).trials) == 12
    assert {window % 2 for window in asked} == {1}


def test_the_same_results_lead_the_same_way_and_more_trials_begin_alike():
    # Compared as text: three samples have no interval, and its ends, NaN, differ from themselves.
    runs = [[str(trial) for trial in tune("hio", {}, SPACE, records, trials=n).trials] for n in (12, 12, 16)]
    assert runs[0] == runs[1] == runs[2][:12]
    assert [str(trial) for trial in tune("hio", {}, SPACE, records, trials=12, seed=1).trials] != runs[0]


def test_settings_given_stay_and_a_start_outside_the_range_is_no_trouble():
    asked = []
    found = tune(
        "hio", {"beta": "1.5"}, SPACE[:1], lambda s: asked.append(s) or records(s).assign(status="ok", sa_nmse=0.1), trials=4
    )
    assert all("beta=1.5" in solver for solver in asked)
    assert found.best.number == 0  # nothing beats it, so that it stands
    tune("hio", {"threshold": "0.9"}, search_space(load_plugin("solver", "hio"), only=("beta",)), records, trials=3)


def test_the_test_split_is_refused():
    with pytest.raises(UsageError, match=r"\btune\b.*\bsplit\b.*\btest$"):
        tune("hio", {}, SPACE, lambda solver: records(solver, "test"), trials=3)


def test_a_search_without_any_score_is_an_error():
    with pytest.raises(UsageError, match=r"^hio\b.*\b3 trials\b.*`prbench status`"):
        tune("hio", {}, SPACE, lambda s: records(s).assign(status="crashed", sa_nmse=np.nan), trials=3)


def test_a_trial_that_lacks_the_goal_is_worst_and_not_judged_by_another_metric():
    def run(solver):
        frame = records(solver).assign(r_factor=0.0)
        return frame if build_plugin("solver", solver).params()["beta"] > 0.7 else frame.assign(sa_nmse=np.nan)

    found = tune("hio", {}, SPACE, run, trials=15)
    assert found.goal.metric == "sa_nmse"
    assert found.best.settings["beta"] > 0.7


def test_settings_that_exclude_each_other_are_passed_over(monkeypatch):
    cls = load_plugin("solver", "hio")
    accept = cls.from_params.__func__

    def picky(kind, params):
        if 0.7 < float(params.get("beta", 0)) < 0.85:
            raise UsageError("not these")
        return accept(kind, params)

    monkeypatch.setattr(cls, "from_params", classmethod(picky))
    found = tune("hio", {}, SPACE, records, trials=15)
    assert len(found.trials) == 15
    assert not any(0.7 < t.settings["beta"] < 0.85 for t in found.trials)


def test_a_trial_over_the_limit_of_processor_time_is_out_whatever_it_scores():
    def run(solver):
        beta = build_plugin("solver", solver).params()["beta"]
        return records(solver).assign(status="ok", sa_nmse=1 - beta, processor_s=2.0 if beta > 0.8 else 0.5)

    found = tune("hio", {}, SPACE, run, trials=12, processor_limit_s=3.0)
    assert found.trials[0].over  # the solver as named, with beta = 0.9
    assert found.trials[0].processor_s == 6.0
    assert 0.5 <= found.best.settings["beta"] <= 0.8
    assert found.budget["over"] == sum(trial.settings["beta"] > 0.8 for trial in found.trials) > 0
    assert tune("hio", {}, SPACE, run, trials=12).best.settings["beta"] > 0.8


def test_where_no_trial_keeps_to_the_limit_that_is_an_error():
    with pytest.raises(UsageError, match=r"^hio\b.*\b3 trials\b.*\b1 s\b.*\b6 s\b"):
        tune("hio", {}, SPACE, lambda s: records(s).assign(processor_s=2.0), trials=3, processor_limit_s=1.0)
