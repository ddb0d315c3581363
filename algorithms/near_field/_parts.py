"""From what a network answers to an object: phase within its known range, transmission above 0."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch.nn.functional import softplus

from prbench.core import Reconstruction
from prbench.tasks.near_field import NearField

from ._misfit import in_range, tied_transmission
from ._waves import log_amplitudes

_INNER = 0.05
"""Part of the range at either end from which a start is kept away: the slope of the map onto it is zero at the ends."""

_STEEPNESS = 3.0
"""Of what the network answers, in the logistic function's argument or in radians."""

_ABSORPTION = 0.3
"""Scale of the absorption that it answers beside the phase: one frame leaves open which of them made a fringe."""


@dataclass(frozen=True, eq=False)
class Parts:
    """What makes an object of a network's raw answer.

    Attributes:
        y: the measurement.
        base: raw phase and, where it is fitted too, raw ``ln t`` to which the answer is added, (1 or 2, H, W).
        channels: what the network sees of the start: real (H, W) each.
    """

    y: NearField
    base: torch.Tensor
    channels: tuple[torch.Tensor, ...]

    @property
    def outputs(self) -> int:
        """Channels that the network answers: the phase, and ``ln t`` where it is fitted too."""
        return len(self.base)

    def maps(self, raw: torch.Tensor, slow: torch.Tensor | None = None) -> torch.Tensor:
        """Phase in radians and, where it is fitted too, ``ln t`` of a raw answer, all (1 or 2, H, W).

        Args:
            raw: of the network, (1 or 2, H, W).
            slow: coefficients of the phase's slowest cosines (:func:`cosines`), added to the raw phase.
        """
        phase = self.base[0] + _STEEPNESS * raw[0]
        if slow is not None:
            down, across = (cosines(n, k, phase.dtype, phase.device) for n, k in zip(phase.shape, slow.shape, strict=True))
            phase = phase + down.T @ slow @ across
        phase = _into_range(phase, self.y.phase_range)
        if len(raw) == 1:
            return phase[None]
        known = _log_range(self.y)
        scale = _ABSORPTION if known is None else _STEEPNESS  # in the argument of the map onto a range, as for the phase
        return torch.stack([phase, _into_range(self.base[1] + scale * raw[1], known)])

    def object_of(self, maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Phase and transmission of such maps."""
        return maps[0], torch.exp(maps[1]) if len(maps) == 2 else tied_transmission(self.y, maps[0])


def object_parts(y: NearField, start: Reconstruction | None) -> Parts:
    """The parts of a measurement's object, which begin at ``start`` or in the middle of the range."""
    alone = y.pure_phase or y.delta_beta is not None
    base = torch.zeros((1 if alone else 2, *y.shape), dtype=y.intensity.dtype, device=y.intensity.device)
    if not alone:
        base[1] = _from_range(base[1], _log_range(y))  # no absorption, or the least that is admissible
    if start is None:
        return Parts(y, base, ())
    phase = in_range(start.phase, y.phase_range)
    base[0] = _from_range(phase, y.phase_range)
    channels = [phase - phase.mean()]
    if not alone and start.transmission is not None:
        logarithm = torch.log(start.transmission.clamp(min=0.05))
        base[1] = _from_range(logarithm, _log_range(y))
        channels.append(logarithm)
    return Parts(y, base, tuple(channels))


@lru_cache(8)
def cosines(length: int, count: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """The slowest cosines over ``length`` points that end flat, of mean square 1, (count, length)."""
    points = (torch.arange(length, dtype=torch.double) + 0.5) / length
    result = math.sqrt(2) * torch.cos(math.pi * torch.arange(count, dtype=torch.double)[:, None] * points)
    result[0] = 1.0
    return result.to(dtype=dtype, device=device)


def _log_range(y: NearField) -> tuple[float, float] | None:
    """The known ends of ``ln t``; None where no range is given, for then a noisy background may be brighter than the beam."""
    return None if y.amplitude_range is None else log_amplitudes(y)


def _ends(ends: tuple[float, float] | None) -> tuple[float, float]:
    return (-math.inf, math.inf) if ends is None else ends


def _into_range(raw: torch.Tensor, ends: tuple[float, float] | None) -> torch.Tensor:
    """Any number into the range: the logistic function between two ends, softplus above or below one."""
    low, high = _ends(ends)
    if math.isfinite(low) and math.isfinite(high):
        return low + (high - low) * torch.sigmoid(raw)
    if math.isfinite(low):
        return low + softplus(raw)
    return high - softplus(-raw) if math.isfinite(high) else raw


def _from_range(phase: torch.Tensor, ends: tuple[float, float] | None) -> torch.Tensor:
    """The inverse of :func:`_into_range`, kept off the ends."""
    low, high = _ends(ends)
    if math.isfinite(low) and math.isfinite(high):
        return torch.logit(((phase - low) / (high - low)).clamp(_INNER, 1 - _INNER))
    if not math.isfinite(low) and not math.isfinite(high):
        return phase
    above = (phase - low if math.isfinite(low) else high - phase).clamp(min=_INNER)
    raw = above + torch.log(-torch.expm1(-above))
    return raw if math.isfinite(low) else -raw
