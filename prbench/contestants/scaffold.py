"""The folder of a new contestant, with a trivial method that passes its check."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from prbench.core import plugin_names
from prbench.core.families import family_names
from prbench.errors import CannotWrite, UsageError

from .declaration import FILE

_TEMPLATES = Path(__file__).with_name("templates")
_SETTINGS = {
    "far-field": (
        'iterations = { default = 300, range = [50, 2000], log = true, valid = "[1, 100000]", doc = "steps" }\n'
        'beta = { default = 0.9, range = [0.5, 1.0], valid = "(0, 2]", doc = "feedback of hybrid input-output" }'
    ),
    "random": 'iterations = { default = 200, range = [20, 1000], log = true, valid = "[1, 100000]", doc = "steps" }',
    "near-field": (
        'regularisation = { default = 0.001, range = [1e-6, 0.1], log = true, valid = "(0, inf)", doc = "added to the square" }'
    ),
    "speckle": 'window = { default = 5, range = [3, 15], valid = "[1, 101]", doc = "side of the windows", unit = "px" }',
    "off-axis": 'radius = { default = 0.5, range = [0.2, 1.0], valid = "(0, 1]", doc = "of the side band, by the carrier" }',
    "deblur": 'iterations = { default = 60, range = [5, 500], log = true, valid = "[1, 100000]", doc = "steps" }',
}
_MORE = {"far-field": 'needs = ["support"]'}


def tasks_with_template() -> list[str]:
    """The tasks for which a trivial method comes along."""
    return sorted(path.name.removesuffix(".py.template") for path in _TEMPLATES.glob("*.py.template"))


def write_contestant(name: str, task: str, folder: Path) -> Path:
    """Write a folder.

    Args:
        name: of the contestant.
        task: that it serves.
        folder: made; it must not be there.

    Returns:
        The path of the declaration.

    Raises:
        UsageError: for a name that is taken or none, and a task without a template.
        CannotWrite: where the folder is there already.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise UsageError(f"a name is lower-case letters, digits and hyphens, got {name!r}")
    if name in {*plugin_names("solver"), *family_names()}:
        raise UsageError(f"{name!r} is the name of another solver; choose one of your own")
    if task not in tasks_with_template():
        raise UsageError(
            f"there is no trivial method for the task {task!r}; there are some for {', '.join(tasks_with_template())}"
        )
    if folder.exists():
        raise CannotWrite(f"{folder} is there already; choose another by --out")
    words = {"name": name, "task": task, "settings": _SETTINGS[task], "more": _MORE.get(task, "")}
    words["summary"] = "A trivial method, to be replaced by a program."
    folder.mkdir(parents=True)
    for source, target in (("contestant.toml", FILE), (f"{task}.py", "adapter.py")):
        text = Template((_TEMPLATES / f"{source}.template").read_text(encoding="utf-8")).substitute(words)
        (folder / target).write_text(text, encoding="utf-8")
    return folder / FILE
