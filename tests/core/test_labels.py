import pytest

from prbench.core.labels import labels_of
from prbench.core.tuned import tuned_path, write_tuned


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PRBENCH_TUNED", str(tmp_path))
    return tmp_path


def keep(solver, label, settings):
    write_tuned(tuned_path(solver, label), {"solver": solver, "settings": settings})


def test_a_label_is_found_by_the_settings_behind_it(folder):
    keep("hio", "tuned", {"beta": 0.7, "starts": 4})
    keep("hio", "small", {"beta": 0.6, "iterations": 300})
    keep("raar", "tuned", {"beta": 0.7})
    names = ["hio", "hio[starts=4,beta=0.7]", "hio[iterations=300,beta=0.6]", "hio[beta=0.7]", "raar[beta=0.7]", "er[starts=2]"]
    assert labels_of(names) == {
        "hio[starts=4,beta=0.7]": "hio@tuned",
        "hio[iterations=300,beta=0.6]": "hio@small",
        "raar[beta=0.7]": "raar@tuned",
    }


def test_settings_that_are_the_defaults_are_no_part_of_a_name(folder):
    keep("hio", "tuned", {"beta": 0.7, "threshold": 0.2, "starts": 1})
    assert labels_of(["hio[beta=0.7]"]) == {"hio[beta=0.7]": "hio@tuned"}


def test_of_labels_for_the_same_settings_the_usual_one_is_shown(folder):
    for label in ("z", "b", "a"):
        keep("hio", label, {"beta": 0.7})
    assert labels_of(["hio[beta=0.7]"]) == {"hio[beta=0.7]": "hio@a"}
    keep("hio", "tuned", {"beta": 0.7})
    assert labels_of(["hio[beta=0.7]"]) == {"hio[beta=0.7]": "hio@tuned"}


def test_a_file_that_cannot_be_used_labels_nothing(folder):
    keep("hio", "other", {"colour": 1})
    (folder / "hio@broken.yaml").write_text("[", encoding="utf-8")
    assert labels_of(["hio[beta=0.7]", "unknown[x=1]"]) == {}
