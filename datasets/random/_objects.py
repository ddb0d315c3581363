"""Objects for random measurements, and the measurement made of them."""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Protocol

import numpy as np

from prbench.backend import get_backend
from prbench.core import Problem, Provenance, Reconstruction, Split
from prbench.errors import UsageError
from prbench.physics.noise import shot_noise
from prbench.tasks.random import RandomLinear

PICTURES = ("camera", "coins", "moon", "text", "cell", "brick", "grass", "gravel", "page", "clock", "retina", "astronaut")
"""Pictures that scikit-image installs with itself."""

OBJECTS = ("noise", "pictures", *PICTURES)
"""Complex normal noise, all pictures in turn, or one of them."""


class ExposedMap(Protocol):
    """A dataset whose intensities are noisy in one of two ways, or not at all."""

    plugin_name: ClassVar[str]

    @property
    def photons(self) -> float | None:
        """Mean photons a measured value; no shot noise where None."""

    @property
    def snr_db(self) -> float | None:
        """Signal to normal noise on the intensities in dB; none where None."""


def complex_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Complex normal numbers of mean square 1."""
    return np.asarray((rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2))


def unit_phases(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Complex numbers of modulus 1 and uniformly random phase."""
    return np.asarray(np.exp(2j * np.pi * rng.random(shape)))


def draw_object(name: str, size: int, index: int, rng: np.random.Generator) -> np.ndarray:
    """An object of (size, size): random numbers, or a picture as modulus, its grey values from 0 to 1.

    One picture is rotated by 90 degrees from sample to sample; of all of them each sample has the next, rotated only once they
    have all been. The phase of a picture is a smooth random one of a few radians.
    """
    if name == "noise":
        return complex_normal(rng, (size, size))
    from scipy.ndimage import gaussian_filter
    from skimage import data
    from skimage.color import rgb2gray
    from skimage.transform import resize
    from skimage.util import img_as_float

    turns, which = divmod(index, len(PICTURES)) if name == "pictures" else (index, PICTURES.index(name))
    image = img_as_float(getattr(data, PICTURES[which])())  # type: ignore[no-untyped-call]
    image = rgb2gray(image) if image.ndim == 3 else image
    side = min(image.shape)
    top, left = ((n - side) // 2 for n in image.shape)
    square = np.rot90(image[top : top + side, left : left + side], turns % 4)
    modulus = resize(square, (size, size), anti_aliasing=True)  # type: ignore[no-untyped-call]
    phase = gaussian_filter(rng.standard_normal((size, size)), size / 10, mode="wrap")
    return np.asarray(modulus * np.exp(2j * phase / phase.std()))


def make_problem(
    dataset: ExposedMap, which: tuple[int, int, Split], x: np.ndarray, y: RandomLinear, rng: np.random.Generator
) -> Problem:
    """The problem of an object under a map, exposed as its dataset says.

    Args:
        dataset: it gives the noise.
        which: index, seed and split of the problem.
        x: complex object.
        y: a measurement with the map and any intensities, on the host.
        rng: of the noise.

    Raises:
        UsageError: where the dataset asks for both kinds of noise.
    """
    if dataset.photons is not None and dataset.snr_db is not None:
        raise UsageError(f"{dataset.plugin_name}: noise is given by photons or by snr_db, not by both")
    truth = x.astype(np.complex64)
    intensity = y.to(get_backend("numpy", "double")).forward(truth)
    gain = None
    if dataset.photons is not None:
        measured = intensity if y.mask is None else np.where(y.mask, intensity, 0)
        intensity, gain = shot_noise(measured, rng, photons_per_pixel=dataset.photons)
    if dataset.snr_db is not None:
        sigma = np.sqrt(np.mean(intensity**2)) * 10 ** (-dataset.snr_db / 20)
        intensity = np.maximum(intensity + sigma * rng.standard_normal(intensity.shape), 0)
    index, seed, split = which
    return Problem(
        measurement=dataclasses.replace(y, intensity=intensity.astype(np.float32), gain=gain),
        truth=Reconstruction(object=truth),
        id=f"{dataset.plugin_name}-{split}-{seed}-{index}",
        split=split,
        provenance=Provenance(source=f"simulated by prbench, dataset {dataset.plugin_name}", licence="BSD-3-Clause"),
    )
