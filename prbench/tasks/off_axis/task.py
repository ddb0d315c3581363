"""The task off-axis: an unwrapped phase without aberrations from one interferogram."""

from __future__ import annotations

from pathlib import Path

from prbench.core import PHASE, PHASE_MAP, Goal, Panel, Problem, Task
from prbench.core.conformance import Conformance
from prbench.tasks.map_files import MAP_EXPORT

from . import Hologram


def _conformance() -> tuple[Conformance, ...]:
    from .conformance import conformance

    return conformance()


def _truth_gap(problem: Problem) -> float:
    from .conformance import truth_gap

    return truth_gap(problem)


TASK = Task(
    name="off-axis",
    measurement=Hologram,
    answer=PHASE_MAP,
    symmetries=("offset",),
    goals=(
        Goal(
            "psnr",
            "higher",
            success=30.0,
            reason="An error of a thirtieth of the truth's range: 0.15 rad of 4.5. A choice.",
        ),
        Goal("fringe_residual", "lower"),
    ),
    maps=(PHASE,),
    panel=Panel("interferogram", "hologram"),
    export=MAP_EXPORT,
    solvers=("fourier-filter", "unet-offaxis"),
    dataset="offaxis-file",
    conformance=_conformance,
    truth_gap=_truth_gap,
    starter=Path(__file__).with_name("starter"),
)
