"""Two untrained networks for a weakly scattering object: one draws the real part, one the imaginary part."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from prbench.core import register

from ._parametrisations import Outputs, nonnegative_real_and_imaginary
from ._skip_prior import SkipPrior


@register(
    "double-dip-ri",
    task="far-field",
    cite="Zhuang, Yang, Hofmann, Barmherzig, Sun (2022), arXiv:2211.00799; "
    "Ulyanov, Vedaldi, Lempitsky, CVPR 2018, arXiv:1711.10925; "
    "Wen, Yang, Liu, Marchesini, Inverse Problems 28 (2012) 115010, doi:10.1088/0266-5611/28/11/115010",
    tags=("untrained",),
)
@dataclass(frozen=True)
class DoubleDipRI(SkipPrior):
    """A nonnegative real part and an imaginary part, by a network each: for specimens whose phase stays within a right angle."""

    def field(self, outputs: Outputs) -> torch.Tensor:
        """``a + i b`` with ``a >= 0``."""
        return nonnegative_real_and_imaginary(outputs)
