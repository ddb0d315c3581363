"""A kernel estimated from the image's edges, and the image of least total variation that it explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from prbench.core import DirectSolver, Reconstruction, Rng, register, setting
from prbench.tasks.deblur import BlurredImage

from ._kernel import estimated_kernel
from ._scales import Scales
from ._variation import deconvolved

_VARIATION = 0.5


@register(
    "edges-tv",
    task="deblur",
    cite="Xu, Zheng, Jia, CVPR 2013, doi:10.1109/CVPR.2013.147; "
    "Rudin, Osher, Fatemi, Physica D 60 (1992) 259, doi:10.1016/0167-2789(92)90242-F",
    tags=("classical",),
)
@dataclass(frozen=True)
class EdgesTV(DirectSolver[BlurredImage]):
    """Most likely kernel and image for gradients that are few: L0 edges find the kernel, total variation the image.

    From coarse to fine, an image of few edges and the kernel that it explains are estimated in turn (L0 norm of the gradient);
    with the last kernel, the blurred image is deconvolved with total variation in proportion to its noise.
    """

    libraries: ClassVar[tuple[str, ...]] = ("torch",)

    variation: float = setting(
        _VARIATION,
        valid="[0, inf)",
        range=(0.1, 2),
        doc="weight of the total variation; 1: gradients as likely as their mean in the blurred image says",
    )

    def solve(self, y: BlurredImage, rng: Rng) -> Reconstruction:  # noqa: ARG002 - nothing is random here
        """Image and kernel."""
        scales = Scales.of(y)
        kernel, image = sharpened(y, scales, self.variation)
        return Reconstruction(image=image, kernel=kernel, aux={"noise_sigma": scales.noise})


def sharpened(y: BlurredImage, scales: Scales, variation: float = _VARIATION) -> tuple[torch.Tensor, torch.Tensor]:
    """Kernel (*kernel_shape) and image (*object_shape).

    Args:
        y: on a torch backend.
        scales: of its image.
        variation: as the setting.
    """
    kernel = estimated_kernel(y, scales.span)
    weight = variation * scales.noise**2 / max(scales.roughness, 1e-6 * scales.span)
    return kernel, deconvolved(y, kernel, weight, scales.span)
