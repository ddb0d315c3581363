"""Moduli of Gaussian projections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from prbench.core import Dataset, Problem, Split, register, setting
from prbench.tasks.random import RandomLinear

from ._objects import complex_normal, make_problem


@register(
    "gaussian-map",
    task="random",
    cite="Candès, Li, Soltanolkotabi, IEEE Trans. Inf. Theory 61 (2015) 1985, doi:10.1109/TIT.2015.2399924",
    tags=("simulated",),
)
@dataclass(frozen=True)
class GaussianMap(Dataset):
    """``Y = |A X|^2`` with independent normal entries of variance 1 in A (m, n) and in X (n,).

    X is complex64; where ``field`` is real both are real and the solver is told. The same problem number has the same X, and the
    first rows of A, at every ratio.
    """

    n: int = setting(1000, valid="[2, 20000]", range=(100, 1000), doc="unknowns")
    ratio: float = setting(4.0, valid="[0.5, 100]", range=(1, 6), doc="measured values over unknowns, m/n")
    field: Literal["complex", "real"] = setting("complex", doc="numbers of A and X")
    photons: float | None = setting(
        None, valid="(0, 1e15]", range=(1, 1e6), log=True, doc="mean photons per value; none: no noise"
    )
    snr_db: float | None = setting(
        None, valid="[-20, 200]", range=(10, 60), doc="signal to normal noise; none: no noise", unit="dB"
    )

    example: ClassVar[dict[str, object]] = {"n": 64, "ratio": 8.0}

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Draw map and object ``index``."""
        of_object, of_map, of_noise = self.streams(3, index, seed, split)
        rows = max(1, round(self.ratio * self.n))
        # Row by row, so that a larger ratio adds rows and changes none.
        matrix = np.empty((rows, self.n), np.complex64 if self.field == "complex" else np.float32)
        for row in matrix:
            row[:] = complex_normal(of_map, (self.n,)) if self.field == "complex" else of_map.standard_normal(self.n)
        x = complex_normal(of_object, (self.n,)) if self.field == "complex" else of_object.standard_normal(self.n)
        y = RandomLinear(np.ones(rows), matrix=matrix, real=self.field == "real")
        return make_problem(self, (index, seed, split), x, y, of_noise)
