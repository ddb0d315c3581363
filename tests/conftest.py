"""What all tests share."""

import os

# Arrays here are small: a second thread gains nothing, and where something else runs, threads that wait for each other at every
# step of a small network cost minutes. Set before torch is imported, and inherited by the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys

import pytest
from hypothesis import settings

from prbench.core import registry

settings.register_profile("prbench", deadline=None)  # the first example of a law may compile a loop
settings.load_profile("prbench")


@pytest.fixture(autouse=True)
def _no_task_of_another_test():
    """Take back the tasks that a test makes known in this process, by importing a user's file or reading results."""
    tables = (registry._declared, registry._described, registry._described_metrics)
    before = [dict(table) for table in tables]
    yield
    for name in registry._declared.keys() - before[0].keys():
        sys.modules.pop(registry._declared[name].measurement.__module__, None)  # so that another test's import declares it again
    for table, old in zip(tables, before, strict=True):
        table.clear()
        table.update(old)
