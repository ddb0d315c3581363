"""Scores: what applies is computed, what fails is told, and stored reconstructions can be scored anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import prbench
from prbench.analysis.progress import count_failed_metrics
from prbench.core import COMPLEX_OBJECT, DEBLURRED_IMAGE, metric
from prbench.errors import MissingDependency, PrbenchError, UsageError
from prbench.running import scoring
from prbench.running.engine import run_matrix
from prbench.running.executing import execute
from prbench.running.request.spec import Matrix
from prbench.running.rescoring import rescore
from prbench.running.store.folder import Store

FILE = Path(__file__).with_name("misbehaving.py").as_posix()


@metric("answer", better="lower", answers=(COMPLEX_OBJECT,), header="answer", meaning="answer")
def answer(case):
    return 42.0


@metric("other-task", better="lower", answers=(DEBLURRED_IMAGE,), header="other-task", meaning="other-task", needs="measurement")
def other_task(case):
    raise AssertionError


@metric("undefined", better="lower", answers=(COMPLEX_OBJECT,), header="undefined", meaning="undefined")
def undefined(case):
    return float("nan")


@metric("broken", better="lower", answers=(COMPLEX_OBJECT,), header="broken", meaning="broken")
def broken(case):
    raise ZeroDivisionError("zero")


@metric("of-an-extra", better="lower", answers=(COMPLEX_OBJECT,), header="extra", meaning="of an extra")
def of_an_extra(case):
    """A score by Optuna."""
    raise MissingDependency("optuna is not there")


def use(monkeypatch, *metrics):
    named = {m.info.name: m for m in metrics}
    monkeypatch.setattr(scoring, "plugin_names", lambda kind: sorted(named))
    monkeypatch.setattr(scoring, "load_plugin", lambda kind, name: named[name])
    scoring._metrics_of.cache_clear()


def cells():
    return Matrix.of("t", solvers=f"{FILE}:Guess", datasets=f"{FILE}:Dots", samples=2, backend="numpy").cells()


def test_what_applies_is_scored(monkeypatch):
    use(monkeypatch, answer, other_task, undefined)
    problem = prbench.get_dataset(f"{FILE}:Dots", size=4).problem(0)
    solution = prbench.solve(prbench.get_solver(f"{FILE}:Guess"), problem.measurement, backend="numpy")
    found = prbench.score(solution.reconstruction, problem)
    assert found["answer"] == 42
    assert np.isnan(found["undefined"])
    assert set(found) == {"answer", "undefined"}
    assert prbench.score(problem.truth, problem, ["answer"]) == {"answer": 42}


def test_a_metric_without_its_extra_leaves_the_others_their_scores(monkeypatch):
    use(monkeypatch, answer, of_an_extra)
    problem = prbench.get_dataset(f"{FILE}:Dots", size=4).problem(0)
    scores, notes = scoring.assess(problem.truth, problem)
    assert scores["answer"] == 42
    assert np.isnan(scores["of-an-extra"])
    assert notes == {"of-an-extra": "optuna is not there"}


def test_what_is_no_reconstruction_has_no_score(monkeypatch):
    use(monkeypatch, answer)
    problem = prbench.get_dataset(f"{FILE}:Dots", size=4).problem(0)
    with pytest.raises(UsageError, match="non-finite"):
        prbench.score(prbench.Reconstruction(object=np.full((4, 4), np.nan, complex)), problem)
    with pytest.raises(PrbenchError, match="shape"):
        prbench.score(prbench.Reconstruction(object=np.ones((4, 5), complex)), problem)


class Elsewhere(Exception):
    """What importing a package of somebody else's may raise."""


def use_with_one_that_does_not_import(monkeypatch, *metrics):
    named = {m.info.name: m for m in metrics}

    def load(kind, name):
        if name not in named:
            raise Elsewhere("symbol")
        return named[name]

    monkeypatch.setattr(scoring, "plugin_names", lambda kind: sorted([*named, "missing"]))
    monkeypatch.setattr(scoring, "load_plugin", load)
    scoring._metrics_of.cache_clear()


def test_a_metric_that_raises_or_does_not_import_fails_no_cell_and_is_named(tmp_path, monkeypatch):
    use_with_one_that_does_not_import(monkeypatch, answer, broken)
    store = Store(tmp_path)
    record = execute(cells()[0], store)
    assert (record.status, record.error, record.metrics["answer"]) == ("ok", None, 42.0)
    assert np.isnan(record.metrics["broken"])
    assert "missing" not in record.metrics
    failed = scoring.failed_metrics(record.notes)
    assert "ZeroDivisionError: zero" in failed["broken"]
    assert "Elsewhere: symbol" in failed["missing"]
    counted = count_failed_metrics(store.frame())
    assert len(counted) == 2
    assert set(counted.values()) == {1}


def test_a_metric_that_was_asked_for_by_name_raises_and_one_of_all_warns(monkeypatch):
    use(monkeypatch, answer, broken)
    problem = prbench.get_dataset(f"{FILE}:Dots", size=4).problem(0)
    with pytest.raises(scoring.MetricFailed, match=r"broken .*ZeroDivisionError"):
        prbench.score(problem.truth, problem, ["broken"])
    with pytest.warns(RuntimeWarning, match="broken"):
        scores = prbench.score(problem.truth, problem)
    assert scores["answer"] == 42


def test_a_metric_that_failed_is_scored_by_rescoring_once_it_works(tmp_path, monkeypatch):
    store = Store(tmp_path)
    use(monkeypatch, answer, broken)
    (first, second) = cells()
    record = execute(first, store)
    execute(second, store)
    told = []
    assert rescore(store, lambda record, what: told.append(what)) == 2
    assert told == ["scored but for broken"] * 2
    use(monkeypatch, answer)
    told.clear()
    assert rescore(store, lambda record, what: told.append(what)) == 2
    assert told == ["scored", "scored"]
    healed = store.read(first.key)
    assert (healed.status, healed.metrics, healed.error, healed.cost) == ("ok", {"answer": 42.0}, None, record.cost)
    assert healed.ended == record.ended


def test_rescoring_leaves_records_without_reconstruction_alone(tmp_path):
    store = Store(tmp_path)
    run_matrix(
        Matrix.of("t", solvers=[f"{FILE}:Raise", f"{FILE}:Exit"], datasets=f"{FILE}:Dots", backend="numpy").cells(), store, jobs=1
    )
    before = [record.to_json() for record in store.records()]
    assert rescore(store) == 0
    assert [record.to_json() for record in store.records()] == before
