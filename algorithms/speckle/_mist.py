"""What the three forms of MIST share: sums over the pairs, Laplacians and their inverses, the step from phase to everything else.

All in pixels: with ``V = 2 z D' / pixel^2`` the variance along one axis of the blur that a diffusion coefficient D' makes, the
Fokker-Planck equation of speckle-based imaging reads, without absorption and refraction by gradients::

    I_s = I_r (1 - lap(phi) / radians_per_px) + lap(V I_r) / 2

Source: Paganin, Morgan, Sci. Rep. 9 (2019) 17537, doi:10.1038/s41598-019-52284-5.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from prbench.backend import Array
from prbench.core import DirectSolver, Reconstruction, Rng, setting
from prbench.errors import BadInput
from prbench.physics.cosine import cosine_transform, inverse_cosine_transform
from prbench.tasks.speckle import SpeckleStack

from ._stack import displacement_of, need_images
from ._strips import in_strips

PAIRS_DOC = "the phase is taken from the first pair, as published, or by least squares from all"

LEAST_TRANSMISSION = 1e-3
"""A transmission that noise has made smaller, or negative, counts as this."""


@dataclass(frozen=True)
class MistSolver(DirectSolver[SpeckleStack]):
    """A form of MIST; subclasses say how many pairs they need and retrieve the maps."""

    least_images: ClassVar[int]
    instead: ClassVar[str] = ""
    """The solver to use for fewer pairs."""
    example: ClassVar[dict[str, object]] = {"delta_beta": 1000.0}

    delta_beta: float | None = setting(
        None,
        valid="(0, inf)",
        range=(50, 5000),
        log=True,
        was="gamma",
        doc="delta / beta of the sample's material; none: the measurement's",
    )

    @abstractmethod
    def retrieve(self, y: SpeckleStack, delta_beta: float) -> Reconstruction:
        """Transmission, phase and, where the method has one, dark field; numpy arrays for a measurement of such."""

    def solve(self, y: SpeckleStack, rng: Rng) -> Reconstruction:  # noqa: ARG002 - nothing random
        """What :meth:`retrieve` finds, and the displacement that the phase makes.

        Raises:
            BadInput: for fewer pairs than the method needs, or where neither the setting nor the measurement has delta / beta.
        """
        need_images(y, self.least_images, self.plugin_name, self.instead)
        delta_beta = y.delta_beta if self.delta_beta is None else self.delta_beta
        if delta_beta is None:
            raise BadInput(
                f"{self.plugin_name} needs delta_beta, delta / beta of the sample's material, and the measurement has none; "
                f"give it as {self.plugin_name}[delta_beta=...] or with the data"
            )
        here = y.in_numpy()
        result = self.retrieve(here, delta_beta)
        maps = dict(result.items()) | {"displacement": displacement_of(here, result.phase)}
        return Reconstruction(**{name: y.backend.xp.asarray(array) for name, array in maps.items()}, aux=result.aux)


def absorption_wavenumber_sq(y: SpeckleStack, delta_beta: float) -> float:
    """``4 pi / (lambda z delta / beta)``, 1/m^2.

    Below this squared wavenumber one material shows by absorption, above it by phase.
    """
    return 4 * math.pi / (y.wavelength_m * y.distance_m * delta_beta)


def absorbed_contrast(y: SpeckleStack, blur: Array | None = None) -> Array:
    """By least squares over the pairs, the c of ``I_r - I_s + lap(V I_r) / 2 = c I_r`` in every pixel; counted.

    Args:
        y: the stack.
        blur: V, (H, W) in px^2; zero where None.

    Returns:
        (H, W); for one pair ``1 - I_s / I_r`` where there is no blur.
    """
    y.counters.operators += 1
    xp = y.backend.xp
    V = xp.zeros_like(y.reference[0]) if blur is None else blur
    if isinstance(y.reference, np.ndarray):
        from ._mist_kernels import curvature

        out = np.empty(y.shape, y.reference.dtype)
        in_strips(lambda *rows: curvature(y.reference, y.sample, V, out, *rows), y.shape[0])
        return out
    top, bottom = xp.zeros_like(V), xp.zeros_like(V)
    for n in range(y.images):
        R = y.reference[n, ...]
        top += R * (R - y.sample[n, ...] + laplacian(V * R, xp) / 2)
        bottom += R * R
    return top / bottom


def single_material(y: SpeckleStack, lost: Array, delta_beta: float) -> tuple[Array, Array]:
    """Transmission and phase of one material from ``1 - G``, where ``G = T - div(T grad phi) / radians_per_px``.

    ``T = F^-1{ F[G] / (1 + pi gamma lambda z f^2) }``, ``phi = gamma/2 ln T``, gamma = delta / beta (Paganin et al. 2002,
    doi:10.1046/j.1365-2818.2002.01010.x), G continued by its mirror images; counted as one FFT. Weak samples take little: what
    they take, and not what they leave, is filtered, for the sake of single precision.
    """
    y.counters.ffts += 1
    xp = y.backend.xp
    scale = absorption_wavenumber_sq(y, delta_beta) * y.pixel_m**2
    absorbed = _filtered(y, lost, 1 / (1 + wavenumber_sq(y) / scale))
    most = 1 - LEAST_TRANSMISSION
    absorbed = xp.where(absorbed < most, absorbed, xp.ones_like(absorbed) * most)
    return 1 - absorbed, delta_beta / 2 * xp.log1p(-absorbed)


def inverse_laplacian(y: SpeckleStack, x: Array, e_per_m2: float) -> Array:
    """``-F^-1{ F[x] / (kappa^2 + e) }`` in px^2 for x by px^2, continued by its mirror images; counted as one FFT."""
    y.counters.ffts += 1
    return _filtered(y, x, -1 / (wavenumber_sq(y) + e_per_m2 * y.pixel_m**2))


def wavenumber_sq(y: SpeckleStack) -> np.ndarray:
    """Squared wavenumbers of a cosine transform's waves, (H, W), rad^2/px^2."""
    rows, columns = (np.pi * np.arange(n) / n for n in y.shape)
    return np.asarray(rows[:, None] ** 2 + columns**2)


def _filtered(y: SpeckleStack, x: Array, factor: np.ndarray) -> Array:
    spectrum = cosine_transform(x, y.backend)
    return inverse_cosine_transform(spectrum * y.backend.asarray(factor, spectrum.dtype), y.backend)


def laplacian(x: Array, xp: Any) -> Array:
    """The five-point Laplacian by pixel of an image continued by its mirror images, edge pixels twice."""
    rows = xp.concat([x[:1], x, x[-1:]], axis=0)
    columns = xp.concat([x[:, :1], x, x[:, -1:]], axis=1)
    return rows[:-2] + rows[2:] + columns[:, :-2] + columns[:, 2:] - 4 * x


def slopes(x: Array, xp: Any) -> tuple[Array, Array]:
    """Central differences by pixel along rows and columns, one-sided at the edges: numpy.gradient."""
    rows = xp.concat([x[1:2] - x[:1], (x[2:] - x[:-2]) / 2, x[-1:] - x[-2:-1]], axis=0)
    columns = xp.concat([x[:, 1:2] - x[:, :1], (x[:, 2:] - x[:, :-2]) / 2, x[:, -1:] - x[:, -2:-1]], axis=1)
    return rows, columns
