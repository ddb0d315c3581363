"""NAS-PRNet: a small network whose links were found by a search for reconstructing phases."""

from __future__ import annotations

from dataclasses import dataclass

from prbench.core import register

from ._sparse_phase_network import SparsePhaseNetwork


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
class NASPRNet(SparsePhaseNetwork):
    """Interferogram in, unwrapped phase out, by a MobileNet-v2 encoder and a decoder of a few links that a search has found.

    ``prbench search`` trains a network with all 90 links to reconstruct phases, while a second loss drives the weights of the
    links to 0 or to their limit; the links that are left make the network that is then trained from the beginning. The paper's
    own links are not public: those here were found by the same search on simulated holograms. In equally long trainings they do
    not beat random ones of the same number (``results/nas-prnet.md``). The head (3x3 convolution, pixel
    shuffle) is a choice, as is the learning rate of the links; ``links`` offers others for comparison.
    """
