"""MIST 2022: two pairs of images or more of an attenuating sample with a slowly varying dark field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from prbench.core import Reconstruction, register, setting
from prbench.tasks.speckle import SpeckleStack

from ._mist import MistSolver, laplacian, single_material
from ._mist_dark_field import slowly_varying


@register(
    "mist-2022",
    task="speckle",
    cite="Alloo et al., J. Med. Imaging 9 (2022) 031502, doi:10.1117/1.JMI.9.3.031502",
    tags=("classical",),
)
@dataclass(frozen=True)
class Mist2022(MistSolver):
    """In every pixel a line through the pairs, ``I_s / I_r = G1 + G2 lap(I_r) / I_r``; its slope is the dark field.

    ``G = G1 - lap G2`` is propagation-based phase contrast of one material, and ``D' = G2 / (z T)``. The authors weigh the
    differences of pairs by the squares of theirs in ``lap(I_r) / I_r``, which is the slope by least squares. Refraction by the
    speckles' own gradients, and the dark field's gradient, are left out.
    """

    least_images: ClassVar[int] = 2
    instead: ClassVar[str] = "mist-2020"

    ridge: float = setting(
        0.01, valid="[0, inf)", range=(1e-4, 1), log=True, doc="regularisation of the slope, by the mean squared variance"
    )

    def retrieve(self, y: SpeckleStack, delta_beta: float) -> Reconstruction:
        """Transmission, phase and dark field; one pass over the stack and one FFT."""
        lost, G2 = slowly_varying(y, self.ridge)
        transmission, phase = single_material(y, lost + laplacian(G2, y.backend.xp), delta_beta)
        return Reconstruction(transmission=transmission, phase=phase, dark_field=2 * G2 / transmission)
