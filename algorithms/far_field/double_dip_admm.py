"""Two untrained networks for a diffraction pattern: one draws the magnitude, one the phase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from prbench.core import register, setting
from prbench.tasks.far_field import UNIFORM_MAGNITUDE

from ._parametrisations import Outputs, magnitude_and_phase, phase_alone
from ._skip_prior import SkipPrior


@register(
    "double-dip-admm",
    task="far-field",
    cite="Zhuang, Yang, Hofmann, Barmherzig, Sun (2022), arXiv:2211.00799; "
    "Ulyanov, Vedaldi, Lempitsky, CVPR 2018, arXiv:1711.10925; "
    "Wen, Yang, Liu, Marchesini, Inverse Problems 28 (2012) 115010, doi:10.1088/0266-5611/28/11/115010",
    tags=("untrained",),
)
@dataclass(frozen=True)
class DoubleDipADMM(SkipPrior):
    """Magnitude and phase of the object by a network each: a magnitude between 0 and its largest value, a smooth phase.

    What is not in the publication: the multiplier, which lets a fit leave a superposition of the object with its twin, the frame
    that moves with the object, the likelihood of counts, starts in one batch that are dropped early, and the choice by pixels
    held out.
    """

    magnitude: Literal["free", "uniform"] = setting(
        "free",
        choices=("free", "uniform"),
        doc="uniform: known to be the same all over the frame, so that only the phase is drawn",
    )

    @property
    def assumes(self) -> tuple[str, ...]:
        """A uniform magnitude: sigmoids that saturate at one number prefer it."""
        return (UNIFORM_MAGNITUDE,)

    def output_channels(self) -> tuple[int, ...]:
        """One channel of each network; the phase's alone where the magnitude is known."""
        return (1, 1) if self.magnitude == "free" else (1,)

    def moves(self) -> bool:
        """Not where the magnitude is known all over the frame."""
        return self.magnitude == "free" and super().moves()

    def field(self, outputs: Outputs) -> torch.Tensor:
        """``m exp(i b)``."""
        return magnitude_and_phase(outputs) if self.magnitude == "free" else phase_alone(outputs)
