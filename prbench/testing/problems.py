"""Small problems of every installed dataset, found as commands find them."""

from __future__ import annotations

import functools

import pytest

from prbench.core import Problem, Split, load_plugin, plugin_names
from prbench.errors import DataNotFound, UsageError


def simulated_datasets(task: str | None = None) -> list[str]:
    """The names of the datasets, of one task or of all, that are simulated and need no file."""
    names = []
    for name in plugin_names("dataset"):
        info = load_plugin("dataset", name).info
        if "simulated" in info.tags and "published" not in info.tags and (task is None or info.task == task):
            names.append(name)
    return names


def small_problem(name: str, index: int = 0, seed: int = 0, split: Split = "test", **settings: object) -> Problem:
    """Problem ``index`` of a dataset under its example settings and ``settings``; made once.

    Skips the test, with the reason, where measured data or a file of the user's are not on this machine.
    """
    try:
        return _problem(name, index, seed, split, **settings)
    except DataNotFound as error:
        pytest.skip(str(error))
    except UsageError:
        if name in simulated_datasets():
            raise
        pytest.skip(f"{name} needs a file of the user's")


@functools.cache
def _problem(name: str, index: int, seed: int, split: Split, **settings: object) -> Problem:
    plugin = load_plugin("dataset", name)
    problem = plugin.from_params({**plugin.example, **settings}).problem(index, seed=seed, split=split)
    assert isinstance(problem, Problem), f"{name}: a dataset must return a Problem, got {type(problem).__name__}"
    return problem


def problem_of_task(task: str, **settings: object) -> Problem:
    """A small simulated problem of a task: of the first dataset that takes the settings; skips the test where none does."""
    for dataset in simulated_datasets(task):
        try:
            return small_problem(dataset, **settings)  # type: ignore[arg-type]
        except UsageError:
            continue
    pytest.skip(f"no simulated dataset of {task} takes {', '.join(settings) or 'its own example settings'}")
