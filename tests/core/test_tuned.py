import pytest
import yaml

from prbench import get_solver
from prbench.core import build_plugin
from prbench.core.tuned import plain_name, read_tuned, resolve_tuned, tuned_path, write_tuned
from prbench.errors import BadInput, UsageError
from prbench.running.request.spec import Matrix


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PRBENCH_TUNED", raising=False)
    write_tuned(tuned_path("hio"), {"solver": "hio", "settings": {"beta": 0.6, "starts": 4}})
    return tmp_path


def test_a_label_stands_for_plain_settings(here):
    assert resolve_tuned("hio@tuned") == ("hio", {"beta": 0.6, "starts": 4})
    assert plain_name("hio@tuned[starts=2]") == "hio[beta=0.6,starts=2]"
    assert plain_name("hio[starts=2]") == "hio[starts=2]"
    assert build_plugin("solver", "hio@tuned").spelled() == "hio[starts=4,beta=0.6]"


def test_what_is_given_goes_before_what_was_tuned(here):
    assert get_solver("hio@tuned[beta=0.7]").params()["beta"] == 0.7
    assert get_solver("hio@tuned", beta=0.8).params()["beta"] == 0.8
    assert get_solver("hio@tuned", beta=0.8).params()["starts"] == 4
    with pytest.raises(UsageError, match=r"^hio\b.*: beta\b"):
        get_solver("hio@tuned[beta=0.7]", beta=0.8)


def test_cells_are_those_of_the_settings_written_out(here):
    def keys(solver):
        return [cell.key for cell in Matrix.of("m", solvers=[solver], datasets=["crystal2d"], backend="numpy").cells()]

    assert keys("hio@tuned") == keys("hio[beta=0.6,starts=4]")
    cell = Matrix.of("m", solvers=["hio@tuned"], datasets=["crystal2d"]).cells()[0]
    assert cell.solver == "hio"
    assert "@" not in cell.solver_spelled


def test_another_folder_by_the_environment(here, monkeypatch):
    monkeypatch.setenv("PRBENCH_TUNED", str(here / "elsewhere"))
    with pytest.raises(UsageError, match=r"elsewhere/hio@tuned\.yaml: `prbench tune hio -d DATASET`.*PRBENCH_TUNED"):
        resolve_tuned("hio@tuned")
    write_tuned(here / "elsewhere" / "hio@noisy.yaml", {"solver": "hio", "settings": {"beta": 0.5}})
    assert resolve_tuned("hio@noisy")[1] == {"beta": 0.5}


@pytest.mark.parametrize("name", ["hio@", "hio@nothing", "hio@../hio"])
def test_no_file_is_told_with_the_command_that_makes_it(here, name):
    with pytest.raises(UsageError, match=rf"prbench tune hio|'{name}'"):
        get_solver(name)


@pytest.mark.parametrize(
    "text",
    [
        "settings: [1, 2]\nsolver: hio",
        "solver: er\nsettings: {}",
        "solver: hio\nsettings: {beta: [1]}",
        "- hio",
        "a: b: c",
        "!!python/object/apply:os.system [echo]",
        "\x00",
    ],
)
def test_a_file_that_is_something_else_is_refused(here, text):
    tuned_path("hio").write_text(text)
    with pytest.raises(BadInput, match=r"hio@tuned.yaml"):
        resolve_tuned("hio@tuned")


def test_settings_of_another_time_are_told_as_any_others(here):
    write_tuned(tuned_path("hio"), {"solver": "hio", "settings": {"gone": 1}})
    with pytest.raises(UsageError, match=r"^hio .*'gone'"):
        get_solver("hio@tuned")


def test_what_is_written_is_read_and_nothing_else_is_left(here):
    held = {"solver": "hio", "settings": {"beta": 0.5, "area": None, "follow": "iterate"}, "budget": {"cells": 3}}
    write_tuned(tuned_path("hio"), held)
    assert read_tuned(tuned_path("hio"), "hio") == held
    assert [path.name for path in tuned_path("hio").parent.iterdir()] == ["hio@tuned.yaml"]
    assert yaml.safe_load(tuned_path("hio").read_text()) == held
