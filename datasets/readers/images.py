"""TIFF and EDF, the image formats that detectors write."""

from __future__ import annotations

import logging
import math
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from prbench.errors import BadInput, one_line

from .raw import Raw, check_declared

_HEADER_BYTES = 65536
_TIFF = {42: ("H", 12, "I", 4), 43: ("Q", 20, "Q", 8)}
"""By version: formats of the count of a directory's entries and of a link, bytes of an entry, offset of the first link."""
_MAX_PAGES = 100_000


def read_tiff(path: Path, inside: str | None = None) -> Raw:
    """Read a TIFF of one page, or of several pages of one shape as a 3D stack.

    Source of the format: TIFF 6.0 (Aldus, 1992), read by tifffile.
    """
    import tifffile

    _refuse_inside(path, inside)
    _check_pages(path)
    with _quiet("tifffile"), tifffile.TiffFile(path) as file:
        if len(file.series) != 1:
            raise BadInput(f"{path}: holds {len(file.series)} images of different shape, expected one or a stack of equal ones")
        series = file.series[0]
        if series.keyframe.samplesperpixel != 1:
            raise BadInput(
                f"{path}: has {series.keyframe.samplesperpixel} samples per pixel, expected one; it is a colour picture"
            )
        check_declared(str(path), tuple(series.shape), np.dtype(series.dtype), path.stat().st_size)
        _check_segments(path, series)
        data = np.asarray(series.asarray())
    return Raw(data, str(path))


def _check_pages(path: Path) -> None:
    """Walk through the chain of pages (image file directories), which must end inside the file and meet no page twice."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(16)
        order = {b"II": "<", b"MM": ">"}.get(head[:2])
        version = struct.unpack(f"{order}H", head[2:4])[0] if order and len(head) == 16 else 0
        if version not in _TIFF:
            raise BadInput(f"{path}: does not start with a TIFF header")
        count, entry, link, first = _TIFF[version]
        (offset,) = struct.unpack_from(f"{order}{link}", head, first)
        seen: set[int] = set()
        while offset:
            if offset in seen or len(seen) >= _MAX_PAGES or not 8 <= offset < size:
                raise BadInput(f"{path}: page {len(seen)} is said to be at byte {offset} of {size}; the file is damaged")
            seen.add(offset)
            stream.seek(offset)
            (entries,) = _unpack(stream, f"{order}{count}", path)
            stream.seek(min(entries * entry, size), 1)
            (offset,) = _unpack(stream, f"{order}{link}", path)


def _unpack(stream: IO[bytes], form: str, path: Path) -> tuple[int, ...]:
    content = stream.read(struct.calcsize(form))
    if len(content) < struct.calcsize(form):
        raise BadInput(f"{path}: a page's directory is longer than the file; the file is truncated")
    return struct.unpack(form, content)


def _check_segments(path: Path, series: Any) -> None:
    """Refuse what tifffile would fill with zeros: strips or tiles that are missing, empty or behind the end of the file."""
    size = path.stat().st_size
    if series.dataoffset is not None:
        held, wanted = size - series.dataoffset, math.prod(series.shape) * np.dtype(series.dtype).itemsize
        if held < wanted:
            raise BadInput(f"{path}: declares {wanted} bytes of data, has {held}; the file is truncated")
        return
    for number, page in enumerate(series.pages):
        offsets, counts = (page.dataoffsets, page.databytecounts) if page is not None else ((), ())
        wanted = math.prod(series.keyframe.chunked)
        inside = all(at > 0 and n > 0 and at + n <= size for at, n in zip(offsets, counts, strict=False))
        if not (len(offsets) == len(counts) == wanted and inside):
            raise BadInput(f"{path}: page {number} does not have all of its {wanted} strips or tiles; the file is truncated")
        if series.keyframe.compression == 1 and sum(counts) < series.keyframe.nbytes:
            raise BadInput(f"{path}: page {number} has {sum(counts)} of {series.keyframe.nbytes} bytes; the file is truncated")


def read_edf(path: Path, inside: str | None = None) -> Raw:
    """Read an ESRF data format file of one frame, or of several frames of one shape as a 3D stack.

    Data in another file than the header's, and compressed data, are refused.
    """
    from fabio.edfimage import EdfImage

    _refuse_inside(path, inside)
    size = path.stat().st_size
    with path.open("rb") as stream:
        _check_edf_header(path, stream.read(_HEADER_BYTES), size)
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
    if (other := re.search(r"EDF_BinaryFileName\s*=\s*([^;\n]*)", text, re.IGNORECASE)) is not None:
        raise BadInput(f"{path}: its data are in another file, {one_line(other[1], 80)}, which is not followed")
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


def _refuse_inside(path: Path, inside: str | None) -> None:
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
