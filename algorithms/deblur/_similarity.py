"""Structural similarity that torch can differentiate."""

from __future__ import annotations

import torch
from torch.nn import functional


def structural_similarity(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Mean structural similarity of two images whose values span 1, with a Gaussian window of sigma 1.5 cut at 5 pixels.

    Wang, Bovik, Sheikh, Simoncelli, IEEE Trans. Image Process. 13 (2004) 600, doi:10.1109/TIP.2003.819861. In images narrower
    than the window it is cut to them.

    Args:
        a: real (H, W).
        b: the same shape.
    """
    half = min(5, (min(a.shape) - 1) // 2)
    offset = torch.arange(-half, half + 1, dtype=a.dtype, device=a.device)
    window = torch.exp(-0.5 * (offset / 1.5) ** 2)
    window = (window / window.sum())[None, None, :, None]
    moments = torch.stack([a, b, a * a, b * b, a * b])[:, None]
    means = functional.conv2d(functional.conv2d(moments, window), window.mT)[:, 0]
    a, b, aa, bb, ab = means
    luminance = (2 * a * b + 0.01**2) / (a * a + b * b + 0.01**2)
    structure = (2 * (ab - a * b) + 0.03**2) / (aa - a * a + bb - b * b + 0.03**2)
    similarity: torch.Tensor = (luminance * structure).mean()
    return similarity
