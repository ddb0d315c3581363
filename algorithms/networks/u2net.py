"""U2-Net, a U of Us, and the same with residual connections round every stage."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import nn
from torch.nn.functional import interpolate, max_pool2d

Size = Literal["small", "published"]

_HEIGHTS = (7, 6, 5, 4)
"""Levels of the blocks that pool; two more stages dilate instead."""

_WIDTHS: dict[Size, tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]] = {
    "published": (
        ((32, 64), (32, 128), (64, 256), (128, 512), (256, 512), (256, 512)),
        ((256, 512), (128, 256), (64, 128), (32, 64), (16, 64)),
    ),
    "small": (((16, 64),) * 6, ((16, 64),) * 5),
}
"""Inner and outer channels of the stages: six of the encoder, fine to coarse, and five of the decoder, coarse to fine."""


class U2Net(nn.Module):
    """A U-shaped network whose stages are U-shaped blocks, its answer fused from one of every scale.

    Qin, Zhang, Huang, Dehghan, Zaiane, Jagersand, Pattern Recognition 106 (2020) 107404, arXiv:2005.09007: encoder blocks of 7,
    6, 5 and 4 levels, two that dilate instead of pooling, and back. With 3 channels in and 1 out the published network has 44.0 M
    parameters and its small variant 1.13 M. The output is the fused one, linear.

    Args:
        inputs: channels in.
        outputs: channels out.
        size: ``published`` or ``small``.
        residual: add each stage's input to its output, through a 1x1 convolution without bias where their widths differ: the
            Res-U2-Net of Osorio Quero, Leykam, Rondon Ojeda, arXiv:2404.06657, whose projections are not published.
    """

    def __init__(self, inputs: int, outputs: int, *, size: Size = "small", residual: bool = False) -> None:
        super().__init__()
        encoder, decoder = _WIDTHS[size]
        widths = [out for _, out in encoder]
        blocks = [_NestedBlock(levels, *width) for levels, width in _stages(inputs, encoder, decoder)]
        stages = [_Residual(block) if residual else block for block in blocks]
        self.down = nn.ModuleList(stages[:6])
        self.up = nn.ModuleList(stages[6:])
        seen = [out for _, out in reversed(decoder)] + [widths[-1]]  # fine to coarse
        self.side = nn.ModuleList(nn.Conv2d(width, outputs, 3, padding=1) for width in seen)
        self.fuse = nn.Conv2d(6 * outputs, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Images (B, inputs, H, W), of any size, to (B, outputs, H, W)."""
        skips = []
        for level, stage in enumerate(self.down):
            x = stage(_pooled(x) if level else x)
            skips.append(x)
        answers = [x]
        for stage, skip in zip(self.up, skips[-2::-1], strict=True):
            x = stage(torch.cat([_like(x, skip), skip], dim=1))
            answers.append(x)
        sides = [_like(side(answer), skips[0]) for side, answer in zip(self.side, reversed(answers), strict=True)]
        result: torch.Tensor = self.fuse(torch.cat(sides, dim=1))
        return result


def _stages(
    inputs: int, encoder: Sequence[tuple[int, int]], decoder: Sequence[tuple[int, int]]
) -> list[tuple[int | None, tuple[int, int, int]]]:
    """For each stage its levels, None where it dilates, and its channels in, within and out."""
    widths = [inputs, *(out for _, out in encoder)]
    down = [(_levels(n), (widths[n], *encoder[n])) for n in range(6)]
    below = [widths[-1], *(out for _, out in decoder[:-1])]
    up = [(_levels(4 - n), (below[n] + widths[5 - n], *decoder[n])) for n in range(5)]
    return down + up


def _levels(stage: int) -> int | None:
    return _HEIGHTS[stage] if stage < len(_HEIGHTS) else None


class _NestedBlock(nn.Module):
    """A residual U-block: a convolution, a U on what it gives, and the sum of both.

    Args:
        levels: convolutions on the way down; all but the first and the last are followed by pooling. None: four that dilate by
            1, 2, 4 and 8 instead.
        inputs: channels in.
        within: channels inside the U.
        outputs: channels out.
    """

    def __init__(self, levels: int | None, inputs: int, within: int, outputs: int) -> None:
        super().__init__()
        self.inputs, self.outputs = inputs, outputs
        self.dilated = levels is None
        steps = [1, 2, 4, 8] if levels is None else [1] * (levels - 1) + [2]
        widths = [outputs] + [within] * len(steps)
        self.first = _convolution(inputs, outputs)
        self.down = nn.ModuleList(_convolution(a, b, step) for (a, b), step in zip(pairwise(widths), steps, strict=True))
        back = list(reversed(steps[:-1]))
        self.up = nn.ModuleList(
            _convolution(2 * within, outputs if n == len(back) - 1 else within, step) for n, step in enumerate(back)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        start: torch.Tensor = self.first(x)
        x = start
        skips = []
        for n, convolution in enumerate(self.down):
            pools = not self.dilated and 0 < n < len(self.down) - 1
            x = convolution(_pooled(x) if pools else x)
            skips.append(x)
        for convolution, skip in zip(self.up, skips[-2::-1], strict=True):
            x = convolution(torch.cat([_like(x, skip), skip], dim=1))
        return x + start


class _Residual(nn.Module):
    """A block and, added to what it answers, its input, projected where widths differ."""

    def __init__(self, block: _NestedBlock) -> None:
        super().__init__()
        self.block = block
        same = block.inputs == block.outputs
        self.shortcut = nn.Identity() if same else nn.Conv2d(block.inputs, block.outputs, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.block(x) + self.shortcut(x)
        return result


def _convolution(inputs: int, outputs: int, dilation: int = 1) -> nn.Sequential:
    """3x3 convolution, batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def _pooled(x: torch.Tensor) -> torch.Tensor:
    """Half the size; of one image a batch norm needs more than a pixel, so that two rows or columns stay."""
    kernel = [2 if n > 2 else 1 for n in x.shape[-2:]]
    pooled: torch.Tensor = max_pool2d(x, kernel, ceil_mode=True)
    return pooled


def _like(x: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Enlarged to the other's rows and columns."""
    return x if x.shape[-2:] == other.shape[-2:] else interpolate(x, size=other.shape[-2:], mode="bilinear")
