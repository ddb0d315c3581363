"""Pictures of scikit-image, and the problem made of one of them and a kernel."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np

from prbench.backend import get_backend
from prbench.core import Problem, Provenance, Reconstruction, Split
from prbench.tasks.deblur import BlurredImage

PICTURES = {
    "test": ("camera", "astronaut", "coffee", "chelsea", "rocket", "coins", "moon", "page"),
    "tune": ("retina", "hubble_deep_field", "immunohistochemistry", "text"),
}
"""Pictures that scikit-image installs with itself, grey or turned grey; a split has its own."""


class Blurring(Protocol):
    """A dataset of blurred pictures."""

    plugin_name: ClassVar[str]

    @property
    def size(self) -> int:
        """Side of the blurred image in pixels."""

    @property
    def noise(self) -> float:
        """Standard deviation of the noise; the pictures are in [0, 1]."""

    @property
    def known_kernel(self) -> bool:
        """Whether the solver is told the kernel."""


def blurred_problem(
    dataset: Blurring,
    which: tuple[int, int, Split],
    names: tuple[str, str],
    kernel: np.ndarray,
    rng: np.random.Generator,
) -> Problem:
    """The problem of a picture under a kernel, in whose frame the solver looks for it.

    Args:
        dataset: it gives size and noise.
        which: index, seed and split of the problem.
        names: of the picture and of the kernel.
        kernel: real, square with an odd side, sums to one.
        rng: of the noise.
    """
    index, seed, split = which
    name, kind = names
    image = grey_picture(name, dataset.size + len(kernel) - 1)
    ideal = BlurredImage(np.ones((dataset.size, dataset.size)), kernel.shape)
    truth = Reconstruction(image=image.astype(np.float32), kernel=kernel.astype(np.float32))
    seen = ideal.to(get_backend("numpy", "double")).forward(truth)
    seen = seen + dataset.noise * rng.standard_normal(seen.shape)
    return Problem(
        measurement=BlurredImage(
            seen.astype(np.float32),
            ideal.kernel_shape,
            noise_sigma=dataset.noise,
            kernel=kernel.astype(np.float32) if dataset.known_kernel else None,
        ),
        truth=truth,
        id=f"{dataset.plugin_name}-{name}-{kind}-{split}-{seed}-{index}",
        split=split,
        provenance=Provenance(source=f"scikit-image, {name}; blurred by prbench", licence="see scikit-image's data licences"),
    )


def grey_picture(name: str, side: int) -> np.ndarray:
    """The central square of a picture, resized, float64 in [0, 1]."""
    from skimage import color, data
    from skimage.transform import resize
    from skimage.util import img_as_float

    picture = img_as_float(getattr(data, name)())  # type: ignore[no-untyped-call]
    grey = color.rgb2gray(picture) if picture.ndim == 3 else picture
    least = min(grey.shape)
    top, left = ((n - least) // 2 for n in grey.shape)
    square = grey[top : top + least, left : left + least]
    return np.asarray(resize(square, (side, side), anti_aliasing=True), np.float64)  # type: ignore[no-untyped-call]
