"""One pair of images, one look: a U-Net that has learned what displacements look like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from prbench.core import LearnedSolver, Problem, Recipe, Reconstruction, Rng, register, setting
from prbench.core.dihedral import rotated_vectors
from prbench.tasks.speckle import SpeckleStack

from ._stack import phase_of
from ._torch import box_mean, warp

if TYPE_CHECKING:
    import torch

GAIN = 3.0
"""What the difference of the images is multiplied by, so that a displacement of half a pixel is as strong as the speckles."""

NOISE = 0.2
"""Largest standard deviation of the noise added in training, in units of the speckles' own."""

_PROFILE_PX = 33
"""Side of the square whose mean is taken for the beam's slow profile: several times a usual speckle."""


@register(
    "unet-speckle",
    task="speckle",
    cite=(
        "Ronneberger, Fischer, Brox, MICCAI 2015, 234, arXiv:1505.04597; "
        "Dosovitskiy et al., ICCV 2015, 2758, arXiv:1504.06852 (displacements between two images by such a network)"
    ),
    tags=("trained",),
)
@dataclass(frozen=True)
class UNetSpeckle(LearnedSolver[SpeckleStack]):
    """The classical U-Net: reference and sample image in, displacement out; then transmission and phase from the displacement.

    Both images are divided by the reference's local mean and told in units of its visibility, so that neither exposure nor the
    beam's profile matters. The transmission is the local least-squares ratio of the sample to the moved reference.
    The published width is 64, with 31 million parameters.

    What it has learned is what it was shown: the weights that come with it hold for simulated sandpaper, 2 m behind the sample,
    at 500 photons per pixel as at 50 000, and fail on displacements that such samples do not make. Their card scores both kinds.
    They also fail on the measured rods, ``fourrod``: their speckles have a visibility of 6 % (34 % in training), so that
    absorption, told in units of the visibility, is twelve times what the training showed.
    """

    width: int = setting(16, valid="[1, 256]", range=(8, 64), log=True, doc="channels of the finest level; five levels, doubled")
    images: int = setting(1, valid="[1, inf)", range=(1, 8), doc="pairs looked at, at most; the displacements found are averaged")
    window: int = setting(
        5, valid="[1, 99]", range=(3, 15), doc="side of the square in which the transmission is fitted", unit="px"
    )

    example: ClassVar[dict[str, object]] = {"weights": "random", "width": 4}
    recipe: ClassVar[Recipe] = Recipe(
        datasets=("sandpaper[images=1]",),
        samples=600,
        steps=5000,
        crop=128,
        learning_rate=2e-3,
        warmup=200,
        autocast=True,
    )

    def network(self) -> torch.nn.Module:
        """The U-Net, two channels in and two out."""
        from ..networks.unet import UNet

        return UNet(2, 2, width=self.width, norm="batch")

    def for_inference(self, network: torch.nn.Module) -> torch.nn.Module:
        """Batch norm folded into the convolutions before it."""
        from ..networks.unet import folded

        return folded(network)

    def network_input(self, y: SpeckleStack) -> torch.Tensor:
        """(images, 2, H, W): reference minus its local mean and, magnified, how the sample differs in units of visibility."""
        import torch

        reference, sample = (stack[: self.images, None] for stack in (y.reference, y.sample))
        mean = box_mean(reference, _PROFILE_PX)
        both = torch.cat([reference / mean - 1, GAIN * (sample - reference) / mean], dim=1)
        contrast: torch.Tensor = both[:, :1].square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        return both / contrast.clamp(min=1e-6)

    def target(self, problem: Problem) -> tuple[np.ndarray, np.ndarray]:
        """The displacement, within the region where it is judged."""
        assert problem.truth is not None
        displacement = np.asarray(problem.truth.displacement, np.float32)
        region = np.ones(displacement.shape[1:]) if problem.object_region is None else problem.object_region
        return displacement, np.asarray(region, np.float32)[None]

    def disturb(self, inputs: np.ndarray, rng: Rng) -> np.ndarray:
        """White noise besides that of the photons, of a strength drawn for each pair: dimmer beams and weaker speckles."""
        strength = NOISE * rng.random((len(inputs), 1, 1, 1), dtype=np.float32) ** 2
        noise = strength * rng.standard_normal(inputs.shape, dtype=np.float32)
        return np.stack([inputs[:, 0] + noise[:, 0], inputs[:, 1] + GAIN * (noise[:, 1] - noise[:, 0])], axis=1)

    def transform_target(self, target: np.ndarray, element: int) -> np.ndarray:
        """Vectors turn with the image."""
        return rotated_vectors(target, element)

    def solve(self, y: SpeckleStack, rng: Rng) -> Reconstruction:
        """Displacement by the network, then what follows from it."""
        displacement = self.answer(y, rng).mean(dim=0)
        used = min(self.images, y.images)
        y.counters.operators += 1
        expected = warp(y.reference[:used], displacement)
        seen = (expected * y.sample[:used]).sum(dim=0)
        transmission = box_mean(seen, self.window) / box_mean(expected.square().sum(dim=0), self.window)
        return Reconstruction(
            displacement=displacement,
            transmission=transmission,
            phase=phase_of(y, displacement),
            aux={"images_used": used},
        )
