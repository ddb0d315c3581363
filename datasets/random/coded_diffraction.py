"""Coded diffraction patterns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from prbench.core import Dataset, Problem, Split, register, setting
from prbench.tasks.random import RandomLinear

from ._objects import OBJECTS, draw_object, make_problem, unit_phases


@register(
    "coded-diffraction",
    task="random",
    cite="Candès, Li, Soltanolkotabi, Appl. Comput. Harmon. Anal. 39 (2015) 277, doi:10.1016/j.acha.2014.09.004",
    tags=("simulated",),
)
@dataclass(frozen=True)
class CodedDiffraction(Dataset):
    """``Y_l = |F (D_l X)|^2``: far-field patterns of an object (size, size) behind known random modulators, without padding.

    ``octonary`` modulators are products of a fourth root of unity and of sqrt(1/2), four times in five, or sqrt(3); ``phase``
    ones have modulus 1. The same problem number has the same object and first modulators at every number of patterns.
    """

    size: int = setting(64, valid="[4, 4096]", range=(32, 256), doc="side of the object", unit="px")
    patterns: int = setting(6, valid="[1, 100]", range=(1, 6), doc="number of modulators, m/n")
    modulators: Literal["octonary", "phase"] = setting("octonary", doc="their values")
    image: str = setting("camera", choices=OBJECTS, doc="modulus, with a smooth phase; or complex normal noise")
    photons: float | None = setting(
        None, valid="(0, 1e15]", range=(1, 1e6), log=True, doc="mean photons per value; none: no noise"
    )
    snr_db: float | None = setting(
        None, valid="[-20, 200]", range=(10, 60), doc="signal to normal noise; none: no noise", unit="dB"
    )

    example: ClassVar[dict[str, object]] = {"size": 16, "patterns": 8}

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Draw modulators and object ``index``."""
        of_object, of_map, of_noise = self.streams(3, index, seed, split)
        shape = (self.size, self.size)
        draw = _octonary if self.modulators == "octonary" else unit_phases
        modulations = np.stack([draw(of_map, shape) for _ in range(self.patterns)])[:, None].astype(np.complex64)
        x = draw_object(self.image, self.size, index, of_object)
        y = RandomLinear(np.ones((self.patterns, *shape)), modulations=modulations)
        return make_problem(self, (index, seed, split), x, y, of_noise)


def _octonary(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    modulus = np.where(rng.random(shape) < 0.8, np.sqrt(0.5), np.sqrt(3.0))
    return np.asarray(modulus * 1j ** rng.integers(0, 4, shape))
