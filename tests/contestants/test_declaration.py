"""What a contestant's file may say, and what a bad one is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import standin

from prbench.contestants.declaration import read_declaration
from prbench.contestants.environments import admits
from prbench.errors import BadInput, UsageError


def test_a_declaration_is_read_without_running_the_adapter(tmp_path):
    path = Path(standin.write(tmp_path))
    (path.parent / "adapter.py").write_text("raise SystemExit('imported')")
    found = read_declaration(path)
    assert (found.name, found.task, found.devices, found.needs) == ("standin-works", "far-field", ("cpu",), ())
    assert found.settings["iterations"]["range"] == (5, 50)
    assert [file.name for file in found.files] == ["contestant.toml", "adapter.py"]


GOOD = 'name = "x"\ntask = "far-field"\nsummary = "s"\nadapter = "adapter.py"\n'


@pytest.mark.parametrize(
    "text",
    [
        "name = ",
        GOOD.replace('"x"', '"Bad Name"'),
        GOOD.replace('name = "x"', ""),
        GOOD.replace('adapter = "adapter.py"', ""),
        GOOD.replace("adapter.py", "elsewhere.py"),
        GOOD + 'colour = "red"',
        GOOD + 'needs = "support"',
        GOOD + 'devices = ["tpu"]',
        GOOD + "cite = 3",
        GOOD + '[command]\nrun = "octave"',
        GOOD + "[command]\nrun = []",
        GOOD + 'settings = "many"',
        GOOD + "[settings]\nB = {default = 1, doc = 'd'}",
        GOOD + "[settings]\nb = {default = 1}",
        GOOD + "[settings]\nb = {default = [1], doc = 'd'}",
        GOOD + "[settings]\nb = {default = 1, doc = 'd', range = [2, 1]}",
        GOOD + "[settings]\nb = {default = 1, doc = 'd', range = [0, 1], log = true}",
        GOOD + "[settings]\nb = {default = 1, doc = 'd', log = true}",
        GOOD + "[settings]\nb = {default = 1, doc = 'd', valid = 'above 0'}",
        GOOD + "[settings]\nb = {default = 1, doc = 'd', choices = [2, 3]}",
        GOOD + "[settings]\nb = {default = 1, doc = 'd', unit = 3}",
        GOOD + "[settings]\nb = {default = 1, doc = 'd', kind = 'int'}",
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path, text):
    (tmp_path / "adapter.py").write_text("")
    path = tmp_path / "contestant.toml"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        read_declaration(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_missing_file_names_the_command_that_writes_one(tmp_path):
    with pytest.raises(UsageError, match="prbench contestant new"):
        read_declaration(tmp_path / "contestant.toml")


@pytest.mark.parametrize(
    ("wanted", "version", "fits"),
    [
        ("", (3, 11), True),
        (">=3.10,<3.13", (3, 12), True),
        (">=3.10,<3.13", (3, 13), False),
        (">=3.10, !=3.11.*", (3, 11), False),
        ("==3.9", (3, 9), True),
        (">3.9", (3, 9), False),
        ("<=3.9", (3, 10), False),
    ],
)
def test_versions_of_python(wanted, version, fits):
    assert admits(wanted, version) is fits


def test_versions_that_cannot_be_read_are_refused():
    with pytest.raises(BadInput, match=r">=3\.10"):
        admits("3 or so", (3, 11))
