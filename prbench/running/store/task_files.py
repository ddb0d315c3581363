"""The tasks of a results folder that are not prbench's own: kept beside the records, as plain values, in ``tasks.json``.

So boards and pages of a task that came in a user's file, or in a package no longer installed, can be read without its code.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from prbench.core import MetricInfo, TaskInfo, describe_task, task_names, usable_tasks
from prbench.errors import BadInput, UsageError, one_line

from .files import replace_file

TASKS = "tasks.json"
_OWN = "prbench."


def write_tasks(folder: Path, names: Iterable[str]) -> None:
    """Write those of the named tasks that other packages and users' files declare; nothing where there are none.

    Args:
        folder: of the results.
        names: of the tasks of the run's cells, which may repeat; read only where this process knows a task that is not prbench's.
    """
    foreign = [task for task in usable_tasks() if not task.measurement.__module__.startswith(_OWN)]
    used = set(names) if foreign else set()
    tasks = [task for task in foreign if task.name in used]
    if not tasks:
        return
    data = _read(folder / TASKS)
    data |= {task.name: {"task": task.info.plain(), "metrics": [one.info.plain() for one in task.metrics]} for task in tasks}
    replace_file(folder / TASKS, lambda file: file.write(json.dumps(data, indent=1, sort_keys=True).encode()))


def read_tasks(folder: Path) -> None:
    """Make known the tasks that a results folder describes and that nothing in this process declares.

    Raises:
        BadInput: where the file is damaged.
    """
    path = folder / TASKS
    for name, entry in _read(path).items():
        if name in task_names():
            continue
        try:
            describe_task(TaskInfo.from_plain(entry["task"]), [MetricInfo.from_plain(one) for one in entry["metrics"]])
        except (KeyError, TypeError, AttributeError, UsageError) as error:
            raise BadInput(f"{path}: the task {name!r} cannot be read: {one_line(error, 120)}; run the matrix again") from error


def _read(path: Path) -> dict[str, dict[str, Any]]:
    if not path.is_file():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{path} cannot be read: {one_line(error, 120)}; delete it and run the matrix again") from error
    if not isinstance(data, dict) or not all(isinstance(entry, dict) for entry in data.values()):
        raise BadInput(f"{path} is not a table of tasks; delete it and run the matrix again")
    return data
