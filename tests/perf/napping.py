"""A solver that takes time and does nothing, and data without truth, for measuring what is spent around a solve."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.core import Dataset, DirectSolver, Problem, Provenance, Reconstruction, Rng, Split, register, setting
from prbench.running.executing import QUICK_SOLVES
from prbench.tasks.far_field import FarField

_LATE_S = 3e-4
"""How late a sleep may end on a quiet machine."""


@register("nap", task="far-field")
@dataclass(frozen=True)
class Nap(DirectSolver[FarField]):
    """Returns random numbers when its time is over, to the microsecond: a sleep alone ends a tenth of a millisecond late."""

    libraries: ClassVar[tuple[str, ...]] = ("numpy",)

    cell_s: float = setting(0.02, doc="seconds asleep a cell: a quick solve is repeated, and each repeat takes its part")

    def solve(self, y: FarField, rng: Rng) -> Reconstruction:
        until = time.perf_counter() + self.cell_s / QUICK_SOLVES
        found = Reconstruction(object=rng.standard_normal(y.object_shape).astype(np.complex64))
        time.sleep(max(0.0, until - time.perf_counter() - _LATE_S))
        while time.perf_counter() < until:
            pass
        return found


@register("speck", task="far-field")
@dataclass(frozen=True)
class Speck(Dataset):
    """Random intensities without truth, so that scoring them costs next to nothing."""

    size: int = setting(16, doc="pixels along a side", valid="[2, 1024]")

    def make(self, index: int, seed: int, split: Split) -> Problem:
        (rng,) = self.streams(1, index, seed, split)
        intensity = rng.uniform(0, 1, (self.size, self.size))
        return Problem(FarField(intensity), None, f"speck-{index}-{seed}", split, Provenance("computed", "CC0-1.0"))
