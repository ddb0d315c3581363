"""Agreement of the support found with a published one, for measured data without truth."""

from __future__ import annotations

import math

import numpy as np

from prbench.backend import Array
from prbench.core import Case, metric
from prbench.errors import BadInput
from prbench.metrics.symmetry import align

_MOVES = ("shift", "flip")


def support_agreement(reference: Array, support: Array) -> tuple[float, float]:
    """The part of a reference support covered by another, and their Jaccard index, after the best translation and flip.

    Both are largest at the same place: the one that maximises the intersection.

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


def _agreement(case: Case) -> tuple[float, float]:
    """Of the support that the solver reports, or of the pixels at which its object is not zero."""

    def compare() -> tuple[float, float]:
        reference = case.problem.reference.get("support")
        if reference is None:
            return math.nan, math.nan
        found = case.reconstruction.aux.get("support")
        return support_agreement(reference, case.reconstruction.object != 0 if found is None else found)

    return case.shared("support-agreement", compare)


@metric("support_overlap", better="higher", range="[0, 1]", tasks=("far-field",), needs="reference", removes=_MOVES)
def support_overlap(case: Case) -> float:
    """Part of the published support that the support found covers, after the best translation and flip; read it beside
    support_jaccard, because a support that is everywhere covers all.
    """
    return _agreement(case)[0]


@metric("support_jaccard", better="higher", range="[0, 1]", tasks=("far-field",), needs="reference", removes=_MOVES)
def support_jaccard(case: Case) -> float:
    """Intersection over union of the support found and the published one, after the best translation and flip."""
    return _agreement(case)[1]
