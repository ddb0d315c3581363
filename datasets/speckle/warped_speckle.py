"""Speckles moved by a known smooth field: the test of a speckle tracker whose truth is exact."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.core import Dataset, Problem, Provenance, Reconstruction, Rng, Split, register, setting
from prbench.tasks.speckle import SpeckleStack

from ._waves import Wavy, chebyshev_nodes, interpolation_weights, waves

MARGIN_PX = 16
"""Rim that is not judged: windows and displaced speckles fall off the frame there."""

_FINER = 2
"""Samples per pixel of the grid on which speckles are drawn; splines of degree 5 err by 1e-6 of the ripple between them."""

_NODES = 8
"""Blurs between which the wanted ones are interpolated as polynomials of the variance; the error is under 1e-6."""


@register(
    "warped-speckle",
    task="speckle",
    cite="after the tests of De Marco et al., Opt. Express 31 (2023) 635, doi:10.1364/OE.474794",
    tags=("simulated",),
)
@dataclass(frozen=True)
class WarpedSpeckle(Dataset):
    """Gaussian-correlated speckles, moved, dimmed and blurred by known smooth fields; ``size`` x ``size`` pixels.

    Intensities are squares of Gaussian fields about a mean, so that none is ever zero. The displacement is the gradient of a sum
    of plane waves, the transmission that of one material in proportion to the phase, the dark field a smooth blur, each exact at
    every pixel: nothing is interpolated on the measured grid. The rim of 16 pixels is not judged.
    """

    size: int = setting(304, valid="[48, 4096]", range=(64, 2048), log=True, doc="side of the square images", unit="px")
    images: int = setting(20, valid="[1, 100]", range=(1, 40), log=True, doc="number of pairs")
    shift: float = setting(3, valid="[0, 10]", range=(0, 4), doc="largest displacement along an axis", unit="px")
    strain: float = setting(0.09, valid="(0, 0.5]", range=(0.01, 0.2), doc="largest derivative of the displacement")
    uniform: bool = setting(False, doc="displace everything by (shift, -shift/2) instead")
    speckle: float = setting(4, valid="[2, 30]", range=(2, 10), doc="full width at half maximum of a speckle", unit="px")
    visibility: float = setting(0.2, valid="(0, 0.3]", range=(0.05, 0.3), doc="standard deviation of the reference over its mean")
    photons: float | None = setting(
        5000, valid="[100, 1e9]", range=(100, 1e5), log=True, doc="mean photons per pixel of the reference; none: no noise"
    )
    absorption: float = setting(
        0, valid="[0, 0.95]", range=(0, 0.5), doc="where the sample is thickest; its delta / beta is told then"
    )
    blur: float = setting(0, valid="[0, 1]", range=(0, 0.5), doc="largest variance of the dark field's blur", unit="px^2")

    example: ClassVar[dict[str, object]] = {"size": 80, "images": 4, "shift": 1, "speckle": 6, "photons": None}

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Draw the speckles and move them."""
        of_speckles, of_sample, of_noise = self.streams(3, index, seed, split)
        displacement, path = self._displacement(of_sample)
        dark_field = self.blur * _between_0_and_1(waves(of_sample, self.size, self.size / 8).value)
        optics = SpeckleStack(np.ones((1, 1, 1)), np.ones((1, 1, 1)), energy_ev=28e3, distance_m=2.0, pixel_m=6.5e-6)
        phase = (path - path.max()) * optics.radians_per_px
        delta_beta = 2 * float(phase.min()) / math.log(1 - self.absorption) if self.absorption > 0 and self.shift > 0 else None
        transmission = np.ones_like(phase) if delta_beta is None else np.exp(2 * phase / delta_beta)
        pairs = [self._pair(of_speckles, displacement, dark_field) for _ in range(self.images)]
        reference, sample = (np.stack(images) for images in zip(*pairs, strict=True))
        sample *= transmission
        if self.photons is not None:
            reference, sample = (of_noise.poisson(self.photons * stack) for stack in (reference, sample))
        region = np.zeros((self.size, self.size), bool)
        region[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX] = True
        return Problem(
            measurement=SpeckleStack(
                reference,
                sample,
                energy_ev=optics.energy_ev,
                distance_m=optics.distance_m,
                pixel_m=optics.pixel_m,
                delta_beta=delta_beta,
            ),
            truth=Reconstruction(displacement=displacement, transmission=transmission, phase=phase, dark_field=dark_field),
            id=f"{self.plugin_name}-{split}-{seed}-{index}",
            split=split,
            provenance=Provenance(source=f"simulated by prbench, dataset {self.plugin_name}", licence="BSD-3-Clause"),
            object_region=region,
        )

    def _displacement(self, rng: Rng) -> tuple[np.ndarray, np.ndarray]:
        """Displacement (2, H, W) in pixels and the potential (H, W), px^2, that it is the gradient of."""
        if self.uniform or self.shift == 0:
            rows, columns = np.indices((self.size, self.size), dtype=np.float64)
            displacement = self.shift * np.stack([np.ones_like(rows), -0.5 * np.ones_like(rows)])
            return displacement, self.shift * (rows - 0.5 * columns)
        field = _with_strain(rng, self.size, self.shift, self.strain)
        scale = self.shift / np.abs(field.gradient).max()
        return scale * field.gradient, scale * field.value

    def _pair(self, rng: Rng, displacement: np.ndarray, dark_field: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A reference of mean 1 and what it looks like moved and blurred, both (H, W), without noise."""
        from scipy.ndimage import map_coordinates

        margin = math.ceil(self.shift) + 4
        spectrum, wavenumbers_sq = self._speckles(rng, self.size + 2 * margin)
        grid = _FINER * (np.indices((self.size, self.size)) - displacement + margin)
        moved = np.zeros((self.size, self.size))
        nodes = chebyshev_nodes(self.blur, _NODES) if self.blur > 0 else np.zeros(1)
        for variance, weight in zip(nodes, interpolation_weights(nodes, dark_field), strict=True):
            blurred = _real(spectrum * np.exp(-0.5 * variance * wavenumbers_sq))
            moved += weight * map_coordinates(blurred, grid, order=5, mode="grid-wrap")
        inner = slice(_FINER * margin, _FINER * (margin + self.size), _FINER)
        return _real(spectrum)[inner, inner], moved

    def _speckles(self, rng: Rng, side: int) -> tuple[np.ndarray, np.ndarray]:
        """Spectrum of a periodic intensity of mean 1, on the finer grid of ``side`` pixels, and squared wavenumbers, rad^2/px^2.

        The intensity is ``(1 + a g)^2 / (1 + a^2)`` for a Gaussian field g of variance 1, whose visibility is
        ``sqrt(4 a^2 + 2 a^4) / (1 + a^2)``; a kernel of FWHM ``speckle`` correlates g.
        """
        import scipy.fft

        n = _FINER * side
        k = 2 * np.pi * _FINER * scipy.fft.fftfreq(n)
        k_sq = k[:, None] ** 2 + k[None, : n // 2 + 1] ** 2
        sigma = self.speckle / math.sqrt(8 * math.log(2))
        white = scipy.fft.rfft2(rng.standard_normal((n, n)))
        filtered = np.exp(-0.5 * sigma**2 * k_sq)
        filtered[0, 0] = 0
        g = _real(white * filtered)
        g *= _FINER * sigma * math.sqrt(4 * math.pi)  # to variance 1, as expected and not as drawn
        a_sq = math.sqrt(2 / (2 - self.visibility**2)) - 1
        return scipy.fft.rfft2((1 + math.sqrt(a_sq) * g) ** 2 / (1 + a_sq)), k_sq


def _real(spectrum: np.ndarray) -> np.ndarray:
    import scipy.fft

    n = spectrum.shape[0]
    return np.asarray(scipy.fft.irfft2(spectrum, (n, n)))


def _between_0_and_1(x: np.ndarray) -> np.ndarray:
    return np.asarray((x - x.min()) / (x.max() - x.min()))


def _with_strain(rng: Rng, size: int, shift: float, strain: float) -> Wavy:
    """Waves as long as it takes for the largest derivatives to stand in the ratio asked for."""
    seed, length = int(rng.integers(2**63)), 2 * shift / strain
    for _ in range(8):
        field = waves(np.random.default_rng(seed), size, length)
        length *= float(np.abs(field.curvature).max() / np.abs(field.gradient).max()) * shift / strain
    return field
