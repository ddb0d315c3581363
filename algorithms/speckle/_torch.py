"""What learned speckle solvers compute with torch: local means and moved images."""

from __future__ import annotations

import torch
from torch.nn import functional


def box_mean(x: torch.Tensor, side: int) -> torch.Tensor:
    """Mean over a square of odd ``side`` around every pixel of (..., H, W); at the frame over what lies inside it."""
    rows, columns = x.shape[-2:]
    flat = x.reshape(-1, 1, rows, columns)
    for kernel in ((side, 1), (1, side)):
        half = (kernel[0] // 2, kernel[1] // 2)
        flat = functional.avg_pool2d(flat, kernel, stride=1, padding=half, count_include_pad=False)
    return flat.reshape(x.shape)


def warp(images: torch.Tensor, displacement: torch.Tensor) -> torch.Tensor:
    """``I(r - d(r))`` of images (N, H, W) under a displacement (2, H, W) in pixels, cubic convolution, mirrored at the frame."""
    rows, columns = images.shape[-2:]
    like = {"device": displacement.device, "dtype": displacement.dtype}
    at_row = torch.arange(rows, **like)[:, None] - displacement[0]  # type: ignore[call-overload]
    at_column = torch.arange(columns, **like) - displacement[1]  # type: ignore[call-overload]
    unit = torch.stack([2 * at_column / max(columns - 1, 1) - 1, 2 * at_row / max(rows - 1, 1) - 1], dim=-1)
    return functional.grid_sample(images[None], unit[None], mode="bicubic", padding_mode="reflection", align_corners=True)[0]
