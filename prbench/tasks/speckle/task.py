"""The task speckle: displacement, phase, transmission and dark field from images with and without a sample."""

from __future__ import annotations

from pathlib import Path

from prbench.core import PHASE, SPECKLE_MAPS, Goal, Map, Panel, Problem, Task
from prbench.core.conformance import Conformance
from prbench.tasks.map_files import MAP_EXPORT

from . import SpeckleStack


def _conformance() -> tuple[Conformance, ...]:
    from .conformance import conformance

    return conformance()


def _truth_gap(problem: Problem) -> float:
    from .conformance import truth_gap

    return truth_gap(problem)


TASK = Task(
    name="speckle",
    measurement=SpeckleStack,
    answer=SPECKLE_MAPS,
    symmetries=("offset",),
    goals=(
        Goal(
            "displacement_rmse",
            "lower",
            success=0.1,
            reason="A tenth of a pixel: what windows of 5 x 5 pixels reach with ten images of usual speckles. A choice.",
        ),
        Goal("stack_residual", "lower"),
    ),
    maps=(
        Map("displacement", "displacement, rows", "px", "RdBu_r", component=0, signed=True),
        Map("displacement", "displacement, columns", "px", "RdBu_r", component=1, signed=True),
        PHASE,
        Map("transmission", "transmission"),
        Map("dark_field", "dark field", "px²", "inferno"),
    ),
    panel=Panel("sample", "first sample image"),
    export=MAP_EXPORT,
    solvers=("umpa", "mist-2023"),
    dataset="speckle-folder",
    rim_px=16,  # windows and filters fall off the frame there
    conformance=_conformance,
    truth_gap=_truth_gap,
    starter=Path(__file__).with_name("starter"),
)
