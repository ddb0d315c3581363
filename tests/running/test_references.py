"""Plug-ins named by the reference of their class, and cells made of them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from prbench.core import build_plugin, parse_name
from prbench.errors import DataNotFound, UsageError
from prbench.running.request.cell import Cell, find_plugin, make_cell

FILE = Path(__file__).with_name("misbehaving.py").as_posix()


def cell(solver: str = "Walk", dataset: str = "Dots", **options) -> Cell:
    found = find_plugin("solver", f"{FILE}:{solver}"), find_plugin("dataset", f"{FILE}:{dataset}")
    return make_cell(*found, **{"sample": 0, "seed": 0, "backend": "numpy", **options})


@pytest.mark.parametrize("name", ["a.b_c:Solver", "Solver.py:Solver", "./deep/er/my-file.py:MySolver", "/abs/x y.py:A"])
def test_a_place_is_a_name(name):
    assert parse_name(f"{name}[beta=0.8]") == (name, {"beta": "0.8"})


@pytest.mark.parametrize("name", ["a-b:Solver", "x.py:9", "x/y.txt:A", "x.py:", ":A", "a:b:c", "A/b:C"])
def test_what_is_no_place_is_no_name(name):
    with pytest.raises(UsageError, match=re.escape(repr(name))):
        parse_name(name)


def test_a_solver_is_built_from_its_file_and_keeps_its_settings():
    solver = build_plugin("solver", f"{FILE}:Walk[iterations=7]")
    assert (solver.plugin_name, solver.iterations) == ("walk", 7)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nowhere.py:A", r"file .*nowhere\.py"),
        (f"{FILE}:Nothing", r"Nothing(?!.*prbench\.register)"),
        (f"{FILE}:FarField", r"FarField .*prbench\.register"),
        ("not_a_module:A", "ModuleNotFoundError"),
        (f"{FILE}:Dots", "Dots .*solver"),
    ],
)
def test_a_wrong_place_is_told_in_one_line(name, told):
    with pytest.raises(UsageError, match=told) as caught:
        find_plugin("solver", name)
    assert "\n" not in str(caught.value)


def test_a_module_of_the_working_folder_is_found(tmp_path):
    (tmp_path / "mine.py").write_text(Path(FILE).read_text())
    code = (
        "import sys; sys.path.remove(''); from prbench.core import build_plugin as b; print(b('solver', 'mine:Walk').spelled())"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "walk"


def test_defaults_are_in_the_key_and_spelling_is_not():
    assert cell("Walk").key == cell("Walk[iterations=20]").key == cell("Walk[iterations='20.0']").key
    different = [cell("Walk[iterations=21]"), cell(sample=1), cell(seed=1), cell(split="tune"), cell(precision="double")]
    different += [cell(time_limit_s=1), cell(dataset="Dots[size=9]"), cell()]
    assert len({c.key for c in different}) == len(different)


def test_a_cell_survives_its_json():
    one = cell("Walk[iterations=3]", time_limit_s=2)
    assert Cell.from_plain(one.to_plain()).key == one.key
    assert find_plugin("solver", one.solver_spelled).built == one.build_solver()


def test_a_users_file_is_part_of_the_key_by_its_content(tmp_path):
    import numpy as np

    path = tmp_path / "a.npy"
    np.save(path, np.ones((8, 8)))
    first = cell(dataset=f"FileOfDots[path={path}]").key
    np.save(path, np.ones((8, 9)))
    assert cell(dataset=f"FileOfDots[path={path}]").key != first
    path.unlink()
    with pytest.raises(DataNotFound):
        cell(dataset=f"FileOfDots[path={path}]")


def test_a_solver_made_in_python_is_found_again_by_its_place():
    typed = find_plugin("solver", f"{FILE}:Walk[iterations=7]")
    made = find_plugin("solver", build_plugin("solver", f"{FILE}:Walk", {"iterations": 7}))
    assert (made.reference, made.built) == (typed.reference, typed.built)


def test_a_class_of_a_session_is_refused_in_one_line():
    class Local(type(build_plugin("solver", f"{FILE}:Walk"))):
        pass

    with pytest.raises(UsageError, match=r"my_file\.py:Local"):
        find_plugin("solver", Local())


def test_a_file_has_one_spelling(monkeypatch):
    here = Path(FILE).parent
    spellings = [f"{FILE}:Walk", f"./{here.name}/misbehaving.py:Walk", f"{here.name}/../{here.name}/misbehaving.py:Walk"]
    monkeypatch.chdir(here.parent)
    assert {find_plugin("solver", s).reference for s in spellings} == {f"{here.name}/misbehaving.py:Walk"}


def test_auto_is_a_library_the_solver_computes_with():
    assert cell("Guess", backend="auto").backend == "numpy"
