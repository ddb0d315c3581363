"""What a leaderboard of each task ranks by, and when a reconstruction counts as a success."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Goal:
    """The column that decides.

    Attributes:
        metric: name of the column.
        better: ``lower`` or ``higher``.
        success: the value from which on a reconstruction is a success, or None where nobody can say.
    """

    metric: str
    better: Literal["lower", "higher"] = "lower"
    success: float | None = None

    @property
    def worst(self) -> float:
        """What a cell without a score counts as."""
        return float("inf") if self.better == "lower" else float("-inf")


_GOALS: dict[str, tuple[Goal, ...]] = {
    "far-field": (Goal("sa_nmse", "lower", success=0.05), Goal("r_factor", "lower")),
    # A relative error of 1e-5, by which the literature of Wirtinger flows counts successes.
    "random": (Goal("sa_nmse", "lower", success=1e-10), Goal("r_factor", "lower")),
    # Measured holograms are ranked by the same number. 20 dB is an error of a tenth of the truth's range. A choice.
    "near-field": (Goal("psnr", "higher", success=20.0), Goal("intensity_residual", "lower")),
    # A tenth of a pixel: what windows of 5 x 5 pixels reach with ten images of usual speckles. A choice, as every threshold.
    "speckle": (Goal("displacement_rmse", "lower", success=0.1), Goal("stack_residual", "lower")),
    # 30 dB is an error of a thirtieth of the truth's range: 0.15 rad of 4.5. A choice.
    "off-axis": (Goal("psnr", "higher", success=30.0), Goal("fringe_residual", "lower")),
    # Half the mean squared error of the blurred image. A choice.
    "deblur": (Goal("psnr_gain", "higher", success=3.0), Goal("blur_residual", "lower")),
}

_BESIDE: dict[str, tuple[str, ...]] = {
    "far-field": ("r_factor",),
    "near-field": (
        "phase_rmse",
        "phase_correlation",
        "ssim",
        "intensity_residual",
        "mesh_mse",
        "mesh_skewness",
        "relief_skewness",
        "brisque",
        "niqe",
    ),
    "speckle": ("displacement_outliers", "phase_rmse", "stack_residual", "images_used"),
    "off-axis": ("ssim", "phase_rmse", "object_phase_rmse", "fringe_residual"),
    "deblur": ("image_psnr", "image_ssim", "kernel_similarity", "blur_residual"),
}

COST_COLUMNS = ("latency_s", "latency_fft")
"""Costs shown in every leaderboard."""


def goals(task: str) -> tuple[Goal, ...]:
    """The goals of a task in order of preference: a truth metric first, then what needs the measurement alone."""
    return _GOALS.get(task, (Goal("r_factor", "lower"),))


def side_columns(task: str) -> tuple[str, ...]:
    """Columns shown beside the goal, as medians over what was scored: further scores of the task, then the costs."""
    return (*_BESIDE.get(task, ("r_factor",)), *COST_COLUMNS)


def choose_goal(task: str, known: Iterable[str]) -> Goal:
    """The first goal of ``task`` that is among the metrics ``known`` for a dataset; the last one where none is."""
    names = set(known)
    options = goals(task)
    return next((goal for goal in options if goal.metric in names), options[-1])
