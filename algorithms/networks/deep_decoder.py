"""A decoder of fewer weights than pixels, which can draw images and little else."""

from __future__ import annotations

import math

import torch
from torch import nn


class DeepDecoder(nn.Module):
    """The deep decoder (Heckel, Hand, ICLR 2019, arXiv:1810.03982): mixtures of channels, enlarged, rectified and normalised.

    No convolution sees a pixel's neighbours: that neighbours are alike comes from the enlargement alone. With k channels and L
    stages it has ``L k^2 + 2 L k + k outputs`` weights.

    Args:
        shape: of the image; each stage begins at half the side of the next, rounded up.
        outputs: channels of the image; no activation.
        channels: of every stage.
        stages: that enlarge; the coarsest side must have at least two pixels.

    Raises:
        ValueError: where the coarsest side would have fewer.
    """

    def __init__(self, shape: tuple[int, int], outputs: int, *, channels: int, stages: int) -> None:
        super().__init__()
        self.channels = channels
        self.sizes = [tuple(math.ceil(n / 2**scale) for n in shape) for scale in reversed(range(stages + 1))]
        if min(self.sizes[0]) < 2:
            raise ValueError(f"{stages} stages leave less than two pixels of {shape}")
        self.mix = nn.ModuleList(nn.Conv2d(channels, channels, 1, bias=False) for _ in range(stages))
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for _ in range(stages))
        self.out = nn.Conv2d(channels, outputs, 1, bias=False)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the input: one example at the coarsest scale, (1, channels, *coarsest)."""
        return (1, self.channels, *self.sizes[0])

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Inputs (1, channels, *coarsest) to (1, outputs, *shape)."""
        x = z
        for mix, norm, size in zip(self.mix, self.norms, self.sizes[1:], strict=True):
            x = nn.functional.interpolate(mix(x), size=size, mode="bilinear", align_corners=False)
            x = norm(nn.functional.relu(x))
        result: torch.Tensor = self.out(x)
        return result
