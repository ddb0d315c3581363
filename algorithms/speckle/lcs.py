"""Low coherence system: implicit tracking of speckles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from prbench.core import DirectSolver, Reconstruction, Rng, register, setting
from prbench.tasks.speckle import SpeckleStack

from ._stack import phase_of
from ._tracking import fitted, ratio
from ._windows import check_odd, laplacian


@register(
    "lcs",
    task="speckle",
    cite="Quenot et al., Optica 8 (2021) 1412, doi:10.1364/OPTICA.434954",
    tags=("classical",),
)
@dataclass(frozen=True)
class LCS(DirectSolver[SpeckleStack]):
    """Windowed least squares of ``S = T (R - d . grad R [+ D lap R])`` over all images, for T, d and D; no search.

    Good for displacements well below the size of a speckle; the expansion in d makes larger ones come out too small.
    Derivatives are those of the cubic spline that has R for coefficients, and S is smoothed as that spline is. The dark field is
    2 D, negative where noise makes the speckles look sharper than the reference's.
    """

    window: int = setting(7, valid="[1, 101]", range=(1, 15), doc="side of the Hamming window, odd", unit="px")
    max_shift: float = setting(4, valid="(0, 64]", range=(0.5, 12), doc="bound on the displacement along an axis", unit="px")
    dark_field: bool = setting(False, doc="fit the blur as well")

    example: ClassVar[dict[str, object]] = {}

    def __post_init__(self) -> None:
        """As every plug-in; the window has a middle."""
        super().__post_init__()
        check_odd(self.plugin_name, self.window)

    def solve(self, y: SpeckleStack, rng: Rng) -> Reconstruction:  # noqa: ARG002 - nothing here is random
        """Fit displacement, transmission and dark field by one linear problem."""
        xp = y.backend.xp
        nowhere = y.backend.zeros((2, *y.shape), y.reference.dtype)
        curvature = laplacian(y.reference, xp) if self.dark_field else None
        x = fitted(y, y.reference, y.sample, curvature, nowhere, 0, [self.window])[0]
        displacement = xp.clip(ratio(-x[-2:], x[-3], 0, xp), -self.max_shift, self.max_shift)
        return Reconstruction(
            displacement=displacement,
            transmission=x[-3],
            phase=phase_of(y, displacement),
            dark_field=2 * ratio(x[0], x[-3], 0, xp) if self.dark_field else None,
        )
