"""Paganin's single-distance method for one material."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from prbench.core import DirectSolver, Reconstruction, Rng, register, setting
from prbench.errors import BadInput
from prbench.tasks.near_field import NearField

from ._linear import filtered

PURE_PHASE_DELTA_BETA = 100.0
"""Delta / beta that stands for an object that absorbs nothing."""

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

    The measurement's gamma, or the setting's where it knows none; an answer without it would be wrong by as much as the gamma is,
    and is refused. For a pure phase any large gamma serves, :data:`PURE_PHASE_DELTA_BETA` where the setting has none: the method
    is then the transport-of-intensity equation, the wavelength of whose high-pass grows as the root of gamma. The image filtered
    is the transmission that the material would have.
    """

    delta_beta: float | None = setting(
        None, valid="(0, inf)", range=(10, 10_000), log=True, doc="delta / beta of the one material; none: the measurement's"
    )

    example: ClassVar[dict[str, object]] = {"delta_beta": 100.0}

    def solve(self, y: NearField, rng: Rng) -> Reconstruction:  # noqa: ARG002 - nothing is drawn
        """One filter and a logarithm.

        Raises:
            BadInput: where neither the setting nor the measurement has delta / beta of an object that may absorb.
        """
        xp, gamma = y.backend.xp, y.delta_beta or self.delta_beta or (PURE_PHASE_DELTA_BETA if y.pure_phase else None)
        if gamma is None:
            raise BadInput(
                f"{self.plugin_name} needs delta_beta, delta / beta of the object's material, and the measurement has none; "
                f"give it as {self.plugin_name}[delta_beta=...] or with the data, or say pure_phase=true"
            )
        contact = filtered(y, y.intensity, 1 / (1 + gamma * y.space.chi))
        contact = xp.where(contact > _FAINTEST, contact, _FAINTEST * xp.ones_like(contact))
        phase = gamma / 2 * xp.log(contact)
        return Reconstruction(phase=phase, transmission=None if y.pure_phase else xp.sqrt(contact))
