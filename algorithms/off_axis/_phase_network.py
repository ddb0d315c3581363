"""What the networks for off-axis holograms share: what they see, what they should answer, and how far off they are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from prbench.core import LearnedSolver, Problem, Recipe, Reconstruction, Rng, setting
from prbench.errors import UsageError
from prbench.physics.fringes import find_carrier
from prbench.tasks.off_axis import Hologram

if TYPE_CHECKING:
    import torch

NOISE = 0.1
"""Largest standard deviation of the noise added in training, in units of the fringes' own."""

_PROFILE_PX = 33
"""Side of the square whose mean is taken for the beam's slow profile: many times a fringe."""

_OFFSET_SHARE = 0.1
"""How much a constant error counts in training beside one that varies: no metric sees it, but a network should settle it."""

RECIPE = Recipe(
    datasets=("offaxis-cells",),
    samples=1200,
    tune_samples=24,
    steps=2000,
    batch=8,
    dihedral=False,
    learning_rate=2e-3,
    warmup=200,
    validate_every=250,
    autocast=True,
)
"""Fringes are not turned: their direction is the microscope's."""


@dataclass(frozen=True)
class PhaseNetwork(LearnedSolver[Hologram]):
    """A network that turns one interferogram into an unwrapped phase without the aberrations of the optics, in one pass.

    It sees one channel: the interferogram minus its local mean, divided by it, in units of its own standard deviation, so that
    neither exposure nor the beam's profile matters. It knows the fringes and the aberrations of the microscope that it was
    trained on, and no other; a background hologram, where there is one, it does not use.
    """

    compiled: bool = setting(False, doc="whether torch.compile turns the network into machine code at the first solve")

    recipe: ClassVar[Recipe] = RECIPE

    def network_input(self, y: Hologram) -> torch.Tensor:
        """(1, 1, H, W): the fringes, of mean square 1."""
        x = y.interferogram[None, None]
        mean = _box_mean(x)
        fringes = x / mean.clamp(min=1e-6 * float(mean.max())) - 1
        scale = fringes.square().mean().sqrt().clamp(min=1e-6)
        result: torch.Tensor = fringes / scale
        return result

    def features(self, inputs: np.ndarray) -> Mapping[str, float]:
        """The carrier, which a network that sees fringes knows from its training alone."""
        row, column = find_carrier(np.asarray(inputs[0], np.float64))
        return {"carrier's row frequency in cycles/px": row, "carrier's column frequency in cycles/px": column}

    def target(self, problem: Problem) -> tuple[np.ndarray, np.ndarray]:
        """The phase in radians, where it is judged."""
        phase = true_phase(problem)
        region = np.ones(phase.shape) if problem.object_region is None else problem.object_region
        return phase[None], np.asarray(region, np.float32)[None]

    def disturb(self, inputs: np.ndarray, rng: Rng) -> np.ndarray:
        """White noise besides that of the photons, of a strength drawn for each image."""
        strength = NOISE * rng.random((len(inputs), 1, 1, 1), dtype=np.float32) ** 2
        return np.asarray(inputs + strength * rng.standard_normal(inputs.shape, dtype=np.float32))

    def loss(self, outputs: Any, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Mean square error less nine tenths of the square of its mean, image by image."""
        mean_square, mean = _moments(outputs - targets, weights)
        result: torch.Tensor = (mean_square - (1 - _OFFSET_SHARE) * mean.square()).mean()
        return result

    def validation(self, outputs: Any, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Root mean square error without its mean, radians."""
        mean_square, mean = _moments(outputs - targets, weights)
        return (mean_square - mean.square()).clamp(min=0).sqrt().mean()

    def network(self) -> torch.nn.Module:
        """Interferogram in, phase out."""
        return self.backbone(1)

    @abstractmethod
    def backbone(self, inputs: int) -> torch.nn.Module:
        """A fresh network of ``inputs`` channels in and one out, and as many pixels."""

    def for_inference(self, network: torch.nn.Module) -> torch.nn.Module:
        """Norms folded away, and compiled where asked for."""
        import torch

        result = self.simplified(network)
        return torch.compile(result) if self.compiled else result  # type: ignore[return-value]

    def simplified(self, network: torch.nn.Module) -> torch.nn.Module:
        """The network with its norms folded into its convolutions."""
        from ..networks.unet import folded

        return folded(network)

    def solve(self, y: Hologram, rng: Rng) -> Reconstruction:
        """One pass of the network."""
        x = self.network_input(y)
        phase = self.answer_to(y, x, rng)[0, 0].clone()
        return Reconstruction(phase=phase, aux=self.outside(y, x))


def true_phase(problem: Problem) -> np.ndarray:
    """The phase to be found, float32 (H, W).

    Raises:
        UsageError: where the problem has none.
    """
    if problem.truth is None:
        raise UsageError(f"{problem.id} has no true phase to learn from; train on a simulated dataset")
    return np.asarray(problem.truth.phase, np.float32)


def _moments(error: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Weighted mean square and mean of each image's error."""
    error = error.float()
    total = weights.sum(dim=(1, 2, 3)).clamp(min=1e-12)
    return (weights * error.square()).sum(dim=(1, 2, 3)) / total, (weights * error).sum(dim=(1, 2, 3)) / total


def _box_mean(x: torch.Tensor) -> torch.Tensor:
    """Mean of (1, 1, H, W) over a square around every pixel; at the frame over what lies inside it."""
    from torch.nn.functional import avg_pool2d

    side = min(_PROFILE_PX, *((n - 1) // 2 * 2 + 1 for n in x.shape[-2:]))
    for kernel in ((side, 1), (1, side)):
        x = avg_pool2d(x, kernel, stride=1, padding=(kernel[0] // 2, kernel[1] // 2), count_include_pad=False)
    return x
