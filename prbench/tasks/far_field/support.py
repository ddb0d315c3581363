"""The support found: how much of the frame it takes, and how well it agrees with a published one."""

from __future__ import annotations

import math

import numpy as np

from prbench.core import COMPLEX_OBJECT, Case, metric
from prbench.metrics.support import support_agreement

from . import FarField

_MOVES = ("shift", "flip")
_UNPUBLISHED = "no support was published"


def _agreement(case: Case) -> tuple[float, float]:
    """Of the support that the solver reports, or of the pixels at which its object is not zero."""

    def compare() -> tuple[float, float]:
        reference = case.problem.reference.get("support")
        if reference is None:
            return math.nan, math.nan
        estimate = case.reconstruction.aux.get("support")
        return support_agreement(reference, case.reconstruction.object != 0 if estimate is None else estimate)

    return case.shared("support-agreement", compare)


@metric(
    "support_overlap",
    better="higher",
    range="[0, 1]",
    needs="reference",
    removes=_MOVES,
    answers=(COMPLEX_OBJECT,),
    measurement=FarField,
    header="overlap",
    meaning="share of the published support that is covered",
    priority=70,
    smallest=0.001,
)
def support_overlap(case: Case) -> float:
    """Part of the published support that the support found covers, after the best translation and flip; read it beside
    support_jaccard, because a support that is everywhere covers all.
    """
    return case.defined("support_overlap", _agreement(case)[0], _UNPUBLISHED)


@metric(
    "support_jaccard",
    better="higher",
    range="[0, 1]",
    needs="reference",
    removes=_MOVES,
    answers=(COMPLEX_OBJECT,),
    measurement=FarField,
    header="Jaccard",
    meaning="intersection over union with the published support",
    priority=71,
    smallest=0.001,
)
def support_jaccard(case: Case) -> float:
    """Intersection over union of the support found and the published one, after the best translation and flip."""
    return case.defined("support_jaccard", _agreement(case)[1], _UNPUBLISHED)


@metric(
    "support_share",
    better="lower",
    range="[0, 1]",
    needs="measurement",
    removes=("phase", *_MOVES),
    answers=(COMPLEX_OBJECT,),
    measurement=FarField,
    header="support",
    meaning="share of the frame that the support takes; a loose one lowers R without being right",
    priority=22,
    smallest=0.001,
)
def support_share(case: Case) -> float:
    """Share of the pixels of the object's frame that were free to differ from zero: those of the support that the solver reports,
    and those at which its object is not zero.
    """
    used = case.reconstruction.object != 0
    reported = case.reconstruction.aux.get("support")
    return float(np.mean(used if reported is None else used | np.asarray(reported, bool)))
