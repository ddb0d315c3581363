"""Series of images in numbered files, as beamlines store them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from prbench.core.data_files import sha256_of
from prbench.errors import BadInput, one_line

from .formats import read_array
from .raw import MAX_PIXELS
from .series import EXPECTED, Address, parse_address

Region = tuple[slice, slice]
WHOLE: Region = (slice(None), slice(None))


def image_series(address: str, what: str) -> Address:
    """Where a series is: a folder, a pattern, a file with a stack, or an array inside one, ``file.h5::/array``.

    Raises:
        BadInput: where there are none.
    """
    result = parse_address(address, what)
    if not result.is_series and not result.paths[0].is_file():
        raise BadInput(f"{what}: no images at {one_line(address, 120)!r}, {EXPECTED}")
    return result


def image_files(address: str, what: str) -> list[Path]:
    """The files of a series, by number: ``Ref2.tif`` stands before ``Ref10.tif``.

    Args:
        address: a folder, of which every image is taken; a pattern such as ``scan/Ref*.tif``; or one file.
        what: the setting's name, for messages.

    Raises:
        BadInput: where there are none.
    """
    return list(image_series(address, what).paths)


def read_images(paths: Sequence[Path], region: Region = WHOLE, inside: str | None = None) -> np.ndarray:
    """Read files of one image each, or one file of a stack, cut to a region: float32 (N, H, W); ``inside`` names its array.

    Raises:
        BadInput: naming the file, where it cannot be read, is no real image, has another shape than the first, or does not hold
            the region.
    """
    images: list[np.ndarray] = []
    frame: tuple[int, ...] | None = None
    for path in paths:
        raw = read_array(path, inside)
        stack = raw.data[None] if raw.data.ndim == 2 else raw.data
        if stack.dtype.kind not in "iuf" or stack.ndim != 3 or (len(stack) > 1 and len(paths) > 1):
            raise BadInput(f"{raw.where}: holds {raw.data.dtype} of shape {raw.data.shape}, expected one real image per file")
        frame = frame or stack.shape[1:]
        if stack.shape[1:] != frame:
            raise BadInput(f"{raw.where}: image is {stack.shape[1:]}, that in {paths[0].name} {frame}; they must be equal")
        for axis, part in zip(frame, region, strict=True):
            if part.stop is not None and part.stop > axis:
                raise BadInput(f"{raw.where}: image is {frame}, the crop ends at {part.stop}")
        images.extend(np.asarray(image[region], np.float32) for image in stack)
        if len(images) * images[0].size > MAX_PIXELS:
            raise BadInput(f"{raw.where}: {len(images)} images of {images[0].shape} exceed {MAX_PIXELS} pixels; crop them")
    return np.stack(images)


def sha256_of_all(paths: Iterable[Path]) -> str:
    """One checksum over the contents of several files, in their order."""
    together = hashlib.sha256()
    for path in paths:
        together.update(bytes.fromhex(sha256_of(path)))
    return together.hexdigest()
