"""NAS-PRNet: a small network whose links were found by a search for reconstructing phases."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from prbench.core import Recipe, register, setting

from ._phase_network import RECIPE
from ._sparse_phase_network import SPARSE_RECIPE, SparsePhaseNetwork
from ._wave_network import WAVE_RECIPE, WaveNetwork

if TYPE_CHECKING:
    import torch

SEARCH_RECIPE = dataclasses.replace(RECIPE, steps=2400, crop=128, learning_rate=5e-3, average=0.0, validate_every=100)
"""On quarters of the frames, otherwise as a training."""


@register(
    "nas-prnet",
    task="off-axis",
    cite=(
        "Shu, Niu, Zhang, Luo, Zhou, arXiv:2210.14231; "
        "the search: Wu, Zhang, Huang, ICCV 2019, 6767, arXiv:1904.07642; "
        "the encoder: Sandler et al., CVPR 2018, 4510, arXiv:1801.04381"
    ),
    tags=("trained",),
)
@dataclass(frozen=True)
class NASPRNet(WaveNetwork, SparsePhaseNetwork):
    """Interferogram in, unwrapped phase out, by a MobileNet-v2 encoder and a decoder of a few links that a search has found.

    ``prbench search`` trains a network with all 90 links to reconstruct phases, while a second loss drives the weights of the
    links to 0 or to their limit; the links that are left make the network that is then trained from the beginning. The paper's
    own links are not public: those here were found by such a search on simulated holograms.

    Three things differ from the published search, without which it takes the links between stages first, as these have learned
    nothing yet, and keeps links by chance, as a phase error of a few hundredths of a radian, squared, is nothing beside the
    sparsity loss. The sparsity loss counts after ``settling`` steps; it stands beside the logarithm of the error, so that a link
    is worth the share of the error that it saves, at whatever level; and Adam trains. The head (3x3 convolution, pixel shuffle)
    is a choice; ``links`` offers others for comparison, of which a U's do better (``results/nas-prnet.md``).
    """

    sparsity: float = setting(0.4, valid="[0, inf)", range=(0.04, 4), log=True, doc="weight of the sparsity loss in a search")
    link_rate: float = setting(
        2.0, valid="(0, 100]", range=(0.5, 10), log=True, doc="learning rate of the links in a search over the decoder's"
    )
    settling: int = setting(600, valid="[0, inf)", range=(0, 2000), doc="steps of a search before its sparsity loss counts")

    architecture: ClassVar[tuple[str, ...]] = ("links", "reads")
    recipe: ClassVar[Recipe] = dataclasses.replace(WAVE_RECIPE, steps=1600, learning_rate=5e-3)
    interferogram_recipe: ClassVar[Recipe] = SPARSE_RECIPE
    search_recipe: ClassVar[Recipe] = SEARCH_RECIPE
    encoder_scale: ClassVar[Mapping[str, float]] = {"imagenet": 0.2, "random": 1.0}

    def searching(self) -> Self:
        """With all links, on interferograms."""
        return dataclasses.replace(super().searching(), reads="interferogram")

    def searched(self, loss: torch.Tensor) -> torch.Tensor:
        """The logarithm of the loss: its gradient is that of the loss in parts of itself."""
        return loss.log()
