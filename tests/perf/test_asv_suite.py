"""The suite that asv follows: every benchmark runs once with its smallest parameters, so that a change cannot break it unseen."""

from __future__ import annotations

import importlib
import inspect
import itertools
import json
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MODULES = sorted(path.stem for path in (HERE / "asv_suite").glob("*.py") if path.stem != "__init__")
KINDS = ("time_", "peakmem_", "track_")
SLOW = {"framework.Overhead", "framework.Results", "analysis.Statistics", "learned.Step", "phase_networks.Ratios"}
"""What their own benchmarks and tests run already, and takes longer than a second."""


def benchmarks() -> list[object]:
    sys.path[:0] = [] if str(HERE) in sys.path else [str(HERE)]
    found = []
    for name in MODULES:
        module = importlib.import_module(f"asv_suite.{name}")
        for label, cls in inspect.getmembers(module, inspect.isclass):
            if not label.startswith("_") and cls.__module__ == module.__name__:
                found += [pytest.param(cls, id=f"{name}.{label}")]
    return found


def smallest(cls: type) -> tuple[object, ...]:
    """The first value of every parameter."""
    params = getattr(cls, "params", ())
    axes = params if params and isinstance(params[0], list | tuple) else [params] if params else []
    return next(itertools.product(*axes), ())


def test_asv_looks_here() -> None:
    settings = json.loads((ROOT / "asv.conf.json").read_text("utf-8"))
    assert (ROOT / settings["benchmark_dir"]).resolve() == (HERE / "asv_suite").resolve()
    assert len(MODULES) >= 8


@pytest.mark.parametrize("cls", benchmarks())
def test_a_benchmark_runs(cls: type, request: pytest.FixtureRequest) -> None:
    methods = [name for name, _ in inspect.getmembers(cls, inspect.isfunction) if name.startswith(KINDS)]
    assert methods, "a class without benchmarks"
    if request.node.callspec.id in SLOW:
        pytest.skip("too long for the tests; asv runs it")
    arguments, made = smallest(cls), cls()
    if hasattr(made, "setup"):
        made.setup(*arguments)
    for name in methods:
        value = getattr(made, name)(*arguments)
        if name.startswith("track_"):
            assert np.isfinite(value)
    if hasattr(made, "teardown"):
        made.teardown(*arguments)
