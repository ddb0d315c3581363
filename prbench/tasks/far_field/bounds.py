"""How near the scores of noisy far-field problems come to the least error that photon noise leaves."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from prbench.core import COMPLEX_OBJECT, Case, Problem, metric
from prbench.metrics.symmetry import FAR_FIELD, sa_nmse
from prbench.physics.cramer_rao import cramer_rao_nmse

from . import FarField

MOST_PIXELS = 2000
"""Pixels of the object up to which the bound is computed, in one or two seconds per problem."""

_ZERO = 1e-6
"""Part of the largest magnitude under which a pixel of the truth counts as outside its support."""


@lru_cache(maxsize=1)
def bound_of(problem: Problem) -> float | None:
    """The bound of a problem for a known support, computed once for its cells; None where it has too many unknowns."""
    y = problem.measured(FarField)
    assert problem.truth is not None
    assert y.gain is not None
    x = np.asarray(problem.truth.object, np.complex128)
    support = np.abs(x) > _ZERO * np.abs(x).max()
    if np.count_nonzero(support) > MOST_PIXELS:
        return None
    return cramer_rao_nmse(np.where(support, x, 0), support, y.gain, y.shape, y.mask)


@metric(
    "bound_ratio",
    better="lower",
    where=lambda case: case.problem.measured(FarField).gain is not None,
    removes=FAR_FIELD,
    cite="Kay, Fundamentals of Statistical Signal Processing: Estimation Theory, Prentice Hall (1993), chapter 3",
    answers=(COMPLEX_OBJECT,),
    measurement=FarField,
    header="over bound",
    meaning="sa NMSE over the least that photon noise leaves to an unbiased estimate that knows the support",
    priority=13,
    smallest=0.05,
)
def bound_ratio(case: Case) -> float:
    """``sa_nmse`` over the bound of Cramér and Rao for an estimate that knows the support: about 1 is the best that noise allows,
    and what knows more than the support, such as one magnitude everywhere, or smooths, can be below.
    """
    bound = bound_of(case.problem)
    if bound is None:
        return case.undefined("bound_ratio", f"the object has more than {MOST_PIXELS} pixels")
    if not np.isfinite(bound):
        return case.undefined("bound_ratio", "what was measured leaves more than the global phase undetermined")
    case.notes["bound_ratio"] = f"the bound is {bound:.4g}"
    return sa_nmse(case) / bound
