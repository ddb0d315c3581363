"""What an untrained prior is fitted by: amplitudes with a memory of past misfits, or the likelihood of counts.

The memory is the multiplier of the constraint ``|F x| = sqrt(Y)``, as in the alternating direction method of multipliers for
phase retrieval (Wen, Yang, Liu, Marchesini, Inverse Problems 28 (2012) 115010, doi:10.1088/0266-5611/28/11/115010). Descent on
amplitudes alone is error reduction and stops where that stops; with the multiplier it moves on as HIO does (Bauschke, Combettes,
Luke, J. Opt. Soc. Am. A 19 (2002) 1334, doi:10.1364/JOSAA.19.001334). Counts constrain amplitudes only within their noise: what
lies within is no misfit, or else the multiplier would gather noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch

from prbench.tasks.far_field import FarField

Loss = Literal["amplitude", "root", "poisson"]

_DIM = 1e-12
"""Added to intensities, relative to their mean, so that the gradient at amplitude zero is finite."""
_FAINT = 1e-3
"""Photons added to counts and model by the likelihood: lets coefficients through zero, as in the projections' refinement."""


@dataclass(eq=False)
class FittedPattern:
    """The measurement as the fit sees it, zero frequency first.

    Attributes:
        amplitude: sqrt(Y), real (*shape), 0 where not fitted; in units in which its mean square over fitted pixels is 1.
        fitted: real (*shape), 1 where fitted, 0 where unmeasured or held out.
        unit: amplitude of the measurement that is 1 here.
        photons: counts where the squared amplitude is 1.
        noise: standard deviation of amplitudes by shot noise, half the root of a photon; 0 where there is none.
    """

    amplitude: torch.Tensor
    fitted: torch.Tensor
    unit: float
    photons: float
    noise: float

    @classmethod
    def of(cls, y: FarField) -> FittedPattern:
        """The fitted pixels of a measurement."""
        fitted = y.measured.to(y.backend.real)
        amplitude = y.amplitude * fitted
        unit = math.sqrt(y.amplitude_norm**2 / float(fitted.sum()))
        noise = 0.0 if y.gain is None else 0.5 * math.sqrt(y.gain) / unit
        return cls(amplitude / unit, fitted, unit, unit**2 / (y.gain or 1.0), noise)

    @property
    def axes(self) -> tuple[int, ...]:
        """Axes of a pixel in a batch of patterns."""
        return tuple(range(1, self.amplitude.ndim + 1))

    def scale(self, spectrum: torch.Tensor, loss: Loss) -> torch.Tensor:
        """By what each spectrum (S, *shape) must be multiplied to fit best, (S, 1, ...).

        Being the best, it may be taken as given when the loss is differentiated; so it is for the root, where it is nearly so.
        """
        intensity = spectrum.real**2 + spectrum.imag**2
        energy = (intensity * self.fitted).sum(self.axes, keepdim=True).clamp(min=torch.finfo(intensity.dtype).tiny)
        if loss == "poisson":
            return (self.amplitude.square().sum() / energy).sqrt()
        return (intensity.sqrt() * self.amplitude).sum(self.axes, keepdim=True) / energy

    def pull(self, spectrum: torch.Tensor, multiplier: torch.Tensor, slack: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean squared distance of each spectrum from the nearest that is allowed once the multiplier is added, and the allowed.

        Args:
            spectrum: complex (S, *shape), scaled.
            multiplier: complex, the same shape; zero makes this the loss ``amplitude``.
            slack: how far an amplitude may be off, in standard deviations of the shot noise.
        """
        with torch.no_grad():
            allowed = self.allowed(spectrum + multiplier, slack)
        gap = torch.view_as_real(spectrum - (allowed - multiplier))
        return gap.square().sum((*self.axes, -1)) / self.fitted.sum(), allowed

    def loss(self, spectrum: torch.Tensor, loss: Loss) -> torch.Tensor:
        """One number per start; losses are of the size of the mean squared misfit of amplitudes, whose mean square is 1.

        Args:
            spectrum: complex (S, *shape), scaled.
            loss: which.
        """
        count = self.fitted.sum()
        intensity = spectrum.real**2 + spectrum.imag**2 + _DIM
        if loss == "poisson":
            counts, expected = self.photons * self.amplitude**2 + _FAINT, self.photons * intensity + _FAINT
            terms = (expected - counts + counts * torch.log(counts / expected)) * self.fitted
            return terms.sum(self.axes) / (2 * self.photons * count)
        size = intensity.sqrt()
        if loss == "root":
            roots = (size.sqrt() - self.amplitude.sqrt()) * self.fitted
            return roots.square().sum(self.axes) / self.amplitude.sum()
        return ((size - self.amplitude) * self.fitted).square().sum(self.axes) / count

    def allowed(self, spectrum: torch.Tensor, slack: float) -> torch.Tensor:
        """The nearest spectrum with amplitudes within ``slack`` standard deviations of the measured; unfitted pixels stay."""
        size = spectrum.abs().clamp(min=1e-12)
        off = slack * self.noise
        nearest = torch.clamp(size, min=self.amplitude - off, max=self.amplitude + off) if off else self.amplitude
        return spectrum * torch.where(self.fitted > 0, nearest / size, torch.ones_like(size))
