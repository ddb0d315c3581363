"""The maps that descents fit: the phase and, where it is neither 0 nor tied to the phase, ``ln t``."""

from __future__ import annotations

import math

import numpy as np

from prbench.backend import Array
from prbench.core import Rng
from prbench.physics.cosine import cosine_transform, inverse_cosine_transform
from prbench.tasks.near_field import NearField

from ._descent import Preconditioner
from ._waves import empty_phase, fits_absorption, within_amplitudes, within_range
from .ctf import ContrastTransferFunction


def first_maps(y: NearField, rng: Rng) -> Array:
    """The linear model's phase, within its known range, and ``ln t`` = 0, (1 or 2, H, W)."""
    xp = y.backend.xp
    phase = ContrastTransferFunction(corrections=0).solve(y, rng).phase
    if y.delta_beta is not None:
        phase = within_range(y, phase + empty_phase(y))
    elif y.phase_range is not None and all(math.isfinite(end) for end in y.phase_range):
        phase = within_range(y, phase - xp.mean(phase) + sum(y.phase_range) / 2)
    else:
        phase = phase - xp.mean(phase)
    return xp.stack([phase, xp.zeros_like(phase)] if fits_absorption(y) else [phase])


def within_ranges(y: NearField, x: Array) -> Array:
    """Maps with what is outside the known ranges moved to their nearer ends."""
    phase = within_range(y, x[0])
    return y.backend.xp.stack([phase] if x.shape[0] == 1 else [phase, within_amplitudes(y, x[1])])


def preconditioner(y: NearField, floor: float) -> Preconditioner:
    """``1 / (4 sin(chi)^2 + floor)`` of each cosine wave of the phase, constant beyond the first maximum of the sine, and of
    ``ln t`` a quarter, for all its waves are seen.
    """
    rows, columns = (np.arange(n) / (2 * n * y.pixel_m) for n in y.shape)
    chi = math.pi * y.wavelength_m * y.distance_m * (rows[:, None] ** 2 + columns[None, :] ** 2)
    sine = np.where(chi < math.pi / 2, np.sin(chi), 1.0)
    gains = [1 / (4 * sine**2 + floor)]
    gain = y.backend.asarray(np.stack([*gains, np.full(y.shape, 1 / 4)] if fits_absorption(y) else gains))

    def precondition(gradient: Array) -> Array:
        y.counters.ffts += gradient.shape[0]  # a cosine transform there and back is the work of one complex FFT
        return inverse_cosine_transform(gain * cosine_transform(gradient, y.backend), y.backend)

    return precondition
