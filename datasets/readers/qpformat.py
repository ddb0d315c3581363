"""HDF5 files of qpformat (https://github.com/RI-imaging/qpformat): raw off-axis holograms, numbered from 0, with attributes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .hdf5 import Container
from .raw import Geometry

_FIRST = "/0"


def hologram_path(file: Container) -> str | None:
    """Where the first hologram of a qpformat file is; None for any other file."""
    if _text(file.file, "file_format") != "qpformat":
        return None
    result = file.find(_FIRST, f"{file.path}, {_FIRST}")
    return _FIRST if result is not None and result.is_array else None


def with_attributes(file: Container, location: str, known: Geometry) -> Geometry:
    """The geometry, completed by the attributes ``wavelength`` and ``pixel size`` (metres) of the array or of the file."""
    result = file.find(location, f"{file.path}, {location}")
    items = [file.file] if result is None else [result.item, file.file]
    return {
        "wavelength_m": known["wavelength_m"] or _number(items, "wavelength"),
        "pixel_m": known["pixel_m"] or _number(items, "pixel size"),
        "distance_m": known["distance_m"],
    }


def _text(item: Any, name: str) -> str | None:
    value = item.attrs.get(name)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def _number(items: list[Any], name: str) -> float | None:
    """The first positive number among attributes; lengths of a metre and more are in other units, and none."""
    for item in items:
        value = np.asarray(item.attrs.get(name, math.nan))
        if value.size == 1 and value.dtype.kind in "iuf" and 0 < float(value.item()) < 1:
            return float(value.item())
    return None
