"""The array libraries that a machine can compute with, as parameters of benchmarks; and what is counted instead of timed."""

import tracemalloc
from typing import ClassVar

import numpy as np

import prbench
from prbench.backend import get_backend
from prbench.errors import MissingDependency


def libraries():
    """numpy and torch, and those that need a GPU where there is one."""
    found = ["numpy", "torch"]
    for name in ("torch:cuda", "cupy"):
        try:
            get_backend(name)
        except MissingDependency:
            continue
        found.append(name)
    return found


LIBRARIES = libraries()


class Counted:
    """What a solve counts and reaches with a fixed seed: free of noise. Subclasses say ``cases``, solver and dataset by name.

    ``iterations_to_target`` is the first step whose misfit is at most 1.1 times the last one's.
    """

    cases: ClassVar[dict[str, tuple[str, str]]] = {}
    metric = "sa_nmse"
    param_names = ("case",)

    def setup(self, case):
        solver, dataset = self.cases[case]
        self.problem = prbench.get_dataset(dataset).problem(0)
        self.found = prbench.solve(solver, self.problem.measurement, backend="torch")

    def track_ffts(self, case):
        return self.found.cost.ffts

    def track_operators(self, case):
        return self.found.cost.operators

    def track_iterations_to_target(self, case):
        curve = self.found.curve
        return next((p.iteration for p in curve if p.residual <= 1.1 * curve[-1].residual), np.nan) if curve else np.nan

    def track_quality(self, case):
        return prbench.score(self.found.reconstruction, self.problem)[self.metric]


class Allocated:
    """Bytes that numpy and Python held at most during a solve on numpy, beyond those held before."""

    cases: ClassVar[dict[str, tuple[str, str]]] = {}
    param_names = ("case",)

    def track_allocated_bytes(self, case):
        solver, dataset = self.cases[case]
        y = prbench.get_dataset(dataset).problem(0).measurement
        prbench.solve(solver, y, backend="numpy")  # compiles
        tracemalloc.start()
        try:
            prbench.solve(solver, y, backend="numpy")
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    track_allocated_bytes.unit = "bytes"
