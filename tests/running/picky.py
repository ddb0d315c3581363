"""A quick solver that misbehaves at one problem, for tests of what happens between two cells."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.core import DirectSolver, Reconstruction, Rng, register, setting
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
