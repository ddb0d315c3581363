"""What measured speckle stacks share: settings that name a part of them, and what to do with unusable pixels."""

from __future__ import annotations

import re

import numpy as np

from prbench.errors import UsageError, one_line

from ..readers.tiff_folders import WHOLE, Region

IMAGES_DOC = "pairs of images to use, the first ones; none: all"


def first_pairs(stack: np.ndarray, images: int | None, where: str) -> np.ndarray:
    """The first images of a stack, or all.

    Raises:
        UsageError: where there are not as many.
    """
    if images is not None and images > len(stack):
        raise UsageError(f"{where}: images must be at most {len(stack)}, the number of pairs, got {images}")
    return stack[:images]


def parse_region(text: str | None, where: str) -> Region:
    """A part of a frame written as ``870:1300x140:2360``, rows then columns; all of it for None.

    Raises:
        UsageError: where the text does not have this form.
    """
    if text is None:
        return WHOLE
    numbers = re.fullmatch(r"(\d{1,6}):(\d{1,6})x(\d{1,6}):(\d{1,6})", text)
    edges = [int(n) for n in numbers.groups()] if numbers else []
    if not edges or edges[0] >= edges[1] or edges[2] >= edges[3]:
        raise UsageError(f"{where} must be rows and columns such as 870:1300x140:2360, got {one_line(text, 40)!r}")
    return slice(edges[0], edges[1]), slice(edges[2], edges[3])


def usable(reference: np.ndarray, sample: np.ndarray, beam: np.ndarray | None = None) -> np.ndarray:
    """Pixels, bool (H, W), in which every image is finite and reference and beam, dark current gone, are positive."""
    with np.errstate(invalid="ignore"):
        good = np.isfinite(reference).all(axis=0) & np.isfinite(sample).all(axis=0) & (reference > 0).all(axis=0)
        return np.asarray(good if beam is None else good & np.isfinite(beam) & (beam > 0))


def corrected(stack: np.ndarray, dark: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """``(I - dark) / (flat - dark)`` image by image, each with its own dark current; not finite where that has no sense."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((stack - dark) / (flat - dark))
