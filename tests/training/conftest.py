"""Plans of a tiny training."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from prbench.core import build_plugin
from prbench.training import Plan

TINY = f"{Path(__file__).with_name('tiny.py')}:Tiny"


@pytest.fixture
def tiny_plan(tmp_path):
    """A plan with changes of the recipe and of the plan itself."""

    def make(out: str = "out", plan=None, **changes) -> Plan:
        recipe = dataclasses.replace(build_plugin("solver", TINY).recipe, **changes)
        return Plan(TINY, recipe, tmp_path / out, device="cpu", **(plan or {}))

    return make


@pytest.fixture
def tiny_solver():
    """The solver with settings."""
    return lambda **settings: build_plugin("solver", TINY, settings)
