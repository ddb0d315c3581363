"""DnCNN, a network that tells the noise of a picture.

Zhang, Zuo, Chen, Meng, Zhang, IEEE Trans. Image Process. 26 (2017) 3142, doi:10.1109/TIP.2017.2662206.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import nn

from prbench.core.data_files import read_arrays

from .dncnn_weights import LAYERS, LEVELS


class DnCNN(nn.Module):
    """Convolutions of 3x3 with batch normalisation folded in; pictures (B, 1, H, W) from 0 to 1 to the same without noise."""

    def __init__(self, kernels: Mapping[str, np.ndarray]) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList()
        for layer in range(LAYERS):
            weight, bias = (torch.from_numpy(kernels[f"{kind}{layer}"].copy()) for kind in ("weight", "bias"))
            convolution = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
            convolution.weight, convolution.bias = nn.Parameter(weight), nn.Parameter(bias)
            self.convolutions.append(convolution)
        self.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The picture minus the noise that the network sees in it."""
        noise = x
        for convolution in self.convolutions[:-1]:
            noise = torch.relu_(convolution(noise))
        result: torch.Tensor = x - self.convolutions[-1](noise)
        return result


def level_for(sigma: float) -> str:
    """The network for noise of a standard deviation in grey levels of 255: the first that reaches it, or the last."""
    return next((level for level, most in LEVELS.items() if sigma <= most), "40to60")


@cache
def network(path: Any, level: str) -> DnCNN:
    """The network of a level, on the host, from the path of the file of weights."""
    prefix = f"{level}/"
    kernels = {name.removeprefix(prefix): array for name, array in read_arrays(path).items() if name.startswith(prefix)}
    return DnCNN(kernels).eval()
