"""Untrained networks as priors of a phase; another network is one class more."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from prbench.core import register, setting

from ..networks.u2net import U2Net
from ..networks.unet import UNet
from ._untrained import UntrainedFit

_CITE = (
    "Osorio Quero, Leykam, Rondon Ojeda (2024), arXiv:2404.06657; "
    "Wang, Bian, Wang, Lyu, Pedrini, Osten, Barbastathis, Situ, Light Sci. Appl. 9 (2020) 77, doi:10.1038/s41377-020-0302-3"
)


@register("unet", task="near-field", cite=_CITE, tags=("untrained",))
@dataclass(frozen=True)
class UntrainedUNet(UntrainedFit):
    """A U-Net, fitted to one intensity through the forward model.

    Channels 12-24-48-96-192, 1.1 M parameters, or the 32-64-128-256-512 of PhysenNet, 7.8 M; batch norm and ReLU.
    """

    def network(self, inputs: int, outputs: int, side: int) -> tuple[nn.Module, nn.Conv2d]:
        """With fewer levels in small frames, so that the coarsest has some pixels."""
        levels = max(1, min(5, int(math.log2(side)) - 1))
        result = UNet(inputs, outputs, width=12 if self.size == "small" else 32, levels=levels, norm="batch")
        return result, result.out


@register(
    "u2net",
    task="near-field",
    cite=f"{_CITE}; Qin et al., Pattern Recognition 106 (2020) 107404, arXiv:2005.09007",
    tags=("untrained",),
)
@dataclass(frozen=True)
class UntrainedU2Net(UntrainedFit):
    """A U2-Net, fitted to one intensity through the forward model: the small variant, 1.1 M parameters, or the published 44 M.

    Its answer is a sum of six, each over 64 channels and more, and moves as much further in a step: hence the lower rate.
    """

    rate: float = setting(
        1e-3, valid="(0, 1]", range=(1e-4, 1e-2), log=True, doc="highest learning rate, of a cycle of one cosine"
    )

    shortcuts: ClassVar[bool] = False

    def network(self, inputs: int, outputs: int, side: int) -> tuple[nn.Module, nn.Conv2d]:  # noqa: ARG002 - any side serves
        """The published architecture, with shortcuts round its stages where there are to be some."""
        result = U2Net(inputs, outputs, size=self.size, residual=self.shortcuts)
        return result, result.fuse


@register("res-u2net", task="near-field", cite=_CITE, tags=("untrained",))
@dataclass(frozen=True)
class UntrainedResU2Net(UntrainedU2Net):
    """A U2-Net with residual connections round every stage, fitted to one intensity through the forward model."""

    shortcuts: ClassVar[bool] = True
