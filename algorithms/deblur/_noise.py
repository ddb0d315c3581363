"""The noise of an image, from the image."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from prbench.tasks.deblur import BlurredImage


def noise_level(y: BlurredImage) -> float:
    """Standard deviation of white noise, from what a second difference along both axes leaves of a blurred image.

    Immerkaer, Comput. Vis. Image Underst. 64 (1996) 300, doi:10.1006/cviu.1996.0060. Values that rest on unmeasured pixels
    are left out; where nothing remains, or in an image under 3 pixels wide, the noise counts as zero.

    Args:
        y: on a torch backend.
    """
    if min(y.shape) < 3:
        return 0.0
    second = torch.tensor([1.0, -2.0, 1.0], dtype=y.image.dtype, device=y.image.device)
    response = functional.conv2d(y.image[None, None], torch.outer(second, second)[None, None])[0, 0].abs()
    if y.mask is not None:
        holes = functional.max_pool2d((~y.mask).to(y.image.dtype)[None, None], 3, stride=1)[0, 0]
        response = response[holes == 0]
    return math.sqrt(math.pi / 2) / 6 * float(response.mean()) if response.numel() else 0.0
