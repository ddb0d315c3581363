"""The task deblur: an image and the kernel that blurred it, from the blurred image alone."""

from __future__ import annotations

from pathlib import Path

from prbench.core import DEBLURRED_IMAGE, Goal, Map, Panel, Problem, Reconstruction, Task
from prbench.core.conformance import Conformance
from prbench.tasks.map_files import MAP_EXPORT

from . import BlurredImage


def _moved_reconstruction(problem: Problem, estimate: Reconstruction) -> Reconstruction:
    from .metrics import moved_to_truth

    return moved_to_truth(problem, estimate)


def _conformance() -> tuple[Conformance, ...]:
    from .conformance import conformance

    return conformance()


def _truth_gap(problem: Problem) -> float:
    from .conformance import truth_gap

    return truth_gap(problem)


TASK = Task(
    name="deblur",
    measurement=BlurredImage,
    answer=DEBLURRED_IMAGE,
    symmetries=("shift",),
    goals=(
        Goal("psnr_gain", "higher", success=3.0, reason="Half the mean squared error of the blurred image. A choice."),
        Goal("blur_residual", "lower"),
    ),
    maps=(Map("image", "image"), Map("kernel", "kernel", "", "inferno")),
    panel=Panel("image", "blurred"),
    export=MAP_EXPORT,
    solvers=("blind-rl", "double-dip-deblur"),
    dataset="",
    align=_moved_reconstruction,
    conformance=_conformance,
    truth_gap=_truth_gap,
    starter=Path(__file__).with_name("starter"),
)
