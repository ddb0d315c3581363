"""Inversions that are one filter: what the linear models make of a measured intensity."""

from __future__ import annotations

from prbench.backend import Array
from prbench.tasks.near_field import NearField


def filtered(y: NearField, image: Array, gain: Array) -> Array:
    """An image (H, W), continued with its edge values, with each Fourier coefficient times a real gain: (H, W); counted.

    Args:
        y: measurement, which gives grid and backend.
        image: real (H, W).
        gain: real, at the frequencies of ``y.space.chi``.
    """
    y.counters.ffts += 2
    spectrum = y.backend.rfftn(y.space.continued(image), 2)
    return y.space.cropped(y.backend.irfftn(gain * spectrum, y.grid_shape))


def regularised_inverse(response: Array, strength: float) -> Array:
    """``r / (r^2 + strength)`` of a real response r: 1/r where it is strong, 0 at its zeros (Tikhonov)."""
    return response / (response * response + strength)


def material_response(y: NearField) -> Array:
    """What a phase does to the intensity at each frequency to first order: ``2 sin(chi) + (2 / gamma) cos(chi)``.

    The second term is there where delta / beta is known: one material, ``ln t = phi / gamma`` (Turner et al., Opt. Express 12
    (2004) 2960, doi:10.1364/OPEX.12.002960).
    """
    xp = y.backend.xp
    response = 2 * xp.sin(y.space.chi)
    return response if y.delta_beta is None else response + 2 / y.delta_beta * xp.cos(y.space.chi)


def transmission_of(y: NearField, phase: Array) -> Array | None:
    """The transmission of one material of this phase, 1 where it is thinnest; None where delta / beta is not known."""
    if y.delta_beta is None:
        return None
    xp = y.backend.xp
    return xp.exp((phase - xp.max(phase)) / y.delta_beta)
