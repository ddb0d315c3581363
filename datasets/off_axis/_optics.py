"""Two digital holographic microscopes, and what they make of a phase object."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from prbench.core import Reconstruction, Rng

MARGIN_PX = 16
"""Rim of the grid that waves are filtered on, cut off afterwards: the grid is periodic, the object is not."""

_BLUR_PX_CYCLES = 0.2
"""Deviation of the Gaussian that rounds off an object, times the cutoff: details finer than the optics resolve are none."""

_BEYOND = 100.0
"""Squared frequency over the cutoff's from which on the aperture passes nothing: its powers stay finite in single precision."""

STEEPEST = 0.9
"""Largest slope of the phase over that of the highest frequency which the aperture passes."""


@dataclass(frozen=True)
class Microscope:
    """Optics and camera.

    Attributes:
        wavelength_m: in vacuum.
        pixel_m: of the camera, seen at the object.
        aperture: numerical.
        carrier: row and column frequency of the fringes in cycles/px.
        aberration: radians of defocus, two astigmatisms, two comas and spherical aberration: coefficients of Zernike's
            polynomials (not normalised) on the circle around the frame.
        reference: intensity of the reference over that of the object's beam.
        visibility: of the fringes in the middle, for equal beams.
        beam: 1/e^2 radius of the Gaussian illumination over half the frame's side.
    """

    wavelength_m: float
    pixel_m: float
    aperture: float
    carrier: tuple[float, float]
    aberration: tuple[float, float, float, float, float, float]
    reference: float
    visibility: float
    beam: float

    @property
    def cutoff(self) -> float:
        """Highest frequency that the aperture passes, cycles/px; a third of the carrier's at most, so that orders keep apart."""
        return self.aperture / self.wavelength_m * self.pixel_m


SYSTEMS = {
    1: Microscope(
        wavelength_m=647e-9,
        pixel_m=0.139e-6,
        aperture=0.42,
        carrier=(0.210, 0.255),
        aberration=(6.0, 1.5, -1.0, 0.4, 0.3, 0.6),
        reference=1.2,
        visibility=0.85,
        beam=2.2,
    ),
    2: Microscope(
        wavelength_m=532e-9,
        pixel_m=0.12e-6,
        aperture=0.40,
        carrier=(-0.285, 0.180),
        aberration=(-4.0, -1.0, 2.0, -0.5, 0.6, -0.8),
        reference=0.7,
        visibility=0.7,
        beam=1.8,
    ),
}
"""They differ in light, magnification, direction and period of the fringes, aberrations, and illumination."""


def image_of(
    optics: Microscope, path_um: np.ndarray, loss: float, margin: int = MARGIN_PX, steepest: float = STEEPEST
) -> tuple[np.ndarray, np.ndarray]:
    """Amplitude and unwrapped phase, float32, of the wave that the aperture passes; the rim of ``margin`` pixels is cut off.

    Args:
        optics: the microscope.
        path_um: optical path (n, n) against the medium's.
        loss: of the amplitude a radian, to absorption and scattering.
        margin: in pixels.
        steepest: largest slope of the phase over that of the highest frequency which the aperture passes.

    An object is rounded off to what the aperture resolves, and made thinner where it would refract light beyond it: such light is
    lost, and no hologram tells the phase of an object that it is lost from. With ``steepest`` beyond 1 some is lost at its edges.
    """
    import scipy.fft

    n = len(path_um)
    turns = path_um * np.float32(1e-6 / optics.wavelength_m)
    fy, fx = scipy.fft.fftfreq(n).astype(np.float32)[:, None], scipy.fft.fftfreq(n).astype(np.float32)[None, :]
    f_sq, half = fx**2 + fy**2, n // 2 + 1
    round_off = np.exp(-f_sq[:, :half] * np.float32(2 * (math.pi * _BLUR_PX_CYCLES / optics.cutoff) ** 2))
    turns = scipy.fft.irfft2(scipy.fft.rfft2(turns) * round_off, (n, n))
    slope = max(float(np.abs(np.diff(turns, axis=axis)).max()) for axis in (0, 1)) * math.sqrt(2)
    turns *= min(1.0, steepest * optics.cutoff / max(slope, 1e-9))
    phase = np.float32(2 * math.pi) * turns
    wave = np.exp((1j - np.float32(loss)) * phase)
    passed = np.minimum(f_sq / np.float32(optics.cutoff**2), np.float32(_BEYOND))
    for _ in range(4):  # to the 16th power: an edge as sharp as does not ring
        passed = passed * passed
    passed = 1 / (1 + passed)
    wave = scipy.fft.ifft2(scipy.fft.fft2(wave) * passed)
    inner = slice(margin, n - margin)
    wave, phase = wave[inner, inner], phase[inner, inner]
    # What the aperture changes of the phase is far below half a turn, so that nothing needs to be unwrapped.
    return np.abs(wave), phase + np.angle(wave * np.exp(-1j * phase))


def aberration(coefficients: np.ndarray, size: int) -> np.ndarray:
    """The sum of Zernike's polynomials, tilts first: radians, float64 (size, size).

    Args:
        coefficients: of two tilts, defocus, two astigmatisms, two comas and spherical aberration, radians.
        size: side of the frame; the unit circle runs through its corners.
    """
    at = (2 * np.arange(size) - (size - 1)) / (size - 1) / math.sqrt(2)
    x, y = at[None, :], at[:, None]
    r_sq = x**2 + y**2
    terms = (y, x, 2 * r_sq - 1, x**2 - y**2, 2 * x * y, (3 * r_sq - 2) * x, (3 * r_sq - 2) * y, 6 * r_sq**2 - 6 * r_sq + 1)
    return np.asarray(sum(c * term for c, term in zip(coefficients, terms, strict=True)))


def nuisances(
    optics: Microscope, rng: Rng, size: int, *, drift: float, strength: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Aberration (radians), intensity of the object's beam and visibility of the fringes, each (size, size), of one recording.

    Args:
        optics: the microscope.
        rng: of what changes between recordings: tilts, a fifth of each aberration, the position of the beam, the visibility.
        size: side of the frame.
        drift: fringes, at most, that the carrier gains or loses along either side.
        strength: factor of all aberrations.
    """
    tilts = math.sqrt(2) * math.pi * drift * rng.uniform(-1, 1, 2)
    shares = 1 + 0.2 * rng.uniform(-1, 1, 6)
    phase = aberration(np.concatenate([tilts, strength * shares * np.array(optics.aberration)]), size)
    at = (2 * np.arange(size) - (size - 1)) / size
    offset = rng.uniform(-0.25, 0.25, 4)
    y, x = at[:, None], at[None, :]
    light = np.exp(-2 * ((y - offset[0]) ** 2 + (x - offset[1]) ** 2) / optics.beam**2)
    fade = np.exp(-((y - offset[2]) ** 2 + (x - offset[3]) ** 2) / (2 * 1.8**2))
    return phase, light, optics.visibility * rng.uniform(0.92, 1.0) * fade


def interfere(
    optics: Microscope, amplitude: np.ndarray, light: np.ndarray, visibility: np.ndarray, mean: float
) -> tuple[np.ndarray, np.ndarray]:
    """Offset and modulation of the fringes of the object's wave with the reference, of ``mean`` intensity without an object."""
    scale = mean / ((1 + optics.reference) * float(light.mean()))
    offset = scale * light * (optics.reference + amplitude**2)
    return offset, 2 * scale * math.sqrt(optics.reference) * visibility * light * amplitude


def fringes(truth: Reconstruction, size: int) -> np.ndarray:
    """The interferogram, float64 (size, size), of a phase and the nuisances in its ``aux``."""
    row, column = truth.aux["carrier"]
    at = np.arange(size)
    ramp = np.mod(row * at, 1.0)[:, None] + np.mod(column * at, 1.0)[None, :]
    return np.asarray(
        truth.aux["offset"] + truth.aux["modulation"] * np.cos(2 * math.pi * ramp + truth.aux["aberration"] + truth.phase)
    )


_LEAST_ELECTRONS = 1e-3
"""Smallest expected count, so that a Poisson distribution has a mean where the light fades out."""


def camera_frame(expected: np.ndarray, photons: float | None, read_noise: float, rng: Rng) -> np.ndarray:
    """The camera's frame of an expected one, float32: electrons where there are photons, without noise where not."""
    if photons is None:
        return expected.astype(np.float32)
    counts = rng.poisson(np.maximum(expected, _LEAST_ELECTRONS)).astype(np.float32)
    return np.asarray(counts + np.float32(read_noise) * rng.standard_normal(counts.shape, dtype=np.float32))
