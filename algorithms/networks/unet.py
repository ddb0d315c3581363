"""The U-Net, a convolutional network with skip connections."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Norm = Literal["none", "batch", "group"]
Activation = Literal["relu", "leaky"]


class UNet(nn.Module):
    """The classical U-Net: pairs of 3x3 convolutions, max pooling down, transposed convolutions up, linear 1x1 output.

    Ronneberger, Fischer, Brox, MICCAI 2015, 234, arXiv:1505.04597; here with padded convolutions, so that the output has the
    input's size. Images of any size: they are mirrored out to the next multiple of ``2 ** (levels - 1)`` and cut back.

    Args:
        inputs: channels in.
        outputs: channels out.
        width: channels of the finest level; each coarser one has twice as many.
        levels: resolutions; 5 with ``width=64`` are the published 64-128-256-512-1024.
        norm: after each convolution; ``none`` is the published network.
        activation: ``relu`` as published, or ``leaky`` with slope 0.2.
    """

    def __init__(
        self, inputs: int, outputs: int, *, width: int, levels: int = 5, norm: Norm = "none", activation: Activation = "relu"
    ) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(levels)]
        self.down = nn.ModuleList(_convolutions(a, b, norm, activation) for a, b in pairwise([inputs, *widths]))
        self.pool = nn.MaxPool2d(2)
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, stride=2) for w in widths[-2::-1])
        self.join = nn.ModuleList(_convolutions(2 * w, w, norm, activation) for w in widths[-2::-1])
        self.out = nn.Conv2d(width, outputs, 1)
        self.multiple = 2 ** (levels - 1)
        self.apply(_start)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Images (B, inputs, H, W) to (B, outputs, H, W)."""
        rows, columns = x.shape[-2:]
        x = extended(x, self.multiple)
        skips = []
        for level, convolutions in enumerate(self.down):
            x = convolutions(self.pool(x) if level else x)
            skips.append(x)
        for up, join, skip in zip(self.up, self.join, skips[-2::-1], strict=True):
            x = join(torch.cat([skip, up(x)], dim=1))
        result: torch.Tensor = self.out(x)[..., :rows, :columns]
        return result


def extended(x: torch.Tensor, multiple: int) -> torch.Tensor:
    """Images mirrored out at the end of rows and columns to the next multiple; edge pixels repeat where an image is too small."""
    rows, columns = (-n % multiple for n in x.shape[-2:])
    if not rows and not columns:
        return x
    mirror = rows < x.shape[-2] and columns < x.shape[-1]
    return nn.functional.pad(x, (0, columns, 0, rows), mode="reflect" if mirror else "replicate")


def folded(network: nn.Module) -> nn.Module:
    """A network in evaluation mode with every batch norm that follows a convolution in a sequence multiplied into it."""
    for module in network.modules():
        if isinstance(module, nn.Sequential):
            for (name, layer), (norm, after) in pairwise(list(module.named_children())):
                if isinstance(layer, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
                    setattr(module, name, fuse_conv_bn_eval(layer, after))
                    setattr(module, norm, nn.Identity())
    return network


def _convolutions(inputs: int, outputs: int, norm: Norm, activation: Activation) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers.append(nn.Conv2d(channels, outputs, 3, padding=1, bias=norm != "batch"))
        if norm == "batch":
            layers.append(nn.BatchNorm2d(outputs))
        elif norm == "group":
            layers.append(nn.GroupNorm(min(8, outputs), outputs))
        layers.append(nn.ReLU(inplace=True) if activation == "relu" else nn.LeakyReLU(0.2, inplace=True))
    return nn.Sequential(*layers)


def _start(layer: nn.Module) -> None:
    """He initialisation (arXiv:1502.01852): a signal keeps its variance through rectified layers without norm."""
    if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
