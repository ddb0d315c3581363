"""Measured phases of one cell, turned into optical paths to simulate holograms of."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path

import numpy as np

from prbench.core import Rng
from prbench.core.data_files import DataFile

from ..originals import conversions
from ..originals.table import originals_of
from ..readers.arrays import npz_array
from ..readers.locate import locate
from ._cells import Field

LICENCE = "BSD-3-Clause"

VIEWS = DataFile(
    name="off_axis/hl60_phase_views.npz",
    licence=LICENCE,
    sha256="ee1e218b968d99d9da6da34bc12082fb4ad5abde0caa4f4d87c22cbb45496e1c",
    note=(
        "made from the sinogram of ODTbrain's example of an HL60 cell (https://github.com/RI-imaging/ODTbrain): arrays phase "
        "(70, 140, 140) radians, float32, without background, wavelength_m 647e-9 and pixel_m 0.139e-6"
    ),
    originals=originals_of("offaxis-cells"),
    convert=conversions.hl60_views,
    content="998759b91a9b2bae861a945631210b56a570455eea810886e4e467636a76d7f5",
)

COUNT = 70
"""Views, of one and the same cell."""

_WAVELENGTH_UM, _PIXEL_UM = 0.647, 0.139
_FREE_RAD = (0.10, 0.30)
"""Phases under the first are free background, over the second cell; the noise between cells stays under 0.06 rad."""


@lru_cache(maxsize=1)
def _paths_um(path: str, _sha256: str) -> np.ndarray:
    """Optical paths (70, 140, 140) in micrometres, zero on the background."""
    from scipy.ndimage import gaussian_filter

    phase = npz_array(Path(path), "phase")
    low, high = _FREE_RAD
    cell = np.clip((gaussian_filter(phase, (0, 1.5, 1.5)) - low) / (high - low), 0, 1)
    cell = cell * cell * (3 - 2 * cell)
    return np.asarray(cell * phase * (_WAVELENGTH_UM / (2 * math.pi)), np.float32)


def view(number: int, dataset: str, rng: Rng, field: Field) -> tuple[np.ndarray, str]:
    """Optical path in micrometres of a view of the cell, turned at random, (side, side), and the SHA-256 of the file.

    Raises:
        DataNotFound: where the file is not on this machine.
    """
    from scipy.ndimage import affine_transform

    result, sha256 = locate(VIEWS, dataset)
    paths = _paths_um(str(result), sha256)
    angle, mirror = 2 * math.pi * rng.random(), rng.choice([-1.0, 1.0])
    cos, sin = math.cos(angle), math.sin(angle)
    matrix = np.array([[cos, -sin], [mirror * sin, mirror * cos]]) * (field.pixel_um / _PIXEL_UM)
    middle = (paths.shape[1] - 1) / 2
    start = middle - matrix @ np.full(2, (field.side - 1) / 2)
    rotated = affine_transform(paths[number], matrix, start, (field.side, field.side), order=3, mode="constant", cval=0.0)
    return np.asarray(rotated, np.float32), sha256
