"""MIST 2023: four pairs of images or more of a weakly attenuating sample with a rapidly varying dark field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from prbench.core import Reconstruction, register, setting
from prbench.tasks.speckle import SpeckleStack

from ._mist import PAIRS_DOC, MistSolver, absorbed_contrast, absorption_wavenumber_sq, inverse_laplacian
from ._mist_dark_field import rapidly_varying


@register(
    "mist-2023",
    task="speckle",
    cite="Alloo et al., Sci. Rep. 13 (2023) 5424, doi:10.1038/s41598-023-31574-z",
    tags=("classical",),
)
@dataclass(frozen=True)
class Mist2023(MistSolver):
    """In every pixel a system of four unknowns: the phase's Laplacian, the dark field D' and its gradient.

    ``(I_r - I_s) / z = I_r lap(phi/k - D') - lap(I_r) D' - 2 grad(I_r) . grad D'``, solved with a ridge; D' and its gradient are
    made one image, low frequencies from D'. Then ``lap phi = k / (z I_r) [ I_r - I_s + z lap(D' I_r) ]``, phi by an inverse
    Laplacian with 1/(kappa^2 + e), ``T = exp(2 phi / gamma)``, gamma = delta / beta, and D' is divided by T. Everything in
    the phase that is slower than ``1 / sqrt(e)`` hangs on e (Alloo et al., arXiv:2412.15513): 1e8 is the authors'; none makes
    it ``4 pi / (lambda z gamma)``, for which weak absorption and phase of one material agree, as in MIST 2020 and 2022.
    """

    least_images: ClassVar[int] = 4
    instead: ClassVar[str] = "mist-2022"

    e_per_m2: float | None = setting(
        1e8, valid="(0, inf)", range=(1e6, 1e10), log=True, unit="1/m^2", doc="regularisation of the inverse Laplacian"
    )
    r_m2: float = setting(
        1e-11, valid="[0, inf)", range=(1e-12, 1e-9), log=True, unit="m^2", doc="squared length below which D' is integrated"
    )
    ridge: float = setting(
        1e-4, valid="[0, inf)", range=(1e-6, 1e-2), log=True, doc="regularisation of the fit, by the spread of its entries"
    )
    pairs: Literal["first", "all"] = setting("all", doc=PAIRS_DOC)

    def retrieve(self, y: SpeckleStack, delta_beta: float) -> Reconstruction:
        """Transmission, phase and dark field; three passes over the stack, seven real transforms, counted as four FFTs."""
        e_per_m2 = absorption_wavenumber_sq(y, delta_beta) if self.e_per_m2 is None else self.e_per_m2
        blur = rapidly_varying(y, self.ridge, self.r_m2)
        curvature = y.radians_per_px * absorbed_contrast(y.first(1) if self.pairs == "first" else y, blur)
        phase = inverse_laplacian(y, curvature, e_per_m2)
        transmission = y.backend.xp.exp(2 * phase / delta_beta)
        return Reconstruction(transmission=transmission, phase=phase, dark_field=blur / transmission)
