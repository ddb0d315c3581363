"""One untrained network for a diffraction pattern that draws magnitude and phase as two channels."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from prbench.core import register
from prbench.tasks.far_field import UNIFORM_MAGNITUDE

from ._parametrisations import Outputs, magnitude_and_phase
from .dip import DeepImagePrior


@register(
    "dip-polar",
    task="far-field",
    cite="Ulyanov, Vedaldi, Lempitsky, CVPR 2018, arXiv:1711.10925; "
    "Zhuang, Yang, Hofmann, Barmherzig, Sun (2022), arXiv:2211.00799",
    tags=("untrained",),
)
@dataclass(frozen=True)
class DeepImagePriorPolar(DeepImagePrior):
    """A single network draws the object's magnitude and its phase.

    It has the magnitudes of ``double-dip-admm`` and the one network of ``dip``: beside both it tells what the second network adds
    from what drawing magnitude and phase adds.
    """

    @property
    def assumes(self) -> tuple[str, ...]:
        """A uniform magnitude: sigmoids that saturate at one number prefer it."""
        return (UNIFORM_MAGNITUDE,)

    def field(self, outputs: Outputs) -> torch.Tensor:
        """``m exp(i b)``."""
        both = outputs[0]
        return magnitude_and_phase([both[:, :1], both[:, 1:]])
