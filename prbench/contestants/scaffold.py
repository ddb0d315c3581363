"""The folder of a new contestant, with a trivial method that passes its check."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from prbench.core import plugin_names, usable_tasks
from prbench.core.families import family_names
from prbench.errors import CannotWrite, UsageError

from .declaration import FILE

_TEMPLATE = Path(__file__).with_name("templates") / "contestant.toml.template"


def _starters() -> dict[str, Path]:
    """By task, the folder of its trivial method, of the tasks that declare one."""
    return {task.name: task.starter for task in usable_tasks() if task.starter is not None}


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
    starters = _starters()
    if task not in starters:
        raise UsageError(f"there is no trivial method for the task {task!r}; there are some for {', '.join(starters)}")
    if folder.exists():
        raise CannotWrite(f"{folder} is there already; choose another by --out")
    words = {"name": name, "task": task, "summary": "A trivial method, to be replaced by a program."}
    words["settings"] = (starters[task] / "settings.toml").read_text(encoding="utf-8").rstrip("\n")
    folder.mkdir(parents=True)
    for source, target in ((_TEMPLATE, FILE), (starters[task] / "adapter.py.template", "adapter.py")):
        text = Template(source.read_text(encoding="utf-8")).substitute(words)
        (folder / target).write_text(text, encoding="utf-8")
    return folder / FILE
