"""Paganin's single-distance method for one material."""

from __future__ import annotations

from dataclasses import dataclass

from prbench.core import DirectSolver, Reconstruction, Rng, register, setting
from prbench.tasks.near_field import NearField

from ._linear import filtered

_FAINTEST = 1e-3
"""Intensity of the contact image under which its logarithm is not taken: what noise leaves may be negative."""


@register(
    "paganin",
    task="near-field",
    cite="Paganin, Mayo, Gureyev, Miller, Wilkins, J. Microsc. 206 (2002) 33, doi:10.1046/j.1365-2818.2002.01010.x",
    tags=("classical",),
)
@dataclass(frozen=True)
class Paganin(DirectSolver[NearField]):
    """``phi = (gamma / 2) ln F^-1[ F[I] / (1 + pi gamma z wavelength f^2) ]``, gamma = delta / beta of the one material.

    The measurement's gamma, or the setting's where it knows none. For a pure phase any large gamma serves: it then is the
    transport-of-intensity equation, the wavelength of whose high-pass grows as the root of gamma. The image filtered is the
    transmission that the material would have.
    """

    delta_beta: float = setting(
        100.0, valid="(0, inf)", range=(10, 10_000), log=True, doc="delta / beta where the measurement knows none"
    )

    def solve(self, y: NearField, rng: Rng) -> Reconstruction:  # noqa: ARG002 - nothing is drawn
        """One filter and a logarithm."""
        xp, gamma = y.backend.xp, y.delta_beta or self.delta_beta
        contact = filtered(y, y.intensity, 1 / (1 + gamma * y.space.chi))
        contact = xp.where(contact > _FAINTEST, contact, _FAINTEST * xp.ones_like(contact))
        phase = gamma / 2 * xp.log(contact)
        return Reconstruction(phase=phase, transmission=None if y.pure_phase else xp.sqrt(contact))
