import json
import multiprocessing
import os
import re
import signal
import time

import numpy as np
import pytest
from click.testing import CliRunner

from prbench.cli import app
from prbench.core import build_plugin
from prbench.errors import BadInput, UsageError
from prbench.running.making import MANIFEST, ProblemRequest, make_problems, problem_path
from prbench.running.store.problem_files import read_problem, write_problem

SMALL = "cell2d[size=16]"


def same(a, b):
    assert (a.id, a.split, a.provenance) == (b.id, b.split, b.provenance)
    assert a.measurement.describe() == b.measurement.describe()
    pairs = [(getattr(a.measurement, name), getattr(b.measurement, name)) for name in a.measurement.arrays]
    pairs += [(x, y) for (_, x), (_, y) in zip(a.truth.items(), b.truth.items(), strict=True)]
    pairs += [(a.object_region, b.object_region)]
    for one, other in pairs:
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype


@pytest.mark.parametrize("name", ["sandpaper[size=64,images=2]", SMALL, "cell2d[size=16,photons=10,beamstop=2]"])
def test_a_problem_comes_back_as_it_was(name, tmp_path):
    problem = build_plugin("dataset", name).problem(1, split="tune", seed=3)
    write_problem(tmp_path / "one.npz", problem)
    same(read_problem(tmp_path / "one.npz"), problem)


def test_any_program_can_open_it(tmp_path):
    problem = build_plugin("dataset", "sandpaper[size=64,images=2]").problem(0)
    write_problem(tmp_path / "one.npz", problem)
    with np.load(tmp_path / "one.npz", allow_pickle=False) as file:
        assert set(file.files) >= {
            "measurement.reference",
            "measurement.sample",
            "truth.displacement",
            "object_region",
            "problem",
        }
        told = json.loads(str(file["problem"]))
    assert told["task"] == "speckle"
    assert told["measurement"]["energy_ev"] == 28e3


def test_what_is_not_a_problem_is_refused(tmp_path):
    path = tmp_path / "one.npz"
    for write in (lambda: path.write_bytes(b"nothing"), lambda: np.savez(path, a=1), lambda: np.savez(path, problem="{}")):
        write()
        with pytest.raises(BadInput, match=r"one\.npz .*`prbench data make`"):
            read_problem(path)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_folder_holds_the_problems_of_the_dataset(jobs, tmp_path):
    seen = []
    assert make_problems(tmp_path, ProblemRequest(SMALL), 5, jobs=jobs, on_made=lambda *at: seen.append(at)) == 5
    assert seen == [(n, 5) for n in range(6)]
    for index in range(5):
        same(read_problem(problem_path(tmp_path, index)), build_plugin("dataset", SMALL).problem(index, split="train"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [*(f"{n:06d}.npz" for n in range(5)), MANIFEST]


def test_what_is_there_is_not_made_again(tmp_path):
    make_problems(tmp_path, ProblemRequest(SMALL), 3)
    times = [problem_path(tmp_path, n).stat().st_mtime_ns for n in range(3)]
    problem_path(tmp_path, 1).unlink()
    assert make_problems(tmp_path, ProblemRequest(SMALL), 4) == 2
    assert [problem_path(tmp_path, n).stat().st_mtime_ns for n in (0, 2)] == [times[0], times[2]]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            ProblemRequest("cell2d[size=17]"),
            r"dataset: cell2d\[size=16\].*cell2d\[size=17\]",
        ),
        (ProblemRequest(SMALL, "tune"), "split: train.*tune"),
        (ProblemRequest(SMALL, seed=1), r"seed: 0\b.*\b1\b"),
    ],
)
def test_a_folder_of_other_problems_is_left_alone(made, message, tmp_path):
    make_problems(tmp_path, ProblemRequest(SMALL), 1)
    with pytest.raises(UsageError, match=message):
        make_problems(tmp_path, made, 2)


def test_other_code_makes_other_problems(tmp_path):
    make_problems(tmp_path, ProblemRequest(SMALL), 1)
    path = tmp_path / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), "code_id": "older"}))
    with pytest.raises(UsageError, match="code_id: older"):
        make_problems(tmp_path, ProblemRequest(SMALL), 1)
    path.write_text("[")
    with pytest.raises(UsageError, match=re.escape(str(path))):
        make_problems(tmp_path, ProblemRequest(SMALL), 1)


def test_killed_it_goes_on(tmp_path):
    made = ProblemRequest("sandpaper[size=64,images=1]")
    process = multiprocessing.get_context("spawn").Process(target=make_problems, args=(tmp_path, made, 200))
    process.start()
    deadline = time.monotonic() + 120
    while not problem_path(tmp_path, 1).exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    there = len(list(tmp_path.glob("[0-9]*.npz")))
    assert make_problems(tmp_path, made, there + 1) == 1
    for index in range(there + 1):
        assert read_problem(problem_path(tmp_path, index)).id.endswith(f"-{index}")


def test_more_than_there_are_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"esrf-logo\b.*\b1\b.*\b2\b"):
        make_problems(tmp_path, ProblemRequest("esrf-logo"), 2)


def test_the_command_tells_how_far_it_is(tmp_path):
    arguments = ["data", "make", SMALL, "--samples", "2", "--split", "tune", "--out", str(tmp_path / "made"), "-j", "1"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "0 of 2 problems" in result.stderr
    assert "2 of 2 problems" in result.stderr
    assert re.findall(r"\S*made|\b\d+\b", result.stdout)[:3] == ["2", str(tmp_path / "made"), "2"]
    assert re.findall(r"\b\d+\b", CliRunner().invoke(app, arguments).stdout.replace(str(tmp_path), "")) == ["2", "0"]
    other = CliRunner().invoke(app, ["test" if word == "tune" else word for word in arguments])
    assert other.exit_code == 2
    assert len(other.stderr.strip().splitlines()) == 1
