"""The network that SparseMask's own search finds, which looks for what separates objects, taught to reconstruct phases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.core import Problem, register

from ._phase_network import PhaseNetwork
from ._sparse_phase_network import SparsePhaseNetwork

if TYPE_CHECKING:
    import torch

_CELL_FROM = 0.15
"""Fraction of the phase's largest value from which a pixel counts as part of a cell."""


@register(
    "sparsemask",
    task="off-axis",
    cite=(
        "Wu, Zhang, Huang, ICCV 2019, 6767, arXiv:1904.07642; "
        "as what NAS-PRNet is compared with: Shu, Niu, Zhang, Luo, Zhou, arXiv:2210.14231"
    ),
    tags=("trained",),
)
@dataclass(frozen=True)
class SparseMask(SparsePhaseNetwork):
    """As ``nas-prnet``, with links that were found by a search for segmentation, as SparseMask was published.

    Its authors searched on photographs of PASCAL VOC and published their links as an array; ``links=FILE`` reads that array
    (``mask_thres_0.001.npy``). Those found here are of the same search with the same loss (cross-entropy and sparsity, no phase)
    where the objects to be separated from what surrounds them are the cells in the holograms.
    """

    def target(self, problem: Problem) -> tuple[np.ndarray, np.ndarray]:
        """The phase; in a search 1 in cells and 0 elsewhere."""
        phase, weight = super().target(problem)
        return (phase > _CELL_FROM * phase.max()).astype(np.float32) if self.links == "search" else phase, weight

    def loss(self, outputs: Any, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """As every phase network's; in a search the cross-entropy of the output as the logit of being in a cell."""
        return (
            self._cross_entropy(outputs, targets, weights) if self.links == "search" else super().loss(outputs, targets, weights)
        )

    def validation(self, outputs: Any, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """As every phase network's; in a search the cross-entropy."""
        if self.links == "search":
            return self._cross_entropy(outputs, targets, weights)
        return PhaseNetwork.validation(self, outputs, targets, weights)

    @staticmethod
    def _cross_entropy(outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        from torch.nn.functional import binary_cross_entropy_with_logits

        return binary_cross_entropy_with_logits(outputs.float(), targets, weights)
