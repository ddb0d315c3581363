"""Small problems of every registered dataset, found through the registry."""

from __future__ import annotations

import functools

import pytest

from prbench.core import Problem, load_plugin, plugin_names
from prbench.errors import DataNotFound, UsageError


def simulated(task: str | None = None) -> list[str]:
    """The datasets, of one task or of all, that need no file."""
    found = []
    for name in plugin_names("dataset"):
        info = load_plugin("dataset", name).info
        if "simulated" in info.tags and "published" not in info.tags and info.task in (task, info.task if task is None else task):
            found.append(name)
    return found


@functools.cache
def small(name: str, index: int = 0, seed: int = 0, split: str = "test", **settings: object) -> Problem:
    """Problem ``index`` of a dataset under its example settings and ``settings``."""
    plugin = load_plugin("dataset", name)
    return plugin.from_params({**plugin.example, **settings}).problem(index, seed=seed, split=split)


@pytest.fixture(scope="session")
def small_problem():
    """:func:`small`, skipping with the reason where measured data are not here."""

    def make(name: str, *args, **settings) -> Problem:
        try:
            return small(name, *args, **settings)
        except DataNotFound as error:
            pytest.skip(str(error))
        except UsageError:
            if name in simulated():
                raise
            pytest.skip(f"{name} needs a file of the user's")

    return make


@pytest.fixture(scope="session")
def simulated_datasets():
    """:func:`simulated`."""
    return simulated
