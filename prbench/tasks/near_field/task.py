"""The task near-field: the phase behind one in-line intensity."""

from __future__ import annotations

from pathlib import Path

from prbench.core import PHASE, PHASE_MAP, Goal, Map, Panel, Problem, Task
from prbench.core.conformance import Conformance
from prbench.tasks.map_files import MAP_EXPORT

from . import NearField


def _conformance() -> tuple[Conformance, ...]:
    from .conformance import conformance

    return conformance()


def _truth_gap(problem: Problem) -> float:
    from .conformance import truth_gap

    return truth_gap(problem)


TASK = Task(
    name="near-field",
    measurement=NearField,
    answer=PHASE_MAP,
    symmetries=("offset",),
    goals=(
        # Measured holograms with a truth are ranked by the same number.
        Goal("psnr", "higher", success=20.0, reason="An error of a tenth of the truth's range. A choice."),
        Goal("free_residual", "lower"),
        Goal("intensity_residual", "lower"),
    ),
    maps=(PHASE, Map("transmission", "transmission of the amplitude")),
    panel=Panel("intensity", "measured"),
    export=MAP_EXPORT,
    solvers=("ctf", "gs", "least-variation"),
    dataset="near-field-file",
    conformance=_conformance,
    truth_gap=_truth_gap,
    starter=Path(__file__).with_name("starter"),
)
