"""MIST 2020: one pair of images of a sample of one material."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from prbench.core import DirectSolver, Reconstruction, Rng, SpeckleStack, register, setting

from ._mist import GAMMA_DOC, PAIRS_DOC, known_gamma, single_material, taken
from ._stack import displacement_of, need_images


@register(
    "mist-2020",
    task="speckle",
    cite="Pavlov et al., Phys. Rev. Applied 13 (2020) 054023, doi:10.1103/PhysRevApplied.13.054023",
    tags=("classical",),
)
@dataclass(frozen=True)
class Mist2020(DirectSolver[SpeckleStack]):
    """The speckles divided out, what remains is propagation-based phase contrast of one material.

    ``T = F^-1{ F[I_s / I_r] / (1 + pi gamma lambda z f^2) }``, ``phi = gamma/2 ln T``. From several pairs, ``I_s / I_r`` is their
    least-squares ratio. The dark field is taken for zero, and refraction by the speckles' own gradients left out.
    """

    gamma: float | None = setting(None, valid="(0, inf)", range=(50, 5000), log=True, doc=GAMMA_DOC)
    pairs: Literal["first", "all"] = setting("all", choices=("first", "all"), doc=PAIRS_DOC)

    example: ClassVar[dict[str, object]] = {"gamma": 1000.0}

    def solve(self, y: SpeckleStack, rng: Rng) -> Reconstruction:  # noqa: ARG002 - nothing random
        """Displacement, transmission and phase; three passes and one FFT.

        Raises:
            BadInput: where gamma is not known.
        """
        need_images(y, 1, self.plugin_name, "another solver")
        gamma = known_gamma(y, self.gamma, self.plugin_name)
        used = y.first(1) if self.pairs == "first" else y
        transmission, phase = single_material(y, taken(used), gamma)
        return Reconstruction(
            displacement=displacement_of(y, phase), transmission=transmission, phase=phase, aux={"images_used": used.images}
        )
