"""The twelve test pictures of prDeep, which two benchmarks measure."""

from __future__ import annotations

import numpy as np

from prbench.core.data_files import DataFile
from prbench.errors import BadInput

from ..readers.locate import locate
from ..readers.pictures import read_picture
from .table import originals_of

SIDE = 128
WHITE = 255.0
LICENCE = "BSD-style, Rice University"
REPOSITORY = "https://github.com/ricedsp/prDeep"

FILES: tuple[DataFile, ...] = tuple(
    DataFile(
        name=f"far_field/natural_images/{picture.name}",
        licence=LICENCE,
        urls=(picture.url,),
        sha256=picture.sha256,
        note=f"a test picture of prDeep ({REPOSITORY})",
    )
    for picture in originals_of("natural-images")
)


def natural_image(index: int, dataset: str) -> tuple[np.ndarray, str, str]:
    """Picture ``index``, complex64 (128, 128) of values from 0 to 255, with its name and the checksum of its file.

    Eleven pictures of 512x512 and one of 256x256 pixels are reduced by means over squares of 4x4, or 2x2, pixels.

    Args:
        index: below twelve.
        dataset: who asks, for the message where the file is missing.

    Raises:
        DataNotFound: where the file is not whole on this machine.
        BadInput: for a picture whose side is no multiple of 128.
    """
    path, sha256 = locate(FILES[index], dataset)
    return reduced(read_picture(path), str(path)).astype(np.complex64), path.stem, sha256


def reduced(picture: np.ndarray, where: str) -> np.ndarray:
    """A square picture as (128, 128), float32: the mean over squares of as many pixels as that takes.

    Raises:
        BadInput: for a side that is no multiple of 128.
    """
    side = picture.shape[0]
    if picture.shape != (side, side) or side % SIDE:
        raise BadInput(f"{where}: has {picture.shape} pixels, expected a square with sides of a multiple of {SIDE}")
    factor = side // SIDE
    return np.asarray(picture.reshape(SIDE, factor, SIDE, factor).mean(axis=(1, 3)), np.float32)
