"""Phase objects from the pictures that come with scikit-image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.core import Problem, Provenance, Split, register, setting

from ..readers.pictures import centre_square, random_square, resized, stretched
from ._simulated import PictureOfPhase

PICTURES = {
    "test": (
        "camera",
        "astronaut",
        "coffee",
        "chelsea",
        "rocket",
        "coins",
        "moon",
        "page",
        "clock",
        "brick",
        "gravel",
        "cell",
    ),
    "tune": ("retina", "hubble_deep_field", "immunohistochemistry", "text", "grass"),
}
"""Pictures inside the scikit-image wheel, so that nothing is downloaded; a split has its own, and train has tune's."""


@register(
    "near-field-image",
    task="near-field",
    cite=(
        "Wang et al., Light Sci. Appl. 9 (2020) 77, doi:10.1038/s41377-020-0302-3; "
        "pictures: van der Walt et al., PeerJ 2 (2014) e453, doi:10.7717/peerj.453; "
        "cell: Mueller et al., Opt. Express 26 (2018) 10729, doi:10.1364/OE.26.010729"
    ),
    licence="the pictures' own: public domain or CC0, see skimage.data",
    tags=("simulated",),
)
@dataclass(frozen=True)
class NearFieldImage(PictureOfPhase):
    """A phase object (size, size) whose phase is a photograph, or the measured phase of a cell, and its intensity at a distance.

    Test samples 0 to 11 of seed 0 are the centred squares of twelve pictures; all others are squares cut out at random, turned
    and mirrored. The tune and train splits have pictures of their own unless ``image`` names one.
    """

    image: str = setting("all", choices=("all", *PICTURES["test"], *PICTURES["tune"]), doc="name in skimage.data; all: in turn")

    example: ClassVar[dict[str, object]] = {"size": 48, "distance_m": 3e-3, "padding": 16}

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Cut problem ``index`` out of its picture."""
        of_crop, of_noise = self.streams(2, index, seed, split)
        names = PICTURES["test" if split == "test" else "tune"] if self.image == "all" else (self.image,)
        name = names[index % len(names)]
        grey = _grey(name)
        is_published = (split, seed) == ("test", 0) and index < len(names)
        return self.problem_of(
            stretched(resized(centre_square(grey) if is_published else random_square(grey, of_crop), self.size)),
            (index, seed, split),
            of_noise,
            name=f"{self.plugin_name}-{name}",
            provenance=Provenance(source=f"scikit-image, {name}; propagated by prbench", licence=self.info.licence),
        )


def _grey(name: str) -> np.ndarray:
    from skimage import color, data

    picture = np.asarray(getattr(data, name)())
    return np.asarray(color.rgb2gray(picture) if picture.ndim == 3 else picture, np.float64)
