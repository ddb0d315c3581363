"""From a simulated object to a problem: ideal diffraction, photon noise, beamstop."""

from __future__ import annotations

import math
from typing import ClassVar, Protocol

import numpy as np

from prbench.core import Problem, Provenance, Reconstruction, Split
from prbench.physics.noise import beamstop, shot_noise
from prbench.tasks.far_field import FarField
from prbench.tasks.far_field.coherence import blurred, longest_side


def diffraction(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """``|F X|^2`` of an object placed on a grid of ``shape``, float64, zero frequency at index ``n // 2``."""
    import scipy.fft

    spectrum = scipy.fft.fftn(x.astype(np.complex128), s=shape)
    return np.asarray(scipy.fft.fftshift(np.abs(spectrum) ** 2))


class ExposedPattern(Protocol):
    """A dataset whose patterns are exposed to a number of photons behind a beamstop."""

    plugin_name: ClassVar[str]

    @property
    def photons(self) -> float | None:
        """Mean expected photons a detector pixel, or None for the ideal pattern."""

    @property
    def beamstop(self) -> float:
        """Radius of the round beamstop in pixels, 0 for none."""


def make_problem(
    dataset: ExposedPattern,
    which: tuple[int, int, Split],
    x: np.ndarray,
    region: np.ndarray,
    rng: np.random.Generator,
    *,
    name: str = "",
    nonnegative: bool = False,
    coherence: float | None = None,
) -> Problem:
    """The problem of an object on a detector of twice its side, exposed as its dataset says.

    Args:
        dataset: it gives photons and beamstop.
        which: index, seed and split of the problem.
        x: complex object.
        region: bool, where the object is.
        rng: of the noise.
        name: for the identifier, where the dataset's own does not tell enough.
        nonnegative: the solver is told that the real part is nonnegative.
        coherence: standard deviation of the beam's degree of coherence in sides of the object's frame; None: full coherence.
    """
    index, seed, split = which
    truth = x.astype(np.complex64)
    shape = tuple(2 * n for n in truth.shape)
    ideal = diffraction(truth, shape)
    if coherence is not None:
        ideal = blurred(ideal, coherence * longest_side(truth.shape))
    gain = None
    if dataset.photons is not None:
        ideal, gain = shot_noise(ideal, rng, photons_per_pixel=dataset.photons)
    mask = beamstop(shape, dataset.beamstop) if dataset.beamstop > 0 else None
    measurement = FarField(ideal.astype(np.float32), mask, truth.shape, gain=gain, nonnegative=nonnegative)
    return Problem(
        measurement=measurement,
        truth=Reconstruction(object=truth),
        id=f"{name or dataset.plugin_name}-{split}-{seed}-{index}",
        split=split,
        provenance=Provenance(source=f"simulated by prbench, dataset {dataset.plugin_name}", licence="BSD-3-Clause"),
        object_region=region,
    )


def radians(strength: float) -> float:
    """A phase range given in units of pi, in radians."""
    return strength * math.pi
