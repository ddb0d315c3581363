"""The solver that stands for a contestant: found by its file, with settings as any solver's, its clock checked from outside."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
import standin

import prbench
from prbench.catalogue.plugins import describe
from prbench.contestants.environments import contestant_facts
from prbench.contestants.folders import declaration_of
from prbench.contestants.solver import end_programs
from prbench.core import setting_infos
from prbench.core.names import format_name, is_reference, parse_name
from prbench.core.trust import NotImported, reading
from prbench.core.tuned import resolve_tuned, tuned_path, write_tuned
from prbench.errors import BadInput, DataNotFound, ProgramDied, UsageError
from prbench.running.request.cell import find_plugin
from prbench.running.request.spec import Matrix


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    end_programs()


def measurement(**more) -> prbench.FarField:
    return prbench.FarField(np.random.default_rng(0).random((16, 12)) + 1, **more)


def test_it_is_named_by_its_file_and_found_again(here):
    path = standin.write(here)
    solver = prbench.get_solver(path, iterations=7)
    assert solver.spelled() == "standin-works[iterations=7]"
    assert find_plugin("solver", path).reference == "works/contestant.toml"
    assert find_plugin("solver", solver).reference == "works/contestant.toml"
    cell = Matrix.of("t", solvers=[f"{path}[iterations=7]"], datasets=["crystal2d"]).cells()[0]
    assert type(cell.build_solver()) is type(solver)
    assert cell.solver_spelled == "works/contestant.toml[iterations=7]"
    assert parse_name(format_name("a/b.toml", {"x": 1})) == ("a/b.toml", {"x": "1"})
    assert is_reference("a/b.toml")
    assert not is_reference("umpa-cpp")


def test_its_settings_can_be_tuned_and_checked(here):
    path = standin.write(here)
    info = setting_infos(type(prbench.get_solver(path)))["iterations"]
    assert (info.range, info.log) == ((5, 50), True)
    for bad in ("iterations=0", "mode=new", "speed=3", "iterations=many"):
        with pytest.raises(UsageError):
            prbench.get_solver(f"{path}[{bad}]")
    write_tuned(tuned_path("works/contestant.toml"), {"solver": "works/contestant.toml", "settings": {"iterations": 9}})
    assert resolve_tuned("works/contestant.toml@tuned") == ("works/contestant.toml", {"iterations": 9})
    assert resolve_tuned("a@b/contestant.toml") == ("a@b/contestant.toml", {})


def test_the_name_of_another_solver_is_refused(here):
    for name in ("hio", "umpa"):
        path = standin.write(here / name, name=name)
        with pytest.raises(UsageError, match=rf"{path}: '{name}'") as caught:
            prbench.get_solver(path)
        assert "\n" not in str(caught.value)


def test_results_do_not_read_the_file_that_they_name(here):
    path = standin.write(here)
    with reading(), pytest.raises(NotImported):
        describe("solver", Path(path).name)


def test_a_solve_answers_with_the_cost_that_the_program_tells(here):
    solution = prbench.solve(standin.write(here), measurement())
    assert solution.status == "ok"
    assert solution.reconstruction.object.shape == (8, 6)
    assert (solution.cost.ffts, solution.cost.operators, solution.cost.iterations) == (None, None, 20)
    assert solution.cost.processor_s > 0
    assert solution.cost.peak_memory_host is not None


def test_an_answer_on_the_detectors_grid_is_cut_to_the_object(here):
    assert prbench.solve(standin.write(here, "whole"), measurement()).reconstruction.object.shape == (8, 6)


def test_equal_seeds_give_equal_answers_and_others_differ(here):
    path = standin.write(here)
    first, again, other = (prbench.solve(path, measurement(), seed=s).reconstruction.object for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


def test_a_clock_that_lies_is_found_out(here):
    solution = prbench.solve(standin.write(here, "lies"), measurement())
    assert solution.cost.latency_s > 0.01
    assert solution.cost.processor_s > 0.01
    assert len(re.findall(r"[\d.]+ s\b", solution.notes["clock"])) == 2


def test_a_program_that_died_is_started_anew(here):
    path = Path(standin.write(here, "dies"))
    with pytest.raises(ProgramDied, match="farewell"):
        prbench.solve(str(path), measurement())
    standin.write(here, "dies")
    adapter = path.parent / "adapter.py"
    adapter.write_text(adapter.read_text().replace("os.kill(os.getpid(), signal.SIGSEGV)", "pass"))
    assert prbench.solve(str(path), measurement()).status == "ok"


def test_what_it_needs_is_asked_for(here):
    path = Path(standin.write(here))
    path.write_text('needs = ["support"]\n' + path.read_text())
    with pytest.raises(DataNotFound, match="support"):
        prbench.solve(str(path), measurement())
    support = np.zeros((16, 12), bool)
    support[:8, :6] = True
    assert prbench.solve(str(path), measurement(support=support)).status == "ok"


def test_a_version_must_be_told(here):
    path = Path(standin.write(here))
    adapter = path.parent / "adapter.py"
    adapter.write_text(adapter.read_text().replace('return "1.2.3"', 'return ""'))
    with pytest.raises(BadInput, match="version"):
        prbench.solve(str(path), measurement())


def test_it_does_not_inherit_the_bench_s_own_paths(here, monkeypatch):
    path = Path(standin.write(here))
    monkeypatch.setenv("PYTHONPATH", "/nowhere/at/all")
    monkeypatch.setenv("PRBENCH_DATA", "/secret")
    adapter = path.parent / "adapter.py"
    text = adapter.read_text().replace(
        'return "1.2.3"', 'return repr([os.environ.get(n) for n in ("PYTHONPATH", "PRBENCH_DATA")])'
    )
    adapter.write_text(text)
    solver = prbench.get_solver(str(path))
    prbench.solve(solver, measurement())
    assert solver.facts()["version"] == "[None, None]"
    assert os.environ["PRBENCH_DATA"] == "/secret"


def test_show_says_where_it_comes_from(here):
    declaration = declaration_of(standin.write(here))
    assert contestant_facts(declaration)["environment"] == "ready"
    entry = describe("solver", str(declaration.path))
    assert entry.tags == ("contestant",)
    assert entry.summary == declaration.summary
