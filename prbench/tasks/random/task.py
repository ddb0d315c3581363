"""The task random: an object from the moduli of random linear maps of it, such as coded diffraction patterns."""

from __future__ import annotations

from pathlib import Path

from prbench.core import COMPLEX_OBJECT, Goal, Panel, Problem, Task
from prbench.core.conformance import Conformance

from . import RandomLinear


def _conformance() -> tuple[Conformance, ...]:
    from .conformance import conformance

    return conformance()


def _truth_gap(problem: Problem) -> float:
    from .conformance import truth_gap

    return truth_gap(problem)


TASK = Task(
    name="random",
    measurement=RandomLinear,
    answer=COMPLEX_OBJECT,
    symmetries=("phase",),
    goals=(
        Goal(
            "sa_nmse",
            "lower",
            success=1e-10,
            reason="A relative error of 1e-5, by which the literature of Wirtinger flows counts successes.",
        ),
        Goal("r_factor", "lower"),
    ),
    maps=(),
    panel=Panel("intensity", "measured pattern", "log"),
    export=None,
    solvers=("truncated-af", "wirtinger-flow"),
    dataset="",
    conformance=_conformance,
    truth_gap=_truth_gap,
    starter=Path(__file__).with_name("starter"),
)
