"""A network that corrects one of its inputs."""

from __future__ import annotations

import torch
from torch import nn

from .sparse_net import SparseNet
from .unet import UNet


class Correction(nn.Module):
    """The last channel of the input, times a scale, plus what a network answers about its mean; zero before it has learned.

    Args:
        inner: a U-Net or a sparse network, one channel out.
        scale: of the last channel.
    """

    def __init__(self, inner: nn.Module, scale: float) -> None:
        super().__init__()
        assert isinstance(inner, UNet | SparseNet)
        self.inner: nn.Module = inner
        self.scale = scale
        last = inner.out if isinstance(inner, UNet) else inner.head[0]
        assert isinstance(last, nn.Conv2d)
        assert last.bias is not None
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Images (B, channels, H, W) to (B, 1, H, W)."""
        change = self.inner(x)
        result: torch.Tensor = self.scale * x[:, -1:] + (change - change.mean(dim=(2, 3), keepdim=True))
        return result
