"""From a simulated object to a problem: ideal diffraction, photon noise, beamstop."""

from __future__ import annotations

import math

import numpy as np

from prbench.core import FarField, Problem, Provenance, Reconstruction, Split
from prbench.physics.noise import beamstop, shot_noise


def diffraction(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """``|F X|^2`` of an object placed on a grid of ``shape``, float64, zero frequency at index ``n // 2``."""
    import scipy.fft

    spectrum = scipy.fft.fftn(x.astype(np.complex128), s=shape)
    return np.asarray(scipy.fft.fftshift(np.abs(spectrum) ** 2))


def make_problem(
    x: np.ndarray,
    *,
    name: str,
    index: int,
    seed: int,
    split: Split,
    rng: np.random.Generator,
    photons: float | None,
    stop: float,
    region: np.ndarray,
    real: bool = False,
    nonnegative: bool = False,
) -> Problem:
    """The problem of an object on a detector of twice its side, with noise from ``rng`` and a round beamstop.

    Args:
        x: complex object, at most 2**31 pixels.
        name: of the dataset, for the identifier.
        index: of the sample.
        seed: of the problem.
        split: tune, test or train.
        rng: of the noise.
        photons: mean expected photons a detector pixel, or None for the ideal pattern.
        stop: radius of the beamstop in pixels, 0 for none.
        region: bool, where the object is.
        real: the solver is told that the object is real.
        nonnegative: the solver is told that the real part is nonnegative.
    """
    truth = x.astype(np.complex64)
    shape = tuple(2 * n for n in truth.shape)
    ideal = diffraction(truth, shape)
    gain = None
    if photons is not None:
        ideal, gain = shot_noise(ideal, rng, photons_per_pixel=photons)
    mask = beamstop(shape, stop) if stop > 0 else None
    measurement = FarField(ideal.astype(np.float32), mask, truth.shape, gain=gain, real=real, nonnegative=nonnegative)
    return Problem(
        measurement=measurement,
        truth=Reconstruction(object=truth),
        id=f"{name}-{split}-{seed}-{index}",
        split=split,
        provenance=Provenance(source=f"simulated by prbench, dataset {name}", licence="BSD-3-Clause"),
        object_region=region,
    )


def radians(strength: float) -> float:
    """A phase range given in units of pi, in radians."""
    return strength * math.pi
