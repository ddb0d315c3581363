"""What fits through the forward model share: the misfit that they lower, and what is held out of it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import torch

from prbench.backend import Counters, get_backend
from prbench.core import Rng
from prbench.physics.free_pixels import free_pixel_islands
from prbench.tasks.near_field import NearField

_DARK = 1e-8
"""Added under the square root of an intensity, whose slope at 0 is infinite."""

_STEP = 1e-2
"""Radians under which a difference of neighbours counts by its square."""


def gaps(y: NearField, phase: torch.Tensor, transmission: torch.Tensor | None) -> torch.Tensor:
    """Expected less measured amplitude, (H, W); differentiable.

    Amplitudes of counts have the same noise everywhere. The Fourier-Born model expects negative intensities at some pixels: there
    it is half the difference of the intensities, the same to first order about the empty beam.
    """
    expected = y.expected(phase, transmission)
    if y.model == "fourier-born":
        result: torch.Tensor = (expected - y.intensity) / 2
    else:
        result = torch.sqrt(expected + _DARK) - torch.sqrt(y.intensity + _DARK)
    return result


def misfits(y: NearField, phase: torch.Tensor, transmission: torch.Tensor | None) -> torch.Tensor:
    """The squares of :func:`gaps`, (H, W)."""
    return gaps(y, phase, transmission).square()


def balance(y: NearField, floor: float) -> torch.Tensor:
    """Weights of a gap's Fourier coefficients, (H, W // 2 + 1) as of ``rfft2``, that make all waves of a phase count alike.

    The square of a weight is ``(4 + floor) / (r^2 + floor)``, with the response ``r = 2 sin(chi) + (2 / gamma) cos(chi)`` up to
    its first maximum and 2 beyond, doubled where a coefficient stands for its conjugate too.
    """
    rows = np.fft.fftfreq(y.shape[0], y.pixel_m)[:, None]
    columns = np.fft.rfftfreq(y.shape[1], y.pixel_m)[None]
    absorption_phase = 0.0 if y.delta_beta is None else math.atan(1 / y.delta_beta)
    chi = math.pi * y.wavelength_m * y.distance_m * (rows**2 + columns**2) + absorption_phase
    response = 2 * np.where(chi < math.pi / 2, np.sin(chi), 1.0) / math.cos(absorption_phase)
    twice = np.full(columns.shape, 2.0)
    twice[:, 0] = 1.0
    if y.shape[1] % 2 == 0:
        twice[:, -1] = 1.0
    result: torch.Tensor = y.backend.asarray(np.sqrt(twice * (4 + floor) / (response**2 + floor)))
    return result


def balanced(gap: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The sum of the squares of a gap (H, W), its waves weighted by :func:`balance`: a real FFT, and one in the gradient."""
    coefficients = torch.fft.rfft2(gap, norm="ortho") * weights
    return torch.view_as_real(coefficients).square().sum()


def count_adjoint(y: NearField, transmission: torch.Tensor | None) -> None:
    """Count what the gradient of :func:`misfits` costs: the adjoint of the model, with as many transforms."""
    y.counters.operators += 1
    y.counters.ffts += 3 if y.model == "fourier-born" and transmission is not None else 2


def variation(image: torch.Tensor) -> torch.Tensor:
    """Mean length of the gradient of an image (H, W), rounded off at the bottom."""
    down = image[1:, :-1] - image[:-1, :-1]
    right = image[:-1, 1:] - image[:-1, :-1]
    return torch.sqrt(down.square() + right.square() + _STEP**2).mean()


def divided(y: NearField, fraction: float, rng: Rng) -> tuple[NearField, torch.Tensor | None]:
    """The measurement without some of its pixels, and those, bool (H, W); None where there are none.

    Single pixels: what is held out tests a reconstruction and not how well fringes are interpolated.
    """
    host = y.backend.to_numpy
    measured = np.ones(y.shape, bool) if y.mask is None else host(y.mask).astype(bool)
    free = free_pixel_islands(measured, fraction, rng, radius=0, exclude_centre=0.0)
    if not free.any():
        return y, None
    there = {"intensity": host(y.intensity), "mask": measured & ~free, "backend": get_backend("numpy", y.backend.precision)}
    return dataclasses.replace(y, **there, counters=Counters()).to(y.backend), y.backend.asarray(free)


def tied_transmission(y: NearField, phase: torch.Tensor) -> torch.Tensor | None:
    """The transmission of an object of one material, ``exp((phi - phi_0) / gamma)``; None where gamma is not known.

    ``phi_0``, the phase of the empty beam, is the top of the phase's range where that is known, else the phase's largest value.
    """
    if y.delta_beta is None:
        return None
    top = math.inf if y.phase_range is None else y.phase_range[1]
    return torch.exp((phase - (top if math.isfinite(top) else phase.max())) / y.delta_beta)


def in_range(phase: torch.Tensor, ends: tuple[float, float] | None) -> torch.Tensor:
    """A phase moved by a constant, which nothing measured tells, to its known range; its outermost hundredths may stick out."""
    if ends is None:
        return phase - phase.median()
    low, high = ends
    middle = phase.flatten()[:: max(1, phase.numel() // 2**20)]  # quantiles of larger tensors are refused
    first, last = (float(torch.quantile(middle, q)) for q in (0.01, 0.99))
    if math.isfinite(low) and math.isfinite(high):
        return phase + (low + high - first - last) / 2
    if math.isfinite(low):
        return phase + (low - first)
    return phase + (high - last) if math.isfinite(high) else phase - phase.median()
