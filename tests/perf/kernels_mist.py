"""What the speed of MIST is made of, and the same by plain numpy: each function prepares a call that runs once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter, laplace

from prbench import get_solver
from prbench.backend import get_backend
from prbench.tasks.speckle import SpeckleStack

_TILE = 128


def stack(side: int, images: int) -> SpeckleStack:
    """Speckles of 4 px, a square of them repeated, behind a sample that dims and blurs."""
    ripple = gaussian_filter(np.random.default_rng(0).standard_normal((images, _TILE, _TILE)), (0, 1.7, 1.7), mode="wrap")
    R = 1 + 0.2 * ripple / ripple.std()
    S = 0.95 * R + 0.05 * laplace(R, axes=(1, 2), mode="wrap")
    repeated = (np.tile(x.astype(np.float32), (1, side // _TILE, side // _TILE)) for x in (R, S))
    return SpeckleStack(*repeated, energy_ev=25e3, distance_m=0.7, pixel_m=6.5e-6, delta_beta=2335.0)


def mist(solver: str, side: int, images: int = 13, library: str = "torch") -> Callable[[], object]:
    """One solve."""
    y = stack(side, images).to(get_backend(library))
    chosen, rng = get_solver(solver), np.random.default_rng(0)
    return lambda: chosen.solve(y, rng)  # type: ignore[attr-defined]


def plain_mist_2023(side: int, images: int = 13) -> Callable[[], object]:
    """MIST 2023 as arrays in double precision: all systems at once, complex FFTs of the mirrored maps."""
    y = stack(side, images)
    R, S = y.reference.astype(float), y.sample.astype(float)
    return lambda: _plain(R, S, y.pixel_m * 1e6, y.distance_m * 1e6, y.wavelength_m * 1e6, 2335.0)


def _plain(R: np.ndarray, S: np.ndarray, pixel: float, z: float, wavelength: float, gamma: float) -> object:
    count, rows, columns = R.shape
    A = np.empty((count, 4, rows, columns))
    for n in range(count):
        down, across = np.gradient(R[n], pixel)
        A[n] = R[n], -laplace(R[n]) / pixel**2, -2 * across, -2 * down
    alpha = A.std() / 1e4
    normal = np.einsum("naij,nbij->ijab", A, A, optimize=True) + alpha**2 * np.eye(4)
    right = np.einsum("naij,nij->ija", A, (R - S) / z, optimize=True)
    x = np.linalg.solve(normal, right[..., None])[..., 0]
    mirrored = [np.concatenate([part, part[::-1]]) for part in (x[..., 1], x[..., 2] + 1j * x[..., 3])]
    ky, kx = _wavenumbers(mirrored[0].shape, pixel)
    low, below = np.exp(-10 * (kx**2 + ky**2)), 1j * kx - ky
    below[0, 0] = 1
    D = np.fft.ifft2(low * np.fft.fft2(mirrored[0]) + (1 - low) / below * np.fft.fft2(mirrored[1])).real[:rows]
    bent = 2 * np.pi / (wavelength * z * R[0]) * (R[0] - S[0] + z * laplace(D * R[0]) / pixel**2)
    bent = np.concatenate([bent, bent[::-1]])
    bent = np.concatenate([bent, bent[:, ::-1]], axis=1)
    ky, kx = _wavenumbers(bent.shape, pixel)
    phase = -np.fft.ifft2(np.fft.fft2(bent) / (kx**2 + ky**2 + 1e-4)).real[:rows, :columns]
    transmission = np.exp(2 * phase / gamma)
    return phase, transmission, D / transmission


def _wavenumbers(shape: tuple[int, ...], pixel: float) -> tuple[np.ndarray, np.ndarray]:
    return 2 * np.pi * np.fft.fftfreq(shape[0], pixel)[:, None], 2 * np.pi * np.fft.fftfreq(shape[1], pixel)[None]
