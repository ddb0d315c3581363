"""MIST 2020: one pair of images of a sample of one material."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from prbench.core import Reconstruction, register, setting
from prbench.tasks.speckle import SpeckleStack

from ._mist import PAIRS_DOC, MistSolver, absorbed_contrast, single_material


@register(
    "mist-2020",
    task="speckle",
    cite="Pavlov et al., Phys. Rev. Applied 13 (2020) 054023, doi:10.1103/PhysRevApplied.13.054023",
    tags=("classical",),
)
@dataclass(frozen=True)
class Mist2020(MistSolver):
    """The speckles divided out, what remains is propagation-based phase contrast of one material.

    ``T = F^-1{ F[I_s / I_r] / (1 + pi gamma lambda z f^2) }``, ``phi = gamma/2 ln T``, gamma = delta / beta. From
    several pairs, ``I_s / I_r`` is their least-squares ratio. The dark field is taken for zero, and refraction by the speckles'
    own gradients left out.
    """

    least_images: ClassVar[int] = 1

    pairs: Literal["first", "all"] = setting("all", doc=PAIRS_DOC)

    def retrieve(self, y: SpeckleStack, delta_beta: float) -> Reconstruction:
        """Transmission and phase; one pass over the stack and one FFT."""
        used = y.first(1) if self.pairs == "first" else y
        transmission, phase = single_material(y, absorbed_contrast(used), delta_beta)
        return Reconstruction(transmission=transmission, phase=phase, aux={"images_used": used.images})
