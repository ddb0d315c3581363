"""One pair of images, one look: a U-Net that has learned what displacements look like."""

from __future__ import annotations

from collections.abc import Mapping
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

VISIBILITY = 0.3
"""Visibility of speckles at which the second and the third channel are equal."""

NOISE = 0.2
"""Largest standard deviation of the noise added in training, in units of the speckles' own."""

_PROFILE_PX = 33
"""Side of the square whose mean is taken for the beam's slow profile: several times a usual speckle."""

BEAMLINES = (
    *(f"sandpaper[geometry={geometry},images=1]" for geometry in ("fibre", "sphere", "cuboid", "random")),
    "sandpaper[images=1,distance_m=0.5,sheets=1]",
    "sandpaper[images=1,distance_m=0.5,sheets=1,psf=3,energy_ev=35e3]",
    "sandpaper[images=1,distance_m=0.5,sheets=3,pixel_m=3e-6]",
    "sandpaper[images=1,distance_m=0.7,sheets=1,energy_ev=35e3]",
    "sandpaper[images=1,distance_m=0.7,sheets=2,psf=2.5,energy_ev=25e3,grain_m=60e-6]",
    "sandpaper[images=1,distance_m=1,sheets=1,energy_ev=20e3,grain_m=40e-6]",
    "sandpaper[images=1,distance_m=1,sheets=2,psf=1.5,pixel_m=4e-6]",
    "sandpaper[images=1,distance_m=1.3,energy_ev=20e3,grain_m=80e-6,membrane_m=0.2]",
    "sandpaper[images=1,distance_m=3,sheets=2,energy_ev=35e3]",
)
"""What the training shows: visibilities of 5 to 44 %, and samples that absorb 0.6 to 4 times as much as the speckles vary."""


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

    Both images are divided by the reference's local mean. The network sees the reference and how the sample differs, in units of
    the visibility, by which displacements are found, and once more how the sample differs, in units of the beam, by which
    intensity that refraction draws together is found. Neither exposure nor the beam's profile matters. The transmission is the
    local least-squares ratio of the sample to the moved reference. The published width is 64, with 31 million parameters.

    What it has learned is what it was shown: ``BEAMLINES``, from 0.5 to 3 m behind the sample, and displacements of up to two
    pixels. It draws weak, slowly varying displacements too small, and fails on those that draw no intensity together, as of
    ``warped-speckle``. An answer says where visibility, size of the speckles or strength of the sample lie outside the training.
    """

    width: int = setting(16, valid="[1, 256]", range=(8, 64), log=True, doc="channels of the finest level; five levels, doubled")
    images: int = setting(1, valid="[1, inf)", range=(1, 8), doc="pairs looked at, at most; the displacements found are averaged")
    window: int = setting(
        5, valid="[1, 99]", range=(3, 15), doc="side of the square in which the transmission is fitted", unit="px"
    )

    example: ClassVar[dict[str, object]] = {"weights": "random", "width": 4}
    recipe: ClassVar[Recipe] = Recipe(
        datasets=BEAMLINES,
        samples=60,
        tune_samples=8,
        steps=6000,
        crop=128,
        learning_rate=2e-3,
        warmup=200,
        autocast=True,
    )

    def network(self) -> torch.nn.Module:
        """The U-Net, three channels in and two out."""
        from ..networks.unet import UNet

        return UNet(3, 2, width=self.width, norm="batch")

    def for_inference(self, network: torch.nn.Module) -> torch.nn.Module:
        """Batch norm folded into the convolutions before it."""
        from ..networks.unet import folded

        return folded(network)

    def network_input(self, y: SpeckleStack) -> torch.Tensor:
        """(images, 3, H, W): speckles and changes by the sample in units of the visibility, and changes in units of the beam."""
        import torch

        reference, sample = (stack[: self.images, None] for stack in (y.reference, y.sample))
        mean = box_mean(reference, _PROFILE_PX)
        speckles, difference = reference / mean - 1, GAIN * (sample - reference) / mean
        visibility = speckles.square().mean(dim=(1, 2, 3), keepdim=True).sqrt().clamp(min=1e-6)
        return torch.cat([speckles / visibility, difference / visibility, difference / VISIBILITY], dim=1)

    def target(self, problem: Problem) -> tuple[np.ndarray, np.ndarray]:
        """The displacement, within the region where it is judged."""
        assert problem.truth is not None
        displacement = np.asarray(problem.truth.displacement, np.float32)
        region = np.ones(displacement.shape[1:]) if problem.object_region is None else problem.object_region
        return displacement, np.asarray(region, np.float32)[None]

    def disturb(self, inputs: np.ndarray, rng: Rng) -> np.ndarray:
        """White noise besides that of the photons, of a strength drawn for each pair: dimmer beams and weaker speckles."""
        strength = NOISE * rng.random((len(inputs), 1, 1, 1), dtype=np.float32) ** 2
        noise = strength * rng.standard_normal((len(inputs), 2, *inputs.shape[2:]), dtype=np.float32)
        speckles, difference = noise[:, 0], GAIN * (noise[:, 1] - noise[:, 0])
        return inputs + np.stack([speckles, difference, _share(inputs)[:, None, None] * difference], axis=1)

    def features(self, inputs: np.ndarray) -> Mapping[str, float]:
        """Visibility and size of the speckles, and how strongly the sample changes them."""
        if not inputs[1].any():
            return {}
        steps = np.sqrt(sum(float(np.mean(np.diff(inputs[0], axis=axis) ** 2)) for axis in (0, 1)) / 2)
        return {
            "visibility of speckles": VISIBILITY * float(_share(inputs[None])[0]),
            "size of speckles (their deviation over their change per pixel)": 1 / max(steps, 1e-6),
            "change by the sample, over the deviation of speckles,": float(np.sqrt(np.mean(inputs[1] ** 2))) / GAIN,
        }

    def transform_target(self, target: np.ndarray, element: int) -> np.ndarray:
        """Vectors turn with the image."""
        return rotated_vectors(target, element)

    def solve(self, y: SpeckleStack, rng: Rng) -> Reconstruction:
        """Displacement by the network, then what follows from it."""
        x = self.network_input(y)
        displacement = self.answer_to(y, x, rng).mean(dim=0)
        used = min(self.images, y.images)
        y.counters.operators += 1
        expected = warp(y.reference[:used], displacement)
        seen = (expected * y.sample[:used]).sum(dim=0)
        transmission = box_mean(seen, self.window) / box_mean(expected.square().sum(dim=0), self.window)
        return Reconstruction(
            displacement=displacement,
            transmission=transmission,
            phase=phase_of(y, displacement),
            aux={"images_used": used, **self.outside(y, x)},
        )


def _share(inputs: np.ndarray) -> np.ndarray:
    """(batch,): the visibility over ``VISIBILITY``, by which the third channel differs from the second; 0 without a sample."""
    second, third = (np.abs(inputs[:, channel]).sum(axis=(1, 2)) for channel in (1, 2))
    result: np.ndarray = np.divide(third, second, out=np.zeros_like(second), where=second > 0)
    return result
