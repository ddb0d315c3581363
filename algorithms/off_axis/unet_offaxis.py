"""A U-Net that reads the phase off one interferogram."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from prbench.core import register, setting
from prbench.core.weights import Weights

from ._wave_network import WaveNetwork

if TYPE_CHECKING:
    import torch


@register(
    "unet-offaxis",
    task="off-axis",
    cite=(
        "Ronneberger, Fischer, Brox, MICCAI 2015, 234, arXiv:1505.04597; "
        "as what NAS-PRNet is compared with: Shu, Niu, Zhang, Luo, Zhou, arXiv:2210.14231"
    ),
    tags=("trained",),
)
@dataclass(frozen=True)
class UNetOffAxis(WaveNetwork):
    """The classical U-Net, one channel in and one out: interferogram in, unwrapped phase out.

    The published width is 64: 64-128-256-512-1024 channels, 31 million parameters. Every convolution is followed by batch norm,
    which the published network has not.

    Five levels are published. With ``reads=wave`` the network corrects a phase that is known roughly everywhere, on a coarse
    grid, and needs less context: ``results/pareto-off-axis.md`` has a search for width and depth.
    """

    width: int = setting(
        16, valid="[1, 256]", range=(8, 64), log=True, doc="channels of the finest level; each coarser one has twice as many"
    )
    levels: int = setting(5, valid="[1, 7]", range=(2, 5), doc="resolutions, each half as fine as the one before")

    architecture: ClassVar[tuple[str, ...]] = ("width", "levels", "reads")
    example: ClassVar[dict[str, object]] = {"weights": "random", "width": 4}

    def check_card(self, weights: Weights, where: str) -> None:
        """As of any weights; those from before there was a choice have five levels."""
        settings = {"levels": 5, **weights.card.get("settings", {})}
        super().check_card(dataclasses.replace(weights, card={**weights.card, "settings": settings}), where)

    def backbone(self, inputs: int) -> torch.nn.Module:
        """The U-Net, one channel out."""
        from ..networks.unet import UNet

        return UNet(inputs, 1, width=self.width, levels=self.levels, norm="batch")
