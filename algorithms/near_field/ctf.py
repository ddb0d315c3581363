"""The contrast transfer function inverted: Fourier-Born in one step."""

from __future__ import annotations

from dataclasses import dataclass

from prbench.backend import Array
from prbench.core import DirectSolver, Reconstruction, Rng, register, setting
from prbench.tasks.near_field import NearField

from ._linear import filtered, material_response, regularised_inverse, transmission_of
from ._waves import fits_absorption, held_to_range, within_amplitudes

_CORRECTIONS = 30
"""Steps after which the beads of polystyrene change no more."""

_SHORTEST = 0.02
"""Length of a step, over that of the linear model, under which the search for a better answer ends."""

_FAINTEST = -3.0
"""Least ``ln t``: a twentieth of the amplitude."""


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

    Such an answer is too weak. Of a phase it keeps ``sin(chi)^2`` at each frequency where absorption may be as strong, about a
    third of all, and a phase of 2 to 3 rad changes the intensity less than in proportion, by another third: on beads of
    polystyrene a sixth is left, simulated or measured alike. So the same filter is applied again to what the answer leaves of the
    intensity by the full model, and the answer held to what is known: no object transmits more than it is lit by, and its phase
    is within its range, if one is given. This ends after ``corrections`` steps, or when the misfit no longer falls.
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
    corrections: int | None = setting(
        None,
        valid="[0, 1000]",
        range=(0, 30),
        doc="steps by the full model, of four FFTs; none: 30 where absorption is neither known nor none, else 0",
    )

    def solve(self, y: NearField, rng: Rng) -> Reconstruction:  # noqa: ARG002 - nothing is drawn
        """One filter, or two, and what they leave once more."""
        xp = y.backend.xp
        steps = (_CORRECTIONS if fits_absorption(y) else 0) if self.corrections is None else self.corrections
        phase, logarithm = self._linear(y, y.intensity - 1)
        if steps:
            phase, logarithm = self._corrected(y, phase, logarithm, steps)
        if logarithm is None:
            return Reconstruction(phase=phase, transmission=transmission_of(y, phase))
        return Reconstruction(phase=phase, transmission=xp.exp(logarithm))

    def _linear(self, y: NearField, contrast: Array) -> tuple[Array, Array | None]:
        """Phase and, where it is an unknown of its own, ``ln t`` of a small change of the intensity, each (H, W)."""
        if not fits_absorption(y):
            return filtered(y, contrast, regularised_inverse(material_response(y), self.strength)), None
        xp = y.backend.xp
        sine, cosine = 2 * xp.sin(y.space.chi), 2 * xp.cos(y.space.chi)
        power = sine * sine + self.absorption * cosine * cosine + self.strength
        phase, logarithm = (filtered(y, contrast, gain / power) for gain in (sine, self.absorption * cosine))
        return phase, logarithm

    def _corrected(self, y: NearField, phase: Array, logarithm: Array | None, steps: int) -> tuple[Array, Array | None]:
        """The answer after up to ``steps`` corrections, each shortened until the misfit falls."""
        xp, length = y.backend.xp, 1.0
        phase, logarithm = held_to_range(y, phase), _dimmed(y, logarithm)
        expected = y.expected(phase, _transmission(y, phase, logarithm))
        misfit = y.misfit_of(expected)
        for _ in range(steps - 1):
            left = y.intensity - expected
            change, of_logarithm = self._linear(y, left if y.mask is None else xp.where(y.mask, left, xp.zeros_like(left)))
            while length > _SHORTEST:
                tried = held_to_range(y, phase + length * change)
                dimmed = None if logarithm is None or of_logarithm is None else _dimmed(y, logarithm + length * of_logarithm)
                seen = y.expected(tried, _transmission(y, tried, dimmed))
                if (after := y.misfit_of(seen)) < misfit:
                    break
                length /= 2
            else:
                break
            phase, logarithm, expected, misfit = tried, dimmed, seen, after
        return phase, logarithm


def _dimmed(y: NearField, logarithm: Array | None) -> Array | None:
    """``ln t`` of an object within its known range, where none is known one that transmits no more than it is lit by."""
    return None if logarithm is None else y.backend.xp.clip(within_amplitudes(y, logarithm), _FAINTEST, None)


def _transmission(y: NearField, phase: Array, logarithm: Array | None) -> Array | None:
    return transmission_of(y, phase) if logarithm is None else y.backend.xp.exp(logarithm)
