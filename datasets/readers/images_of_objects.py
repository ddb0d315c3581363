"""What a dataset of single images (near field, off axis) makes of a user's file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from prbench.core.inspection import ArrayNote
from prbench.errors import BadInput

from .formats import read_array
from .kinds import ImageKind, kind_of_image, refuse_what_is_no_image
from .listing import arrays_of
from .pictures import SUFFIXES, read_picture
from .raw import Geometry
from .series import parse_address

_NO_GEOMETRY: Geometry = {"wavelength_m": None, "distance_m": None, "pixel_m": None}


def look_at(path: str, kind: ImageKind) -> tuple[np.ndarray, float, Geometry, tuple[ArrayNote, ...]] | None:
    """The image of a file, how well it fits a kind, its geometry, and the arrays of the file; None for what holds no one image.

    Raises:
        BadInput: where the file cannot be read.
    """
    address = parse_address(path, "path")
    if address.is_series:
        return None
    file = Path(address.paths[0])
    geometry = _NO_GEOMETRY
    if file.suffix.lower() in SUFFIXES:
        image = read_picture(file)
    else:
        raw = read_array(file, address.inside)
        image, geometry = raw.data.reshape([n for n in raw.data.shape if n != 1]), raw.geometry
    if image.ndim != 2 or image.dtype.kind not in "biuf":
        return None
    if not np.isfinite(image).any():
        raise BadInput(f"{path}: has no finite pixel")
    refuse_what_is_no_image(image, path)
    return image, 0.8 if kind_of_image(image) == kind else 0.1, geometry, arrays_of(address)
