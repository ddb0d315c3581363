"""A quick solver and a dataset that misbehave at one problem, for tests of what happens between two cells."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.core import Dataset, DirectSolver, Problem, Provenance, Reconstruction, Rng, Split, register, setting
from prbench.tasks.far_field import FarField


@register("picky", task="far-field")
@dataclass(frozen=True)
class Picky(DirectSolver[FarField]):
    """Random numbers at once; where the first pixel is bright, it does what ``how`` says."""

    libraries: ClassVar[tuple[str, ...]] = ("numpy",)

    how: str = setting("stay", doc="dies, raises, or leaves a thread behind", choices=("stay", "die", "raise", "leave"))
    above: float = setting(0.0, doc="intensity of the first pixel from which it does so")

    def solve(self, y: FarField, rng: Rng) -> Reconstruction:
        if self.how != "stay" and float(y.intensity.flat[0]) >= self.above:
            if self.how == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.how == "raise":
                raise RuntimeError("a bright pixel")
            threading.Thread(target=threading.Event().wait, daemon=True).start()
        return Reconstruction(object=rng.standard_normal(y.object_shape).astype(np.complex64))


@register("brittle", task="far-field")
@dataclass(frozen=True)
class Brittle(Dataset):
    """Random intensities; at one sample it does what ``how`` says instead."""

    how: str = setting("die", doc="kills its process, or raises", choices=("die", "raise"))
    at: int = setting(0, doc="the sample", valid="[0, 1000]")

    def make(self, index: int, seed: int, split: Split) -> Problem:
        if index == self.at:
            if self.how == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            raise RuntimeError("no such problem")
        (rng,) = self.streams(1, index, seed, split)
        return Problem(
            FarField(rng.uniform(0, 1, (16, 16))), None, f"brittle-{index}-{seed}", split, Provenance("computed", "CC0-1.0")
        )
