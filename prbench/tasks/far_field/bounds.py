"""The least error that photon noise leaves, and what counts as success: a function of the problem.

Bounds are those of a fully coherent beam.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from prbench.core import COMPLEX_OBJECT, Case, Problem, metric
from prbench.metrics.symmetry import FAR_FIELD, sa_nmse
from prbench.physics.cramer_rao import cramer_rao_nmse

from . import UNIFORM_MAGNITUDE, FarField
from .conformance import truth_gap

MOST_PIXELS = 2000
"""Pixels of the object up to which bounds are computed, in one or two seconds per problem."""

EXACT = 1e-3
"""``sa_nmse`` of a success without noise."""
OVER_BOUND = 2.0
"""Times the bound of a success with photon noise."""
LARGEST = 0.05
"""``sa_nmse`` of a success where no bound is known, and the largest of any: bounds of soft cells exceed 1 at few photons."""

_SOURCE = "Kay, Fundamentals of Statistical Signal Processing: Estimation Theory, Prentice Hall (1993), chapter 3"
UNEXPLAINED = 6.0
"""Standard deviations by which Pearson's sum of squares may exceed its mean before noise counts as more than that of photons."""
_ZERO = 1e-6
"""Part of the largest magnitude under which a pixel of the truth counts as outside its support."""
_FLAT = 1e-3
"""Part of the largest magnitude by which magnitudes may differ and still be called one."""


class Bounds(NamedTuple):
    """Least expected ``sa_nmse`` of an unbiased estimate; NaN where not computed, infinite where the object is not determined.

    Attributes:
        support: for an estimate that knows the support.
        uniform: for one that knows besides that the magnitude is uniform; NaN where it is not.
        missing: why they are not computed, empty where they are.
    """

    support: float
    uniform: float
    missing: str = ""


class Limit(NamedTuple):
    """The largest ``sa_nmse`` of a success, and the rule that it comes from, in words."""

    value: float
    rule: str


def counted(case: Case) -> bool:
    """Whether the problem's pattern has photon noise of known strength."""
    return case.problem.measured(FarField).gain is not None


@lru_cache(maxsize=1)
def bounds_of(problem: Problem) -> Bounds:
    """The bounds of a problem with truth and photon noise, computed once for its cells."""
    y, truth = problem.measured(FarField), problem.truth
    assert truth is not None
    assert y.gain is not None
    x = np.asarray(truth.object, np.complex128)
    size = np.abs(x)
    support = size > _ZERO * size.max()
    if np.count_nonzero(support) > MOST_PIXELS:
        return Bounds(math.nan, math.nan, f"the object has more than {MOST_PIXELS} pixels")
    if (excess := photon_excess(problem)) > UNEXPLAINED:
        return Bounds(
            math.nan, math.nan, f"the truth explains the pattern by {excess:.3g} standard deviations worse than photons allow"
        )
    x = np.where(support, x, 0)
    flat = np.ptp(size[support]) <= _FLAT * size.max()
    known = cramer_rao_nmse(x, support, y.gain, y.shape, y.mask)
    return Bounds(known, cramer_rao_nmse(x, support, y.gain, y.shape, y.mask, uniform=True) if flat else math.nan)


def photon_excess(problem: Problem) -> float:
    """How far Pearson's sum of squares of the counts about the truth's pattern exceeds its mean, in its standard deviations.

    About a standard normal number where all noise is that of photons and the beam is coherent; pixels where a photon or more is
    expected count.
    """
    y, truth = problem.measured(FarField), problem.truth
    assert truth is not None
    assert y.gain is not None
    expected, counts = (np.asarray(n, np.float64) / y.gain for n in (y.to(y.backend).forward(truth.object), y.intensity))
    seen = (expected >= 1) & np.broadcast_to(True if y.mask is None else np.asarray(y.mask, bool), expected.shape)
    expected, counts = expected[seen], counts[seen]
    # A Poisson number of mean m has a fourth central moment of m + 3 m^2.
    return float(np.sum((counts - expected) ** 2 / expected - 1) / max(np.sqrt(np.sum(2 + 1 / expected)), 1))


@lru_cache(maxsize=1)
def _without_noise(problem: Problem) -> bool:
    """Whether the truth explains the pattern to rounding."""
    return truth_gap(problem) <= 1


def applying_bound(problem: Problem, assumes: tuple[str, ...] = ()) -> tuple[float, str]:
    """The bound for an estimate that knows what a solver assumes of the object, and what that is, in words.

    A uniform magnitude is only known where the object's is uniform.
    """
    bounds = bounds_of(problem)
    if UNIFORM_MAGNITUDE in assumes and not math.isnan(bounds.uniform):
        return bounds.uniform, "support and uniform magnitude"
    return bounds.support, "support"


def success_limit(problem: Problem, assumes: tuple[str, ...] = ()) -> Limit:
    """Up to which error an answer to a problem with truth is a success, where its solver assumes what ``assumes`` says.

    Without noise, where the truth explains the pattern to rounding: :data:`EXACT`. With photon noise:
    :data:`OVER_BOUND` times the bound that applies, :data:`LARGEST` at most. Else, as where noise is of another kind, the beam
    is not fully coherent or the object has more than :data:`MOST_PIXELS` pixels: :data:`LARGEST`. Photons are held to be all
    noise there is where :func:`photon_excess` is up to :data:`UNEXPLAINED`.
    """
    y = problem.measured(FarField)
    if y.gain is None:
        if _without_noise(problem):
            return Limit(EXACT, f"at most {EXACT:g}: no noise")
        return Limit(LARGEST, f"at most {LARGEST:g}: the truth does not explain the pattern, and no photon noise is known")
    bound, known = applying_bound(problem, assumes)
    if math.isnan(bound):
        return Limit(LARGEST, f"at most {LARGEST:g}: {bounds_of(problem).missing}, and no bound is computed")
    value = min(LARGEST, OVER_BOUND * bound)
    return Limit(value, f"at most {value:.3g}: {OVER_BOUND:g} times the bound {bound:.3g} for known {known}, {LARGEST:g} at most")


@metric(
    "found",
    better="higher",
    range="[0, 1]",
    removes=FAR_FIELD,
    cite=_SOURCE,
    answers=(COMPLEX_OBJECT,),
    measurement=FarField,
    header="found",
    meaning="1 where sa NMSE is at most 0.001 without noise, with it at most 2 times what photon noise leaves and at most 0.05",
    priority=None,
    smallest=0.5,
)
def success(case: Case) -> float:
    """1 where the answer is the object, 0 where it is not: without noise ``sa_nmse`` is at most 1e-3; with photon noise it is at
    most 2 times the bound of Cramér and Rao for what the solver knows, the support or support and uniform magnitude, and at most
    0.05; where no bound is known it is at most 0.05.
    """
    limit = success_limit(case.problem, case.assumes)
    case.notes["found"] = limit.rule
    return float(sa_nmse(case) <= limit.value)


@metric(
    "bound_ratio",
    better="lower",
    where=counted,
    removes=FAR_FIELD,
    cite=_SOURCE,
    answers=(COMPLEX_OBJECT,),
    measurement=FarField,
    header="over bound",
    meaning="sa NMSE over the least that photon noise leaves to an unbiased estimate that knows what the solver does",
    priority=13,
    smallest=0.05,
)
def bound_ratio(case: Case) -> float:
    """``sa_nmse`` over the bound of Cramér and Rao for an estimate that knows what the solver does, the support or support and
    uniform magnitude: about 1 is the best that noise allows. What smooths or knows more than that can be below.
    """
    bound = _stated(case, "bound_ratio", applying_bound(case.problem, case.assumes)[0])
    return sa_nmse(case) / bound if math.isfinite(bound) else math.nan


@metric(
    "noise_bound",
    better="lower",
    where=counted,
    cite=_SOURCE,
    answers=(COMPLEX_OBJECT,),
    measurement=FarField,
    header="bound",
    meaning="least sa NMSE that photon noise leaves to an unbiased estimate that knows the support",
    priority=None,
)
def noise_bound(case: Case) -> float:
    """The bound of Cramér and Rao on ``sa_nmse`` for an estimate that knows the support: a number of the problem, the same for
    every answer.
    """
    return _stated(case, "noise_bound", bounds_of(case.problem).support)


@metric(
    "noise_bound_uniform",
    better="lower",
    where=counted,
    cite=_SOURCE,
    answers=(COMPLEX_OBJECT,),
    measurement=FarField,
    header="unif. bound",
    meaning="the same for one that also knows that the magnitude is uniform",
    priority=None,
)
def noise_bound_uniform(case: Case) -> float:
    """The bound of Cramér and Rao on ``sa_nmse`` for an estimate that knows the support and that the magnitude is uniform: a
    number of the problem, of objects of uniform magnitude.
    """
    return _stated(case, "noise_bound_uniform", bounds_of(case.problem).uniform)


def _stated(case: Case, name: str, bound: float) -> float:
    """A bound, or NaN with the reason noted where there is none."""
    if math.isnan(bound):
        return case.undefined(name, bounds_of(case.problem).missing or "the object's magnitude is not uniform")
    if math.isinf(bound):
        return case.undefined(name, "what was measured leaves more than the global phase undetermined")
    return bound
