"""A network whose loss is the same for all objects that have the same pattern."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from prbench.core import Recipe, Reconstruction, Rng, register
from prbench.tasks.far_field import FarField

from ._learned import LagSolver
from .symmetry_breaking import SymmetryBreaking

if TYPE_CHECKING:
    import torch


@register(
    "invariant-loss",
    task="far-field",
    cite="after Tayal, Lai, Kumar, Sun (2020), arXiv:2003.09077",
    tags=("trained",),
)
@dataclass(frozen=True)
class InvariantLoss(SymmetryBreaking):
    """One pass of a network whose training counts the distance to the nearest object with the same pattern.

    The network is that of ``symmetry-breaking``. A representative of an orbit has to cut it somewhere, and crystals of strong
    strain lie near the cut: the local mean that sets their global phase almost vanishes. Here the global phase is free, and of
    the target and its conjugate flip the nearer one counts, so that the network chooses the cut. It was trained on crystals of
    two strains and two outlines, with dislocations and with domains, and on cells. The answer's mean is real and positive.
    """

    recipe: ClassVar[Recipe] = replace(
        LagSolver.recipe,
        datasets=(
            "crystal2d[size=32]",
            "crystal2d[size=32,strength=2]",
            "crystal2d[size=32,shape=nonconvex]",
            "crystal2d[size=32,shape=nonconvex,strength=2]",
            "crystal2d[size=32,dislocations=1]",
            "crystal2d[size=32,domains=6]",
            "cell2d[size=32]",
        ),
        samples=5000,
        tune_samples=40,
        steps=9000,
        learning_rate=1.5e-3,
    )

    def loss(self, outputs: Any, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:  # noqa: ARG002 - all count
        """Mean square distance, per pixel and part, to the nearer of target and conjugate flip at its best global phase."""
        result: torch.Tensor = distances(outputs, targets).mean() / 2
        return result

    def validation(self, outputs: Any, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """The root of the loss."""
        return self.loss(outputs, targets, weights).sqrt()

    def solve(self, y: FarField, rng: Rng) -> Reconstruction:
        """The network's object with a mean that is real and positive, as nonnegative objects have it."""
        import torch

        x = super().solve(y, rng).object
        return Reconstruction(object=x * torch.exp(-1j * x.sum().angle()))


def distances(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean of ``|output - member|^2`` over pixels, (B,), for the nearest member of each target's orbit.

    Members are ``exp(i a) t`` and ``exp(i a) conj(t(-r))``, the flip about the middle pixel ``n // 2`` of each axis.

    Args:
        outputs: real and imaginary part, (B, 2, H, W).
        targets: the same, with H and W even.
    """
    import torch

    x, t = (torch.complex(part[:, 0].float(), part[:, 1].float()) for part in (outputs, targets))
    flipped = torch.flip(t, (1, 2)).roll((1, 1), (1, 2)).conj()
    overlap = torch.maximum(*((x.conj() * one).sum((1, 2)).abs() for one in (t, flipped)))
    energy = (x.abs().square() + t.abs().square()).sum((1, 2))
    return (energy - 2 * overlap) / (t.shape[1] * t.shape[2])
