"""Crystallographic binary files of one image, as Pilatus detectors write them, with the geometry of their header.

Source of the format: Bernstein and Hammersley, International Tables for Crystallography G (2005) 2.3. The header is read here,
since fabio's own reader goes on for ever in one that is damaged; fabio unpacks the byte offsets.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import re
from pathlib import Path

import numpy as np

from prbench.errors import BadInput, one_line

from .raw import Geometry, Raw, check_declared

_HEADER_BYTES = 65536
_BINARY = b"\x0c\x1a\x04\xd5"
"""What the binary section begins with."""
_ESCAPE = 0x80
_TYPES = {
    f"{sign} {bits}-bit integer": np.dtype(f"{'i' if sign == 'signed' else 'u'}{bits // 8}")
    for sign in ("signed", "unsigned")
    for bits in (8, 16, 32)
} | {"signed 32-bit real ieee": np.dtype("f4"), "signed 64-bit real ieee": np.dtype("f8")}


def read_cbf(path: Path, inside: str | None = None) -> Raw:
    """Read a CBF of one image, packed by byte offsets or not at all.

    Raises:
        BadInput: where it is none, is damaged, or is packed otherwise.
    """
    if inside is not None:
        raise BadInput(f"{path}: {one_line(inside, 60)!r} cannot be chosen in a picture; there is one array in it")
    content = path.read_bytes()
    start = content.find(_BINARY, 0, _HEADER_BYTES)
    if start < 0:
        raise BadInput(f"{path}: has no binary section, expected a CBF of one image")
    head = content[:start].decode("latin-1")
    size = _number(path, head, "X-Binary-Size")
    columns = _number(path, head, "X-Binary-Size-Fastest-Dimension")
    rows = _number(path, head, "X-Binary-Size-Second-Dimension")
    packed = content[start + len(_BINARY) : start + len(_BINARY) + size]
    kind = _TYPES.get((_said(head, "X-Binary-Element-Type") or "signed 32-bit integer").lower())
    if kind is None:
        raise BadInput(f"{path}: holds {one_line(_said(head, 'X-Binary-Element-Type'), 40)}, expected integers or real numbers")
    if len(packed) < size or not rows or not columns:
        raise BadInput(f"{path}: declares {size} bytes for {rows} x {columns} pixels, has {len(packed)}; the file is truncated")
    check_declared(str(path), (rows, columns), kind, len(packed))
    _check_digest(path, head, packed)
    packing = re.search(r"conversions\s*=\s*\"?([\w-]+)", head, re.IGNORECASE)
    if packing is None or packing[1].lower() == "x-cbf_none":
        if len(packed) != rows * columns * kind.itemsize:
            raise BadInput(f"{path}: has {len(packed)} bytes for {rows} x {columns} pixels of {kind}; the file is damaged")
        stored = kind.newbyteorder(">") if "BIG_ENDIAN" in head else kind.newbyteorder("<")
        data = np.frombuffer(packed, stored).astype(kind)
    elif packing[1].lower() == "x-cbf_byte_offset" and kind.kind in "iu":
        data = _unpacked(path, packed, rows * columns, kind)
    else:
        raise BadInput(f"{path}: is packed by {one_line(packing[1], 40)}, expected x-CBF_BYTE_OFFSET or none")
    return Raw(data.reshape(rows, columns), str(path), **_geometry(head))


def _said(head: str, name: str) -> str | None:
    result = re.search(rf"^{name}:\s*\"?([^\"\r\n]*)", head, re.IGNORECASE | re.MULTILINE)
    return result[1].strip() if result else None


def _number(path: Path, head: str, name: str) -> int:
    text = _said(head, name)
    if text is None or not re.fullmatch(r"\d{1,15}", text):
        raise BadInput(f"{path}: its header has no {name}; the file is damaged")
    return int(text)


def _check_digest(path: Path, head: str, packed: bytes) -> None:
    stated = _said(head, "Content-MD5")
    if stated is None:
        return
    try:
        expected = base64.b64decode(stated, validate=True)
    except (binascii.Error, ValueError):
        expected = b""
    if hashlib.md5(packed, usedforsecurity=False).digest() != expected:
        raise BadInput(f"{path}: its data have another checksum than its header states; the file is damaged")


def _unpacked(path: Path, packed: bytes, pixels: int, kind: np.dtype) -> np.ndarray:
    """Byte offsets as numbers, after counting that there are as many as pixels: the library looks at no end."""
    from fabio.compression import decByteOffset

    stream = np.frombuffer(packed, np.uint8)
    count, behind = len(stream), 0
    for escape in np.flatnonzero(stream == _ESCAPE):
        if escape < behind:
            continue
        width = 2
        for following in (4, 8):  # the least number of one width says that a wider one comes
            at = int(escape) + 1 + sum((2, 4, 8)[: (2, 4, 8).index(width)])
            if packed[at : at + width] != bytes(width - 1) + b"\x80":
                break
            width = following
        extra = sum((2, 4, 8)[: (2, 4, 8).index(width) + 1])
        behind = int(escape) + 1 + extra
        count -= extra
    if count != pixels or behind > len(stream):
        raise BadInput(f"{path}: its data unpack to {count} numbers, {pixels} pixels are declared; the file is damaged")
    wide = decByteOffset(packed, size=pixels, dtype="int64")
    return np.asarray(wide).astype(kind)


def _geometry(head: str) -> Geometry:
    """Wavelength, distance and pixel from the lines of comments of a Pilatus header."""

    def number(pattern: str, scale: float = 1.0) -> float | None:
        result = re.search(pattern, head)
        try:
            value = float(result[1]) * scale if result else 0.0
        except ValueError:
            return None
        return value if math.isfinite(value) and value > 0 else None

    digits = r"([0-9.]{1,20}(?:[eE][-+]?\d{1,2})?)"
    pixel = re.search(rf"# Pixel_size\s+{digits}\s*m\s*x\s*{digits}\s*m", head)
    square = pixel is not None and pixel[1] == pixel[2]
    return {
        "wavelength_m": number(rf"# Wavelength\s+{digits}\s*A", 1e-10),
        "distance_m": number(rf"# Detector_distance\s+{digits}\s*m"),
        "pixel_m": number(rf"# Pixel_size\s+{digits}") if square else None,
    }
