"""The task far-field: a complex object from the moduli of its Fourier transform."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from prbench.core import COMPLEX_OBJECT, Export, Goal, Panel, Problem, Reconstruction, Task
from prbench.core.conformance import Conformance

from . import FarField


def _write(path: Path, problem: Problem, estimate: Reconstruction, scores: Mapping[str, float], solver: str) -> None:
    from .export import write_cxi

    source = problem.provenance.source
    write_cxi(path, problem.measured(FarField), estimate, source=source, scores=scores, solver=solver, held_out=problem.held_out)


def _conformance() -> tuple[Conformance, ...]:
    from .conformance import conformance

    return conformance()


def _truth_gap(problem: Problem) -> float:
    from .conformance import truth_gap

    return truth_gap(problem)


TASK = Task(
    name="far-field",
    measurement=FarField,
    answer=COMPLEX_OBJECT,
    symmetries=("phase", "shift", "flip"),
    goals=(
        Goal(
            "sa_nmse",
            "lower",
            success=0.05,
            reason="A relative error of 22 %, above which shape and phase of a crystal are no longer recognisable. A choice.",
            found="found",
            exact=1e-4,
            bounds=("noise_bound", "noise_bound_uniform"),
        ),
        Goal(
            "support_power",
            "higher",
            success=0.95,
            reason="The criterion of the published problems of atoms in a cell: their 8 pixels per atom hold 95 % of the power.",
        ),
        Goal("free_r", "lower"),  # before R, which falls with every pixel that is added to the support
        Goal("r_factor", "lower"),
    ),
    maps=(),
    panel=Panel("intensity", "measured pattern", "log"),
    export=Export("cxi", ".cxi", _write),
    solvers=("hio", "raar", "hio-er"),
    dataset="file",
    conformance=_conformance,
    truth_gap=_truth_gap,
    starter=Path(__file__).with_name("starter"),
)
