"""The contrast transfer function inverted: Fourier-Born in one step."""

from __future__ import annotations

from dataclasses import dataclass

from prbench.core import DirectSolver, Reconstruction, Rng, register, setting
from prbench.tasks.near_field import NearField

from ._linear import filtered, material_response, regularised_inverse, transmission_of


@register(
    "ctf",
    task="near-field",
    cite=(
        "Cloetens et al., J. Phys. D 29 (1996) 133, doi:10.1088/0022-3727/29/1/023; "
        "Turner et al., Opt. Express 12 (2004) 2960, doi:10.1364/OPEX.12.002960"
    ),
    tags=("classical",),
)
@dataclass(frozen=True)
class ContrastTransferFunction(DirectSolver[NearField]):
    """Inverts the Fourier-Born model, ``F[I - 1] = 2 sin(chi) F[phi]``, regularised at the zeros of the sine (Tikhonov).

    Exact for a weak phase, whose intensity is linear in it. Where delta / beta is known the sine becomes
    ``sin(chi) + cos(chi) / gamma``, for an object of one material. Where nothing is known of absorption, ``ln t`` is an unknown
    of its own beside phi, ``absorption`` times as strong in the mean square, and both are the most probable ones (Wiener).
    """

    strength: float = setting(
        3e-3, valid="(0, inf)", range=(1e-6, 1), log=True, doc="regularisation, beside a response whose square is at most 4"
    )
    absorption: float = setting(
        1.0,
        valid="[0, inf)",
        range=(0, 1),
        doc="mean square of ln t over that of phi, where absorption is neither known nor none",
    )

    def solve(self, y: NearField, rng: Rng) -> Reconstruction:  # noqa: ARG002 - nothing is drawn
        """One filter, or two."""
        contrast = y.intensity - 1
        if y.pure_phase or y.delta_beta is not None:
            phase = filtered(y, contrast, regularised_inverse(material_response(y), self.strength))
            return Reconstruction(phase=phase, transmission=transmission_of(y, phase))
        xp = y.backend.xp
        sine, cosine = 2 * xp.sin(y.space.chi), 2 * xp.cos(y.space.chi)
        power = sine * sine + self.absorption * cosine * cosine + self.strength
        phase, logarithm = (filtered(y, contrast, gain / power) for gain in (sine, self.absorption * cosine))
        return Reconstruction(phase=phase, transmission=xp.exp(logarithm))
