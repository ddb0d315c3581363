"""The spectral method alone: the leading eigenvector, without any step that would improve it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from prbench.core import DirectSolver, Reconstruction, Rng, register, setting
from prbench.tasks.random import RandomLinear

from ._starts import POWER_ITERATIONS, STARTS, spectral_start


@register(
    "spectral",
    task="random",
    cite="Netrapalli, Jain, Sanghavi, IEEE Trans. Signal Process. 63 (2015) 4814, doi:10.1109/TSP.2015.2448516; "
    "Luo, Alghamdi, Lu, IEEE Trans. Signal Process. 67 (2019) 2347, doi:10.1109/TSP.2019.2904918",
    tags=("classical",),
)
@dataclass(frozen=True)
class Spectral(DirectSolver[RandomLinear]):
    """The leading eigenvector of ``A* diag(T(Y)) A`` with the norm that the intensities tell."""

    preprocess: str = setting("optimal", choices=tuple(STARTS), doc="function T of the intensities")
    power_iterations: int = setting(POWER_ITERATIONS, valid="[1, inf)", range=(20, 200), doc="applications of the matrix")

    example: ClassVar[dict[str, object]] = {"power_iterations": 20}

    def solve(self, y: RandomLinear, rng: Rng) -> Reconstruction:
        """Power iteration."""
        x = spectral_start(y, rng, self.preprocess, self.power_iterations)
        return Reconstruction(object=y.backend.xp.astype(x[0], y.backend.complex))
