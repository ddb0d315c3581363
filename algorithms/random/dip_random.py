"""An untrained network as the prior: images are what a convolutional network fits first, so fewer measurements determine one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from prbench.core import register, setting

from ..networks.skip import SkipNetwork
from ._untrained import UntrainedRandom, scales_of

_INPUTS = 16
"""Channels of noise that the network sees."""


@register(
    "dip-random",
    task="random",
    cite="Ulyanov, Vedaldi, Lempitsky, CVPR 2018, arXiv:1711.10925; Jagatap, Hegde, NeurIPS 2019, arXiv:1906.08763",
    tags=("untrained",),
)
@dataclass(frozen=True)
class DipRandom(UntrainedRandom):
    """A network with skip connections: noise is fitted later than images are, so that the values held out tell when to stop.

    Images only, and nothing is gained for objects without structure.
    """

    channels: int = setting(32, valid="[1, 1024]", range=(8, 128), log=True, doc="of every convolution")
    scales: int = setting(4, valid="[1, 8]", range=(2, 5), doc="resolutions below the object's; fewer in small ones")

    example: ClassVar[dict[str, object]] = {"iterations": 60, "channels": 8, "scales": 2}

    def network(self, shape: tuple[int, ...], outputs: int) -> tuple[nn.Module, torch.Tensor]:
        """The network of the deep image prior, which sees noise at the object's resolution."""
        scales = scales_of(shape, self.scales)
        network = SkipNetwork(2, _INPUTS, outputs, channels=self.channels, scales=scales, upsample="linear")
        return network, 0.1 * torch.rand((1, _INPUTS, *shape), dtype=torch.float64)
