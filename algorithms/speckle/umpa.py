"""Unified modulated pattern analysis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from prbench.core import DirectSolver, Reconstruction, Rng, register, setting
from prbench.tasks.speckle import SpeckleStack

from ._stack import phase_of
from ._tracking import fitted, ratio, searched, smoothed, stepped
from ._windows import check_odd, local_mean


@register(
    "umpa",
    task="speckle",
    cite=(
        "Zdora et al., Phys. Rev. Lett. 118 (2017) 203903, doi:10.1103/PhysRevLett.118.203903; "
        "De Marco et al., Opt. Express 31 (2023) 635, doi:10.1364/OE.474794"
    ),
    tags=("classical",),
)
@dataclass(frozen=True)
class UMPA(DirectSolver[SpeckleStack]):
    """Least squares over a window and all images, ``sum_n sum_w G(w) [b m_n + K R_n(r + w - d) - S_n(r + w)]^2``, for d, b and K.

    m is the local mean of R, G a Hamming window; ``T = b + K``, the visibility is ``K / T``, and b is 0 without dark field.
    Whole displacements are tried on sums over images and blocks of pixels, in windows wide enough to have no false minima; from
    the best, Gauss-Newton steps in the window itself lead to the minimum, at most a pixel each. R and S are smoothed by a cubic
    B-spline of one pixel. A dark field comes out negative where noise makes the speckles look sharper than the reference's.
    """

    window: int = setting(5, valid="[3, 101]", range=(3, 15), doc="side of the Hamming window, odd", unit="px")
    max_shift: int = setting(4, valid="[1, 64]", range=(1, 12), doc="largest displacement along an axis", unit="px")
    dark_field: bool = setting(False, doc="fit the loss of visibility as well")
    steps: int = setting(1, valid="[1, 10]", range=(1, 3), doc="Gauss-Newton steps after the search")

    example: ClassVar[dict[str, object]] = {}

    def __post_init__(self) -> None:
        """As every plug-in; the window has a middle."""
        super().__post_init__()
        check_odd(self.plugin_name, self.window)

    def solve(self, y: SpeckleStack, rng: Rng) -> Reconstruction:  # noqa: ARG002 - nothing here is random
        """Search, then fit."""
        xp, R, S = y.backend.xp, y.reference, y.sample
        M = local_mean(R, xp) if self.dark_field else None
        result = searched(y, R, S, self.max_shift) if M is None else searched(y, R - M, S - local_mean(S, xp), self.max_shift)
        displacement = y.backend.asarray(result)
        for step in range(self.steps):
            guess = displacement if step == 0 else smoothed(y, displacement, self.window)
            coefficients = fitted(y, R, S, M, guess, self.max_shift + 1, [self.window])[0]
            displacement = stepped(y, coefficients, guess, self.max_shift)
        transmission = coefficients[0] if M is None else coefficients[0] + coefficients[1]
        phase = phase_of(y, displacement)
        if M is None:
            return Reconstruction(displacement=displacement, transmission=transmission, phase=phase)
        visibility = ratio(coefficients[1], transmission, 1, xp)
        return Reconstruction(
            displacement=displacement,
            transmission=transmission,
            phase=phase,
            dark_field=y.dark_field_of(visibility),
            aux={"visibility": visibility},
        )
