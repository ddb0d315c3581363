"""Structured random maps: chains of random phases and Fourier transforms, nearly as random as Gaussian ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.core import Dataset, Problem, Split, register, setting
from prbench.tasks.random import RandomLinear

from ._objects import OBJECTS, draw_object, make_problem, unit_phases


@register(
    "structured-map",
    task="random",
    cite="Dudeja, Bakhshizadeh, IEEE Trans. Inf. Theory 68 (2022) 5325, doi:10.1109/TIT.2022.3167017; "
    "Hu, Tachella, Unser, Dong (2025), arXiv:2409.05734",
    tags=("simulated",),
)
@dataclass(frozen=True)
class StructuredMap(Dataset):
    """``Y = |F D_K ... F D_1 X|^2``, D random phases, for as many chains as the ratio needs, rows drawn at random from the last.

    X is complex64 (size, size). The same problem number has the same object and first chains at every ratio.
    """

    size: int = setting(64, valid="[4, 4096]", range=(32, 256), doc="side of the object", unit="px")
    ratio: float = setting(4.0, valid="[0.1, 100]", range=(1, 6), doc="measured values over unknowns, m/n")
    transforms: int = setting(2, valid="[1, 10]", range=(1, 3), doc="Fourier transforms in a chain, K")
    image: str = setting("noise", choices=OBJECTS, doc="modulus, with a smooth phase; or complex normal noise")
    photons: float | None = setting(
        None, valid="(0, 1e15]", range=(1, 1e6), log=True, doc="mean photons per value; none: no noise"
    )
    snr_db: float | None = setting(
        None, valid="[-20, 200]", range=(10, 60), doc="signal to normal noise; none: no noise", unit="dB"
    )

    example: ClassVar[dict[str, object]] = {"size": 16, "ratio": 7.5}

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Draw chains and object ``index``."""
        of_object, of_map, of_rows, of_noise = self.streams(4, index, seed, split)
        shape = (self.size, self.size)
        chains = math.ceil(self.ratio)
        modulations = np.stack([unit_phases(of_map, (self.transforms, *shape)) for _ in range(chains)]).astype(np.complex64)
        mask = np.ones((chains, *shape), bool)
        surplus = chains * self.size**2 - round(self.ratio * self.size**2)
        mask[-1].flat[of_rows.permutation(self.size**2)[:surplus]] = False
        x = draw_object(self.image, self.size, index, of_object)
        y = RandomLinear(np.ones((chains, *shape)), modulations=modulations, mask=mask if surplus else None)
        return make_problem(self, (index, seed, split), x, y, of_noise)
