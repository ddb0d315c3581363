"""The transport-of-intensity equation."""

from __future__ import annotations

from dataclasses import dataclass

from prbench.core import DirectSolver, Reconstruction, Rng, register, setting
from prbench.tasks.near_field import NearField

from ._linear import filtered, regularised_inverse


@register(
    "tie",
    task="near-field",
    cite=(
        "Teague, J. Opt. Soc. Am. 73 (1983) 1434, doi:10.1364/JOSA.73.001434; "
        "Paganin, Nugent, Phys. Rev. Lett. 80 (1998) 2586, doi:10.1103/PhysRevLett.80.2586"
    ),
    tags=("classical",),
)
@dataclass(frozen=True)
class TransportOfIntensity(DirectSolver[NearField]):
    """Solves ``I - 1 = -(z / k) lap(phi)`` for a pure phase, by Fourier transforms with Tikhonov's regularisation.

    Right where distances are so short and objects so smooth that ``sin(chi)`` is ``chi``; fine detail comes out too weak.
    Absorption is taken for none: ``paganin`` is its inversion for one material.
    """

    strength: float = setting(3e-3, valid="(0, inf)", range=(1e-6, 1), log=True, doc="regularisation, beside the square of 2 chi")

    def solve(self, y: NearField, rng: Rng) -> Reconstruction:  # noqa: ARG002 - nothing is drawn
        """Filter the intensity once in Fourier space."""
        return Reconstruction(phase=filtered(y, y.intensity - 1, regularised_inverse(2 * y.space.chi, self.strength)))
