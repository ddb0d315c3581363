"""How many starts of a three-dimensional run fit into the memory of this machine."""

from __future__ import annotations

import math

from prbench.tasks.far_field import FarField

PER_START, FIXED = 18, 140
"""Bytes per voxel in single precision that a start takes and that a run takes besides, at the peak: measured at 64^3 are 17 and
70 of numpy's arrays; torch's transforms and what the C library keeps take the rest.
"""

_SHARE = 0.9
"""Part of the free memory that a run may take."""


def fitting_starts(y: FarField, starts: int) -> int:
    """The number of starts that fit, one at least and ``starts`` at most.

    Images take little, and a GPU has its own memory: there all starts are taken to fit.

    Args:
        y: the measurement.
        starts: asked for.
    """
    if y.ndim < 3 or y.backend.device != "cpu":
        return starts
    import psutil

    voxels = math.prod(y.shape) * (1 if y.backend.precision == "single" else 2)
    free = _SHARE * psutil.virtual_memory().available - FIXED * voxels
    return max(1, min(starts, int(free // (PER_START * voxels))))
