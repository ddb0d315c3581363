"""Deep image priors: the networks are convolutional, with skip connections, and see fixed noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from prbench.core import setting

from ..networks.skip import SkipNetwork
from ._deep_prior import DeepPrior

_INPUTS = 8
"""Channels of noise that a network sees."""
_SKIP_CHANNELS = 4
_COARSEST = 2
"""Pixels along the shortest side of the coarsest scale, at least: reflection needs a neighbour."""


@dataclass(frozen=True)
class SkipPrior(DeepPrior):
    """Base of deep image priors: a subclass says how the networks' outputs make an object."""

    channels: int = setting(32, valid="[1, 1024]", range=(16, 128), log=True, doc="of each convolution")
    scales: int = setting(3, valid="[1, 8]", range=(2, 5), doc="resolutions below the object's; fewer in small frames")
    input_scale: float = setting(1.0, valid="(0, 100]", range=(0.1, 3), log=True, doc="fixed input noise lies between 0 and this")

    example: ClassVar[dict[str, object]] = {"iterations": 30, "starts": 2, "finalists": 1, "channels": 8}

    def networks(self, ndim: int, frame: tuple[int, ...], outputs: int, starts: int) -> nn.Module:
        """Skip networks side by side; periodic where the frame moves, so that all pixels are alike."""
        scales = max(1, min(self.scales, int(math.log2(min(frame) / _COARSEST))))
        return SkipNetwork(
            ndim,
            _INPUTS,
            outputs,
            channels=self.channels,
            scales=scales,
            skip_channels=_SKIP_CHANNELS,
            starts=starts,
            boundary="periodic" if self.moves() else "reflect",
        )

    def code(self, frame: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
        """Uniform noise."""
        return self.input_scale * torch.rand((_INPUTS, *frame), generator=generator, device=generator.device)
