"""SelfDeblur as published: both networks begin from noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from prbench.core import register, setting

from .double_dip_deblur import DoubleDipDeblur


@register("selfdeblur", task="deblur", cite="Ren, Zhang, Wang, Hu, Zuo, CVPR 2020, arXiv:1908.02197", tags=("untrained",))
@dataclass(frozen=True)
class SelfDeblur(DoubleDipDeblur):
    """``double-dip-deblur`` with the published settings: no estimate to begin with, 5000 steps, wider networks.

    The squared misfit of the first fifth of the steps, then 1 - SSIM; no total variation; the last image is the answer. A step
    takes ten times that of ``double-dip-deblur``.
    """

    iterations: int = setting(5000, valid="[1, inf)", range=(500, 5000), log=True, doc="steps at most")
    warm: bool = setting(False, doc="begin with a kernel estimated from edges and the image that it explains")
    hold: float = setting(0.0, valid="[0, 1]", range=(0, 1), doc="part of the steps for which a kernel begun warm is held")
    variation: float = setting(
        0.0, valid="[0, inf)", range=(0, 2), doc="weight of the total variation; 1: that of gradients as in the blurred image"
    )
    similarity_from: float = setting(0.2, valid="[0, 1]", range=(0.1, 1), doc="part of the steps from which 1 - SSIM is the loss")
    channels: int = setting(128, valid="[1, 1024]", range=(8, 128), doc="of every convolution")
    averaging: float = setting(0.0, valid="[0, 1)", range=(0, 0.99), doc="part of the average image that a step keeps")

    largest_widening: ClassVar[int] = 1
    skip_channels: ClassVar[int | None] = 16
    code: ClassVar[int] = 200
    hidden: ClassVar[int] = 1000
