"""Simulated atoms in a periodic cell, in the manner of the benchmark problems of Elser, Lan and Bendory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.core import Dataset, Problem, Provenance, Reconstruction, Rng, Split, register, setting
from prbench.errors import UsageError
from prbench.physics.noise import shot_noise
from prbench.tasks.far_field import FarField

PIXELS_PER_ATOM = 8
_SIGMA = 0.6
_SEPARATION = 4.0
_TRIES = 20_000


@register(
    "atoms2d",
    task="far-field",
    cite="after Elser, Lan, Bendory, SIAM J. Imaging Sci. 11 (2018) 2429, doi:10.1137/18M1170364",
    tags=("simulated",),
)
@dataclass(frozen=True)
class Atoms2D(Dataset):
    """Equal atoms at random positions of a periodic cell, known to be real, nonnegative and to cover eight pixels each.

    The cell fills the detector's grid: no zero padding, and the support's position is unknown. Frequency zero is unmeasured and
    the Nyquist frequencies are zero, as in the published problems; there, though, the arrangement of the atoms is tuned to three
    grades of hardness, here it is random with a smallest distance of four pixels. Atoms are Gaussians with sigma 0.6 pixels:
    their intensities fall off as the published ones do. Solved when the ``8 atoms`` largest pixels hold more than 95 % of
    the power.
    """

    atoms: int = setting(100, valid="[1, 100000]", range=(20, 400), doc="number of atoms in the cell")
    size: int = setting(128, valid="[16, 1024]", doc="side of the cell and of the detector, even", unit="px")
    photons: float | None = setting(
        None, valid="(0, 1e15]", range=(1, 1e4), log=True, doc="mean photons per pixel; none: no noise"
    )

    example: ClassVar[dict[str, object]] = {"atoms": 6, "size": 32}

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Draw cell number ``index``."""
        of_positions, of_noise = self.streams(2, index, seed, split)
        if self.size % 2:
            raise UsageError(f"atoms2d: size must be even, got {self.size}")
        spectrum = _structure_factors(_positions(of_positions, self.atoms, self.size), self.size)
        truth = np.fft.ifft2(spectrum).real.astype(np.complex64)
        intensity = np.fft.fftshift(np.abs(spectrum) ** 2)
        centre = (self.size // 2, self.size // 2)
        gain = None
        if self.photons is not None:
            intensity[centre] = 0
            intensity, gain = shot_noise(intensity, of_noise, photons_per_pixel=self.photons)
        mask = np.ones(intensity.shape, dtype=bool)
        mask[centre] = False
        largest = np.argsort(truth.real, axis=None)[-PIXELS_PER_ATOM * self.atoms :]
        region = np.zeros(truth.shape, dtype=bool)
        region.flat[largest] = True
        return Problem(
            measurement=FarField(
                intensity.astype(np.float32),
                mask,
                truth.shape,
                gain=gain,
                support_size=PIXELS_PER_ATOM * self.atoms,
                real=True,
                nonnegative=True,
            ),
            truth=Reconstruction(object=truth),
            id=f"{self.plugin_name}-{split}-{seed}-{index}",
            split=split,
            provenance=Provenance(source=f"simulated by prbench, dataset {self.plugin_name}", licence="BSD-3-Clause"),
            object_region=region,
        )


def _positions(rng: Rng, atoms: int, size: int) -> np.ndarray:
    """Places (atoms, 2) in pixels, none nearer to another than the smallest distance, around the periodic edge too."""
    positions = np.empty((0, 2))
    for _ in range(_TRIES):
        if len(positions) == atoms:
            return positions
        new = rng.uniform(0, size, size=2)
        gap = np.abs(positions - new)
        gap = np.minimum(gap, size - gap)
        if not ((gap**2).sum(axis=1) < _SEPARATION**2).any():
            positions = np.vstack([positions, new])
    most = int(0.45 * size**2 / (np.pi * (_SEPARATION / 2) ** 2))
    raise UsageError(f"atoms2d: {atoms} atoms do not fit into {size}x{size} pixels; about {most} do")


def _structure_factors(positions: np.ndarray, size: int) -> np.ndarray:
    """Fourier coefficients (size, size) of Gaussian atoms, zero frequency first, zero at the Nyquist frequencies."""
    k = np.fft.fftfreq(size, 1 / size)
    waves = np.exp(-2j * np.pi * k[None, :, None] * positions.T[:, None, :] / size)
    falloff = np.exp(-2 * (np.pi * _SIGMA * k / size) ** 2)
    falloff[size // 2] = 0
    return np.asarray((waves[0] * falloff[:, None]) @ (waves[1] * falloff[:, None]).T)
