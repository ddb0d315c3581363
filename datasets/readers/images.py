"""TIFF and EDF, the image formats that detectors write."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from prbench.errors import BadInput, one_line

from .pattern import Raw, check_declared

_EDF_HEADER_BYTES = 65536


def read_tiff(path: Path, inside: str | None = None) -> Raw:
    """Read a TIFF of one page, or of several pages of one shape as a 3D stack.

    Source of the format: TIFF 6.0 (Aldus, 1992), read by tifffile.
    """
    import tifffile

    _no_place(path, inside)
    with _quiet("tifffile"), tifffile.TiffFile(path) as file:
        if len(file.series) != 1:
            raise BadInput(f"{path}: holds {len(file.series)} images of different shape, expected one or a stack of equal ones")
        series = file.series[0]
        if series.keyframe.samplesperpixel != 1:
            raise BadInput(f"{path}: has {series.keyframe.samplesperpixel} samples a pixel, expected one; it is a colour picture")
        check_declared(str(path), tuple(series.shape), np.dtype(series.dtype))
        data = np.asarray(series.asarray())
    return Raw(data, str(path))


def read_edf(path: Path, inside: str | None = None) -> Raw:
    """Read an ESRF data format file of one frame, or of several frames of one shape as a 3D stack.

    Data in another file than the header's, and compressed data, are refused.
    """
    from fabio.edfimage import EdfImage

    _no_place(path, inside)
    size = path.stat().st_size
    with path.open("rb") as stream:
        _check_edf_header(path, stream.read(_EDF_HEADER_BYTES), size)
    with _quiet("fabio"):
        image = EdfImage().read(str(path))
        try:
            frames = list(image.frames())  # getframe would go on to the next file of a series
            for frame in frames:
                _check_edf_frame(path, frame, size)
            shapes = {tuple(frame.shape) for frame in frames}
            if len(shapes) != 1:
                raise BadInput(f"{path}: frames have shapes {one_line(sorted(shapes), 80)}, expected one shape")
            check_declared(str(path), (len(frames), *shapes.pop()), np.dtype(frames[0].data.dtype))
            data = np.stack([np.asarray(frame.data) for frame in frames])
        finally:
            image.close()
    return Raw(data[0] if len(data) == 1 else data, str(path))


def _check_edf_header(path: Path, head: bytes, size: int) -> None:
    """Refuse what fabio would pad with zeros, decompress or fetch from elsewhere, from the first header alone."""
    text = head.decode("latin-1")
    if not text.lstrip().startswith("{"):
        raise BadInput(f"{path}: does not start with an EDF header")
    text = text.partition("}")[0]
    if re.search(r"EDF_BinaryFileName\s*=", text, re.IGNORECASE):
        raise BadInput(f"{path}: its data are in another file, which is not followed")
    if re.search(r"Compression\s*=\s*(?!none)\S", text, re.IGNORECASE):
        raise BadInput(f"{path}: its data are compressed, expected plain EDF")
    dimensions = [int(n) for n in re.findall(r"Dim_\d+\s*=\s*(\d{1,18})", text)]
    if not dimensions:
        raise BadInput(f"{path}: the EDF header names no dimensions (Dim_1, Dim_2)")
    if math.prod(dimensions) > size:
        raise BadInput(f"{path}: declares {math.prod(dimensions)} pixels in {size} bytes; the file is truncated")


def _check_edf_frame(path: Path, frame: Any, size: int) -> None:
    if frame.bfname is not None:
        raise BadInput(f"{path}: its data are in another file, which is not followed")
    if frame.start is not None and frame.size is not None and frame.start + frame.size > size:
        raise BadInput(f"{path}: declares {frame.size} bytes of data behind a header of {frame.start}, the file has {size}")


def _no_place(path: Path, inside: str | None) -> None:
    if inside is not None:
        raise BadInput(f"{path}: {one_line(inside, 60)!r} cannot be chosen in a picture; there is one array in it")


@contextmanager
def _quiet(logger: str) -> Iterator[None]:
    """Keep a library's own messages about a bad file off the terminal: the error that follows says it in one line."""
    log = logging.getLogger(logger)
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(before)
