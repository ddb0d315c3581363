"""A solver that can be made to work more without changing its answer or its counts: ``PLANTED_WORK=1.2`` adds a fifth."""

import os
from dataclasses import dataclass

import numpy as np

from prbench.core import IterativeSolver, Reconstruction, register, setting
from prbench.tasks.far_field import FarField

UNITS = 60
"""Transforms per step, about half a millisecond on one core, so that a check of eight samples takes half a minute."""
WORK = round(UNITS * float(os.environ.get("PLANTED_WORK", "1")))


@register("planted", task="far-field")
@dataclass(frozen=True)
class Planted(IterativeSolver[FarField]):
    """Error reduction on a quarter of the frame, and transforms whose result nobody uses."""

    iterations: int = setting(20, doc="steps")

    def total_iterations(self, y):
        """As set."""
        return self.iterations

    def init(self, y, rng):
        """One random start."""
        return y.random_start(rng, 1)

    def step(self, y, g):
        """Work, then project."""
        picture = np.ones((16, 16))
        for _ in range(WORK):
            np.fft.fft2(picture)
        g = y.project_modulus(g)
        inner = y.backend.zeros(g.shape, g.dtype)
        half = tuple(slice(0, n // 2) for n in y.shape)
        inner[(0, *half)] = g[(0, *half)]
        return inner

    def estimate(self, y, g):
        """The object in the frame."""
        return Reconstruction(object=y.crop(g[0]).copy())

    def residual(self, y, g):
        """Misfit of moduli."""
        return float(y.modulus_error(g)[0])
