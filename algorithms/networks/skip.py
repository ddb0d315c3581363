"""The encoder-decoder with skip connections that serves as an untrained prior, in two and three dimensions."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import nn

from prbench.core.learned import layout

Upsample = Literal["nearest", "linear"]
Boundary = Literal["reflect", "periodic"]


class SkipNetwork(nn.Module):
    """The network of the deep image prior (Ulyanov, Vedaldi, Lempitsky, CVPR 2018, arXiv:1711.10925), several of them at once.

    Each scale halves the image by a strided convolution and convolves once more; on the way up the coarser scale is upsampled,
    joined with a thin 1x1 skip branch, and convolved by 3x3 and 1x1. Batch norm and LeakyReLU 0.2 throughout, and reflection at
    the edges, as published, or none: with a periodic boundary what goes out on one side comes in on the other. The published
    size is ``channels=128, scales=5, skip_channels=4``, 2.2 M parameters in 2D.

    ``starts`` independent networks run as one, their convolutions grouped: channels of start s stand together, and nothing mixes.
    Batch norm over a batch of one image normalises each channel of each start by itself.

    Args:
        ndim: 2 or 3.
        inputs: channels in, of each start.
        outputs: channels out, of each start; no activation.
        channels: of every convolution; a number, or one for each scale from fine to coarse.
        scales: resolutions below the input's.
        skip_channels: of the skip branches; 0 leaves them out.
        starts: networks side by side.
        upsample: how a coarser scale is enlarged.
        boundary: what a convolution sees beyond the edges.
    """

    def __init__(
        self,
        ndim: int,
        inputs: int,
        outputs: int,
        *,
        channels: int | tuple[int, ...] = 128,
        scales: int = 5,
        skip_channels: int = 4,
        starts: int = 1,
        upsample: Upsample = "nearest",
        boundary: Boundary = "reflect",
    ) -> None:
        super().__init__()
        widths = (channels,) * scales if isinstance(channels, int) else channels
        if len(widths) != scales or ndim not in (2, 3):
            raise ValueError(f"expected ndim 2 or 3 and a width for each of {scales} scales, got {ndim} and {widths}")
        block = _Blocks(ndim, starts, boundary)
        self.starts = starts
        self.mode = upsample if upsample == "nearest" else ("bilinear" if ndim == 2 else "trilinear")
        before = [inputs, *widths[:-1]]
        after = [*widths[1:], widths[-1]]
        self.down = nn.ModuleList(
            nn.Sequential(*block(a, w, 3, stride=2), *block(w, w, 3)) for a, w in zip(before, widths, strict=True)
        )
        self.skip = nn.ModuleList(nn.Sequential(*block(a, skip_channels, 1)) if skip_channels else nn.Identity() for a in before)
        self.join = nn.ModuleList(
            nn.Sequential(block.norm(skip_channels + w), *block(skip_channels + w, v, 3), *block(v, v, 1))
            for w, v in zip(after, widths, strict=True)
        )
        self.has_skips = skip_channels > 0
        (self.out,) = block.convolution(widths[0], outputs, 1)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Inputs (B, starts * inputs, *shape) to (B, starts * outputs, *shape), channels of a start together."""
        scales = [z]
        for down in self.down:
            scales.append(down(scales[-1]))
        x = scales.pop()
        for finer, skip, join in zip(reversed(scales), reversed(list(self.skip)), reversed(list(self.join)), strict=True):
            x = nn.functional.interpolate(x, size=finer.shape[2:], mode=self.mode)
            x = join(self._beside(skip(finer), x) if self.has_skips else x)
        result: torch.Tensor = self.out(x)
        return result

    def _beside(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """The channels of two tensors joined within each start."""
        if self.starts == 1:
            return torch.cat([a, b], dim=1)
        # With the channels behind, as they lie in memory: joined in front of the pixels they would be copied there and back.
        behind = [t.movedim(1, -1) for t in (a, b)]
        parts = [t.reshape(*t.shape[:-1], self.starts, -1) for t in behind]
        return torch.cat(parts, dim=-1).flatten(-2).movedim(-1, 1)


class _Blocks:
    """Makes layers of one dimension for several starts."""

    def __init__(self, ndim: int, starts: int, boundary: Boundary) -> None:
        self._convolution = nn.Conv2d if ndim == 2 else nn.Conv3d
        self._norm = nn.BatchNorm2d if ndim == 2 else nn.BatchNorm3d
        self._starts = starts
        self._boundary = boundary

    def __call__(self, inputs: int, outputs: int, size: int, *, stride: int = 1) -> list[nn.Module]:
        return [*self.convolution(inputs, outputs, size, stride=stride), self.norm(outputs), nn.LeakyReLU(0.2, inplace=True)]

    def convolution(self, inputs: int, outputs: int, size: int, *, stride: int = 1) -> list[nn.Module]:
        n = self._starts
        periodic = self._boundary == "periodic" and size > 1
        # A dilation means nothing to a 1x1 kernel, but without one torch computes grouped ones group by group on one thread.
        dilation = 2 if size == 1 and n > 1 else 1
        padding = 0 if periodic else size // 2
        mode: Literal["reflect", "zeros"] = "reflect" if padding else "zeros"
        convolution = self._convolution(
            n * inputs, n * outputs, size, stride=stride, padding=padding, padding_mode=mode, groups=n, dilation=dilation
        )
        return [Wrapped(), convolution] if periodic else [convolution]

    def norm(self, channels: int) -> nn.Module:
        return self._norm(self._starts * channels)


class Wrapped(nn.Module):
    """Images or volumes (B, C, *shape) with one pixel of the opposite side beyond each edge: periodic padding for kernels of 3.

    torch's own circular padding leaves channels-last, and its backward pass costs twice this one's.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """To (B, C, *(n + 2 for each side n))."""
        result: torch.Tensor = _Wrap.apply(x)  # type: ignore[no-untyped-call]
        return result


class _Wrap(torch.autograd.Function):
    """One copy of the image and thin ones of its edges, and the adjoint: edges added to where they came from."""

    @staticmethod
    def forward(_: Any, x: torch.Tensor) -> torch.Tensor:
        wider = x.new_empty(*x.shape[:2], *[n + 2 for n in x.shape[2:]]).contiguous(memory_format=layout(x))
        _inner(wider).copy_(x)
        for axis, n in enumerate(x.shape[2:], 2):  # each axis copies the corners that those before it have filled
            wider.narrow(axis, 0, 1).copy_(wider.narrow(axis, n, 1))
            wider.narrow(axis, n + 1, 1).copy_(wider.narrow(axis, 1, 1))
        return wider

    @staticmethod
    def backward(_: Any, gradient: torch.Tensor) -> torch.Tensor:
        folded = gradient.clone()
        for axis in reversed(range(2, folded.ndim)):
            n = folded.shape[axis] - 2
            folded.narrow(axis, n, 1).add_(folded.narrow(axis, 0, 1))
            folded.narrow(axis, 1, 1).add_(folded.narrow(axis, n + 1, 1))
        return _inner(folded).contiguous(memory_format=layout(folded))  # what comes next is slow on views


def _inner(padded: torch.Tensor) -> torch.Tensor:
    """A view of all but one pixel at each edge."""
    for axis, n in enumerate(padded.shape[2:], 2):
        padded = padded.narrow(axis, 1, n - 2)
    return padded
