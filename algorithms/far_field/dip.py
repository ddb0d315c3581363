"""One untrained network for a diffraction pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from prbench.core import register

from ._parametrisations import Outputs, real_and_imaginary
from ._skip_prior import SkipPrior


@register(
    "dip",
    task="far-field",
    cite="Ulyanov, Vedaldi, Lempitsky, CVPR 2018, arXiv:1711.10925; "
    "Zhuang, Yang, Hofmann, Barmherzig, Sun (2022), arXiv:2211.00799",
    tags=("untrained",),
)
@dataclass(frozen=True)
class DeepImagePrior(SkipPrior):
    """A single network draws the real and the imaginary part: what ``double-dip-admm`` is to be compared with."""

    outputs: ClassVar[tuple[int, ...]] = (2,)

    def field(self, outputs: Outputs) -> torch.Tensor:
        """``a + i b``."""
        return real_and_imaginary(outputs)
