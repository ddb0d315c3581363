"""Agreement of two supports."""

from __future__ import annotations

import numpy as np

from prbench.backend import Array
from prbench.errors import BadInput

from .symmetry import align

_MOVES = ("shift", "flip")


def support_agreement(reference: Array, support: Array) -> tuple[float, float]:
    """The part of a reference support covered by another, and their Jaccard index, after the best translation and flip.

    Both are largest at the same shift: the one that maximises the intersection.

    Args:
        reference: bool, 2D or 3D, not empty.
        support: bool, as many axes; the shape may differ.

    Returns:
        ``|A and B| / |B|`` and ``|A and B| / |A or B|``, B the reference.

    Raises:
        BadInput: for an empty reference.
    """
    reference, support = np.asarray(reference, bool), np.asarray(support, bool)
    if not reference.any():
        raise BadInput("the reference support is empty")
    moved = align(reference, support, _MOVES).real > 0.5
    common = int(np.count_nonzero(reference & moved))
    size = int(np.count_nonzero(reference))
    return common / size, common / (size + int(np.count_nonzero(support)) - common)
