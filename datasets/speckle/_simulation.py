"""Images of a membrane's speckles by wave optics, without and with a sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from prbench.backend import Array, Backend
from prbench.errors import UsageError
from prbench.physics.materials import PLANCK_TIMES_C_EV_M, Refraction, refraction
from prbench.physics.propagation import transfer_function

from ._grains import Membrane

_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
_STEP = 0.75
"""Scale of the spiral that the membrane is stepped along, in grain diameters: neighbours lie about 1.3 of them apart."""
_FWHM = 2 * math.sqrt(2 * math.log(2))
_LARGEST_PAD_PX = 256


@dataclass(frozen=True)
class Beamline:
    """Source, membrane, sample and detector, and the grid that the wave between them is computed on.

    A spherical wave from a small source is computed as a plane one (Fresnel scaling theorem; Paganin, Coherent X-Ray Optics,
    2006, appendix B): lengths across the beam are those at the sample, pixels are ``pixel_m / magnification``, distances
    ``distance_m / magnification``.

    Attributes:
        energy_ev: photon energy.
        source_m: from source to sample.
        source_fwhm_m: size of the source.
        membrane_m: from membrane to sample, the membrane upstream.
        distance_m: from sample to detector.
        pixel_m: of the detector.
        psf_px: full width at half maximum of the detector's Gaussian response, in pixels; a pixel's area comes on top.
        size: side of the image in pixels.
        oversampling: samples of the wave a pixel, along one axis.
    """

    energy_ev: float
    source_m: float
    source_fwhm_m: float
    membrane_m: float
    distance_m: float
    pixel_m: float
    psf_px: float
    size: int
    oversampling: int

    @property
    def wavelength_m(self) -> float:
        """From the photon energy."""
        return PLANCK_TIMES_C_EV_M / self.energy_ev

    @property
    def magnification(self) -> float:
        """Of the sample on the detector."""
        return (self.source_m + self.distance_m) / self.source_m

    @property
    def membrane_magnification(self) -> float:
        """Of the membrane at the sample."""
        return self.source_m / (self.source_m - self.membrane_m)

    @property
    def effective_pixel_m(self) -> float:
        """A pixel's size at the sample."""
        return self.pixel_m / self.magnification

    @property
    def effective_distance_m(self) -> float:
        """From sample to detector, in the plane wave's stead."""
        return self.distance_m / self.magnification

    @property
    def step_m(self) -> float:
        """Between samples of the wave."""
        return self.effective_pixel_m / self.oversampling

    @property
    def pixels_per_slope(self) -> float:
        """Displacement in pixels by a gradient of the phase of one radian a metre: ``z / (k pixel)``."""
        return self.effective_distance_m * self.wavelength_m / (2 * math.pi * self.effective_pixel_m)

    @property
    def blur_px(self) -> float:
        """Standard deviation in pixels of the detector's response and the source's image, seen through the membrane."""
        throw = (self.distance_m + self.membrane_m) / (self.source_m - self.membrane_m)
        return math.hypot(self.psf_px, self.source_fwhm_m * throw / self.pixel_m) / _FWHM

    @cached_property
    def pad(self) -> int:
        """Pixels of margin on every side: farther than light on this grid travels sideways, to a length good for the FFT."""
        import scipy.fft

        steepest = self.wavelength_m / (2 * self.step_m)
        full_side = self.membrane_magnification * self.membrane_m + self.effective_distance_m
        pad = math.ceil(steepest * full_side / self.effective_pixel_m + 3 * self.blur_px) + 4
        if pad > _LARGEST_PAD_PX:
            raise UsageError(
                f"sandpaper: light diffracted by pixels of {self.pixel_m:g} m at oversampling {self.oversampling} spreads over "
                f"{pad} pixels, too far to simulate; use coarser pixels, a lower oversampling or a shorter distance_m"
            )
        while (side := (self.size + 2 * pad) * self.oversampling) != scipy.fft.next_fast_len(side):
            pad += 1
        return pad

    @property
    def side(self) -> int:
        """Samples per side of the grid of the wave, margins included."""
        return (self.size + 2 * self.pad) * self.oversampling

    @cached_property
    def response(self) -> np.ndarray:
        """What a pixel sees of the grid along one axis: (size, side) float32, rows summing to 1.

        The Gaussian of :attr:`blur_px` integrated over the pixel's width, so that blur, binning and cropping are two products.
        """
        from scipy.special import ndtr

        samples = (np.arange(self.side) + 0.5) / self.oversampling - self.pad
        edges = np.arange(self.size + 1)[:, None] - samples
        passed = ndtr(edges / self.blur_px) if self.blur_px > 0 else (edges > 0).astype(np.float64)
        pixel_means = np.diff(passed, axis=0)
        return np.asarray(pixel_means / pixel_means.sum(axis=1, keepdims=True), dtype=np.float32)

    def pixel_means(self, field: np.ndarray) -> np.ndarray:
        """A field on the grid, (..., side, side), as pixels average it: (..., size, size), dtype of ``field``."""
        response = self.response.astype(field.dtype)
        return np.asarray(response @ field @ response.T)


def membrane_positions(line: Beamline, grain_m: float, images: int) -> np.ndarray:
    """Where the membrane stands for each image: (images, 2) int, samples of the grid, on a spiral whose start is the origin."""
    n = np.arange(images)
    radius = _STEP * grain_m * line.membrane_magnification / line.step_m * np.sqrt(n)
    return np.asarray(np.rint(np.stack([radius * np.sin(n * _GOLDEN_ANGLE), radius * np.cos(n * _GOLDEN_ANGLE)], axis=1)), int)


def wave_behind(thickness_m: np.ndarray, material: Refraction, backend: Backend) -> Array:
    """What a plane wave is multiplied by, ``exp(-(i k delta + mu / 2) t)``, complex on ``backend``."""
    thickness = thickness_m.astype(np.float32, copy=False)
    amplitude = np.exp(np.float32(-material.attenuation_per_m / 2) * thickness)
    phase = np.float32(material.phase_per_m) * thickness
    wave = np.empty(thickness.shape, np.complex64)  # by its parts: a complex exponential takes four times as long
    wave.real, wave.imag = amplitude * np.cos(phase), amplitude * np.sin(phase)
    return backend.asarray(wave)


def expose(
    line: Beamline, membrane: Membrane, images: int, sample_wave: Array, backend: Backend
) -> tuple[np.ndarray, np.ndarray]:
    """Noise-free images without and with the sample, (images, size, size) float32 each, in units of the incident beam.

    Args:
        line: the geometry.
        membrane: stepped along a spiral of ``images`` positions.
        images: how many.
        sample_wave: complex (side, side) on ``backend``, from :func:`wave_behind`.
        backend: to compute with.
    """
    positions = membrane_positions(line, membrane.grain_m, images)
    reach = int(np.abs(positions).max())
    full_side = line.side + 2 * reach
    thickness = membrane.thickness_m((full_side, full_side), line.step_m / line.membrane_magnification)
    grains = refraction("sic", line.energy_ev).against(refraction("phenolic-resin", line.energy_ev))
    scanned = wave_behind(thickness, grains, backend)
    before = _transfer(line.side, line.wavelength_m, line.step_m, line.membrane_m * line.membrane_magnification, backend)
    behind = _transfer(line.side, line.wavelength_m, line.step_m, line.effective_distance_m, backend)
    response = backend.asarray(line.response)
    frames = (images, line.size, line.size)
    reference, sample = np.empty(frames, np.float32), np.empty(frames, np.float32)
    for n, (row, column) in enumerate(positions + reach):
        wave = scanned[row : row + line.side, column : column + line.side]
        arriving = backend.fftn(wave, 2) * before
        reference[n] = _image(arriving * behind, response, backend)
        exit_spectrum = backend.fftn(backend.ifftn(arriving, 2) * sample_wave, 2)
        sample[n] = _image(exit_spectrum * behind, response, backend)
    return reference, sample


@lru_cache(maxsize=4)
def _transfer(side: int, wavelength_m: float, pixel_m: float, distance_m: float, backend: Backend) -> Array:
    return transfer_function((side, side), wavelength_m=wavelength_m, pixel_m=pixel_m, distance_m=distance_m, backend=backend)


def _image(spectrum: Array, response: Array, backend: Backend) -> np.ndarray:
    wave = backend.ifftn(spectrum, 2)
    intensity = backend.xp.real(wave) ** 2 + backend.xp.imag(wave) ** 2
    return backend.to_numpy(response @ intensity @ response.T)
