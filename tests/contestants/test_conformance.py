"""Conformance problems tell right conventions from wrong ones, and say which one is wrong."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import pytest
import standin
from click.testing import CliRunner

import prbench
from prbench.cli import app
from prbench.contestants.checking import check_contestant
from prbench.contestants.solver import end_programs
from prbench.core import find_task, task_names
from prbench.core.conformance import Conformance
from prbench.errors import UsageError

ONE_WAY = {
    "the phase is wrapped",
    "the carrier is left in the phase",
    "a constant is added to the displacement",
    "the image's range is not the measurement's",
}
"""Mistakes whose repair is not its own inverse, so that it makes no such mistake."""


@functools.cache
def problems(task: str) -> tuple[Conformance, ...]:
    return find_task(task).conformance()


@pytest.mark.parametrize("task", task_names())
def test_the_truth_passes_and_explains_its_measurement(task):
    for conformance in problems(task):
        measurement, truth = conformance.problem.measurement, conformance.problem.truth
        measurement.check(truth)
        assert conformance.error(truth) < 1e-5
        seen = getattr(measurement, measurement.arrays[0])
        if task == "speckle":
            seen = measurement.sample
        expected = (
            np.asarray(measurement.to(measurement.backend).forward(truth.object if truth.object is not None else truth))
            if (task != "off-axis")
            else seen
        )
        np.testing.assert_allclose(expected, seen, rtol=2e-3, atol=2e-3 * float(np.abs(seen).max()))


@pytest.mark.parametrize("task", task_names())
def test_every_mistake_fails_and_is_named(task):
    for conformance in problems(task):
        for mistake, repair in conformance.mistakes.items():
            if mistake in ONE_WAY:
                continue
            wrong = repair(conformance.problem.truth)
            assert conformance.error(wrong) > conformance.limit, mistake
            named = conformance.diagnosis(wrong)
            assert conformance.error(conformance.mistakes[named](wrong)) <= conformance.limit


def of(task: str, **arrays) -> tuple[Conformance, prbench.Reconstruction]:
    conformance = problems(task)[0]
    return conformance, dataclasses.replace(conformance.problem.truth, **arrays)


def test_a_displacement_that_is_two_pixels_off_everywhere_is_named():
    truth = problems("speckle")[0].problem.truth.displacement
    conformance, found = of("speckle", displacement=truth - 2)
    size = np.sqrt(np.mean(np.sum(truth[:, 16:-16, 16:-16] ** 2, axis=0)))
    assert conformance.error(found) == pytest.approx(math.sqrt(8) / size)
    assert conformance.diagnosis(found) == "a constant is added to the displacement"


def test_a_wrapped_phase_and_one_with_its_carrier_are_named():
    phase = problems("off-axis")[0].problem.truth.phase
    conformance, found = of("off-axis", phase=np.angle(np.exp(1j * phase)))
    assert conformance.error(found) > conformance.limit
    assert conformance.diagnosis(found) == "the phase is wrapped"
    rows, columns = np.indices(phase.shape)
    ramp = 2 * np.pi * (0.11 * rows + 0.2 * columns)
    assert conformance.diagnosis(of("off-axis", phase=phase + ramp)[1]) == "the carrier is left in the phase"


def test_other_shapes_and_numbers_that_are_none_fail_without_an_exception():
    for task, name in (("far-field", "object"), ("near-field", "phase"), ("speckle", "displacement"), ("deblur", "image")):
        truth = getattr(problems(task)[0].problem.truth, name)
        for wrong in (truth[..., :3], np.full_like(truth, np.nan)):
            conformance, found = of(task, **{name: wrong})
            assert conformance.error(found) > conformance.limit
            assert isinstance(conformance.diagnosis(found), str)


def test_a_twin_is_not_the_object_where_the_support_is_known():
    truth = problems("far-field")[0].problem.truth.object
    conformance, found = of("far-field", object=np.roll(np.exp(0.7j) * truth, (2, -1), (0, 1)))
    assert conformance.error(found) < 1e-5
    assert conformance.error(of("far-field", object=np.conj(truth[::-1, ::-1]))[1]) > conformance.limit


@pytest.mark.parametrize("task", task_names())
def test_a_new_contestant_passes_its_check(tmp_path, task):
    folder = tmp_path / "mine"
    made = CliRunner().invoke(app, ["contestant", "new", "mine", "--task", task, "--out", str(folder)])
    assert made.exit_code == 0, made.output
    checked = CliRunner().invoke(app, ["contestant", "check", str(folder / "contestant.toml")])
    end_programs()
    assert checked.exit_code == 0, checked.output
    again = CliRunner().invoke(app, ["contestant", "new", "mine", "--task", task, "--out", str(folder)])
    assert (again.exit_code, len(again.stderr.splitlines())) == (2, 1)


def test_a_contestant_is_checked_by_its_folder(tmp_path):
    from prbench.contestants.scaffold import write_contestant

    path = write_contestant("mine", "deblur", tmp_path / "mine")
    by_file, by_folder = (list(check_contestant(str(spelled))) for spelled in (path, path.parent))
    end_programs()
    assert by_folder == by_file
    assert {line.verdict for line in by_folder} == {"ok"}


@pytest.mark.parametrize("words", [["hio", "--task", "far-field"], ["Bad Name", "--task", "deblur"], ["x", "--task", "none"]])
def test_a_new_contestant_with_a_bad_name_or_task_is_refused(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["contestant", "new", *words])
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_convention_fails_the_check_and_is_named(tmp_path):
    from prbench.contestants.scaffold import write_contestant

    path = write_contestant("mine", "far-field", tmp_path / "mine")
    adapter = path.parent / "adapter.py"
    adapter.write_text(adapter.read_text().replace('"object": x * support', '"object": np.conj(x * support)'))
    checked = CliRunner().invoke(app, ["contestant", "check", str(path)])
    end_programs()
    assert checked.exit_code == 1
    assert "conjugate" in checked.output


def test_a_solver_of_prbench_is_no_contestant():
    with pytest.raises(UsageError, match="pytest --prbench hio"):
        list(check_contestant("hio"))


def test_one_that_takes_nothing_does_not_pass(tmp_path):
    verdicts = [line.verdict for line in check_contestant(standin.write(tmp_path, "refuses"))]
    end_programs()
    assert verdicts == ["ok", "-", "!"]
