"""Phase objects from the images that come with scikit-image, a measured phase of a cell among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from prbench.core import Dataset, Problem, Rng, Split, register, setting

from ._crystals import BOX, inside_polygon, pixel_axes
from ._simulated import make_problem, radians

IMAGES = ("cell", "camera", "coins", "moon", "brick", "grass", "gravel", "page", "text", "clock", "retina", "astronaut")
"""Images inside the scikit-image wheel, so that nothing is downloaded."""

_CELL = (slice(252, 496), slice(306, 550))
"""The part of ``cell`` with the cell in its middle; the rest is background."""

_CORNERS = ((-0.42, -0.43), (-0.42, 0.43), (0.20, 0.30), (0.42, -0.25))
"""Of the polygonal aperture. It has no symmetry, so that a shape alone tells an object from its conjugate flip."""


@register(
    "phase-image",
    task="far-field",
    cite=(
        "van der Walt et al., PeerJ 2 (2014) e453, doi:10.7717/peerj.453; "
        "cell: Mueller et al., Opt. Express 26 (2018) 10729, doi:10.1364/OE.26.010729"
    ),
    licence="the images' own: public domain or CC0, see skimage.data",
    tags=("simulated",),
)
@dataclass(frozen=True)
class PhaseImage(Dataset):
    """A phase object of magnitude 1 within an aperture, its phase an image of scikit-image.

    ``cell`` is a measured quantitative phase of a cell (digital holography, 660x550), cut to the cell's surroundings; the others
    are photographs. Test problem 0 of seed 0 is the largest centred square of the image; every other problem is a square cut out
    at random, turned and mirrored at random, different for each split. Grey values run from 0 to ``strength`` pi.
    """

    image: str = setting("cell", choices=IMAGES, doc="name of the image in skimage.data")
    size: int = setting(64, valid="[16, 512]", range=(32, 256), doc="side of the object; half the detector's", unit="px")
    strength: float = setting(1.0, valid="[0, 100]", range=(0.2, 2), doc="phase runs from 0 to this", unit="pi")
    aperture: Literal["polygon", "disc", "smooth"] = setting(
        "polygon", doc="outline of the object; smooth is a disc with a soft edge"
    )
    photons: float | None = setting(
        None, valid="(0, 1e15]", range=(1, 1e4), log=True, doc="mean photons per pixel; none: no noise"
    )
    beamstop: float = setting(0, valid="[0, inf)", range=(0, 8), doc="radius of the disc hidden around zero frequency", unit="px")

    example: ClassVar[dict[str, object]] = {"size": 32}

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Cut problem ``index`` out of the image."""
        of_crop, of_noise = self.streams(2, index, seed, split)
        grey = _grey(self.image)
        is_published = (split, seed, index) == ("test", 0, 0)
        square = _centre_square(grey) if is_published else _random_square(grey, of_crop)
        magnitude = _aperture(self.size, self.aperture)
        inside = magnitude > 0
        phase = radians(self.strength) * _resized(square, self.size)
        return make_problem(
            self, (index, seed, split), magnitude * np.exp(1j * phase), inside, of_noise, name=f"{self.plugin_name}-{self.image}"
        )


def _grey(name: str) -> np.ndarray:
    import skimage.color
    import skimage.data

    image = getattr(skimage.data, name)()
    if name == "cell":
        image = image[_CELL]
    return np.asarray(skimage.color.rgb2gray(image) if image.ndim == 3 else image / 255.0)


def _centre_square(image: np.ndarray) -> np.ndarray:
    side = min(image.shape)
    r, c = ((n - side) // 2 for n in image.shape)
    return image[r : r + side, c : c + side]


def _random_square(image: np.ndarray, rng: Rng) -> np.ndarray:
    side = round(min(image.shape) * rng.uniform(0.8, 0.95))
    r, c = (int(rng.integers(0, n - side + 1)) for n in image.shape)
    rotated = np.rot90(image[r : r + side, c : c + side], int(rng.integers(4)))
    return rotated[:, ::-1] if rng.integers(2) else rotated


def _resized(image: np.ndarray, size: int) -> np.ndarray:
    """The image sampled at (size, size) without aliasing, stretched to [0, 1]."""
    import skimage.transform

    resize: Callable[..., np.ndarray] = skimage.transform.resize
    small = resize(image, (size, size), order=1, anti_aliasing=True)
    return np.asarray((small - small.min()) / max(float(small.max() - small.min()), 1e-12))


def _aperture(size: int, kind: str) -> np.ndarray:
    """Magnitude of the object: an irregular polygon, a disc of 110/128 of the side, or one that fades over its outer fifth."""
    if kind == "polygon":
        return inside_polygon(np.array(_CORNERS), size).astype(np.float64)
    rows, columns = np.meshgrid(pixel_axes(size), pixel_axes(size), indexing="ij")
    depth = 1 - np.hypot(rows, columns) / (BOX / 2)
    rise = np.clip(depth / 0.2, 0, 1) if kind == "smooth" else (depth > 0).astype(np.float64)
    return np.asarray(rise**2 * (3 - 2 * rise))
