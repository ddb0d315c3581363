"""Blind deblurring: an image blurred by an unknown kernel."""

from __future__ import annotations

import dataclasses
import math
from functools import cached_property
from typing import ClassVar

import numpy as np

from prbench.backend import Array
from prbench.core.checks import answer_array, mask_of, real_array, refuse, same_shape
from prbench.core.measurement import Measurement, filled_from_nearest
from prbench.core.reconstruction import Reconstruction
from prbench.errors import BadInput, PrbenchError
from prbench.physics.convolution import ValidConvolution


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class BlurredImage(Measurement):
    """An image ``y = k * x + n``: the part of the convolution that does not depend on pixels beyond the edge of x.

    x is therefore larger than y by the kernel's size minus one in each axis. Image and kernel are known up to a translation of
    one against the other, and the kernel only to lie within ``kernel_shape``, which may be larger than it is.

    Args:
        image: real (H, W); units of the image, usually 0 to 1.
        kernel_shape: odd sizes that hold the kernel.
        mask: bool (H, W), True where measured; all pixels where None. Other pixels get the value of the nearest measured one.
        noise_sigma: standard deviation of the noise, in units of the image, where that is known.
        kernel: real (*kernel_shape), sums to one, where the kernel is known: deblurring is not blind then. None otherwise.

    Raises:
        BadInput: for an image that is zero, or not real and finite where measured, kernel sizes that are even or larger than the
            image, and a noise that is negative.
    """

    task: ClassVar[str] = "deblur"
    arrays: ClassVar[tuple[str, ...]] = ("image", "mask", "kernel")

    image: Array
    kernel_shape: tuple[int, int]
    mask: Array | None = dataclasses.field(default=None, kw_only=True)
    noise_sigma: float | None = dataclasses.field(default=None, kw_only=True)
    kernel: Array | None = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        image = real_array("image", self.image, (2,), "array (rows, columns)")
        sizes = tuple(self.kernel_shape)
        if len(sizes) != 2 or not all(
            int(k) == k and k >= 1 and k % 2 and k <= n for k, n in zip(sizes, image.shape, strict=True)
        ):
            raise BadInput(f"kernel_shape must be two odd numbers up to the image's {image.shape}, got {sizes}")
        object.__setattr__(self, "kernel_shape", tuple(int(k) for k in sizes))
        if self.noise_sigma is not None and not (math.isfinite(self.noise_sigma) and self.noise_sigma >= 0):
            raise BadInput(f"noise_sigma must be at least 0 and finite, got {self.noise_sigma}")
        if self.kernel is not None:
            kernel = same_shape("kernel", real_array("kernel", self.kernel, (2,), "array"), self.kernel_shape, "kernel_shape")
            if not abs(float(kernel.sum(dtype=np.float64)) - 1) < 1e-3:
                raise BadInput(f"kernel must sum to one, got {float(kernel.sum()):.4g}; divide it by its sum")
            object.__setattr__(self, "kernel", kernel)
        if self.mask is not None:
            mask = mask_of(self.mask, image.shape, "the image")
            object.__setattr__(self, "mask", mask)
            image = filled_from_nearest(image, mask)
        refuse("image", ~np.isfinite(image), "not finite")
        if not image.any():
            raise BadInput("image is zero wherever it was measured; there is nothing to deblur")
        object.__setattr__(self, "image", image)

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W) of the blurred image."""
        return tuple(self.image.shape)

    @property
    def object_shape(self) -> tuple[int, int]:
        """Shape of x: the blurred image's and the kernel's, minus one."""
        (rows, columns), (kr, kc) = self.shape, self.kernel_shape
        return rows + kr - 1, columns + kc - 1

    def blur(self, x: Array, kernel: Array) -> Array:
        """``k * x``, the part that depends on no pixel beyond x: (..., *object_shape) and (..., *kernel_shape) to (..., H, W).

        Three FFTs of the shape of x, differentiable on torch; counted as one operator.
        """
        self.counters.operators += 1
        return self.convolution.apply(x, kernel)

    def blur_adjoint(self, residual: Array, kernel: Array) -> Array:
        """Adjoint of :meth:`blur` with respect to x: (..., H, W) to (..., *object_shape); counted as one operator."""
        self.counters.operators += 1
        return self.convolution.adjoint(residual, kernel)

    def kernel_adjoint(self, residual: Array, x: Array) -> Array:
        """Adjoint of :meth:`blur` with respect to the kernel: (..., H, W) to (..., *kernel_shape); counted as one operator."""
        self.counters.operators += 1
        return self.convolution.kernel_adjoint(residual, x)

    @cached_property
    def convolution(self) -> ValidConvolution:
        """The convolution itself, which counts nothing."""
        return ValidConvolution(self.object_shape, self.kernel_shape, self.backend)

    def forward(self, x: Reconstruction) -> Array:
        """The blurred image expected of ``image`` and ``kernel``."""
        xp, real = self.backend.xp, self.backend.real
        return self.blur(xp.astype(x.image, real), xp.astype(x.kernel, real))

    def residual(self, x: Array, kernel: Array) -> Array:
        """``|k * x - y| / |y|``, norms over measured pixels: a real number."""
        xp = self.backend.xp
        gap, seen = self.blur(x, kernel) - self.image, self.image
        if self.mask is not None:
            gap, seen = (xp.where(self.mask, array, xp.zeros_like(array)) for array in (gap, seen))
        return xp.sqrt(xp.sum(gap * gap) / xp.sum(seen * seen))

    def misfit(self, reconstruction: Reconstruction) -> float:
        """The :meth:`residual` of ``image`` and ``kernel``."""
        return float(self.residual(self.backend.asarray(reconstruction.image), self.backend.asarray(reconstruction.kernel)))

    def check(self, reconstruction: object) -> None:
        """Raise PrbenchError unless ``image`` has the shape of x, ``kernel`` its own, both real, and the kernel sums to one."""
        for name, shape in (("image", self.object_shape), ("kernel", self.kernel_shape)):
            answer_array(reconstruction, name, shape, "f", "a deblurring solver")
        kernel = reconstruction.kernel  # type: ignore[attr-defined]
        total = float(np.sum(kernel))
        if np.isfinite(kernel).all() and not abs(total - 1) < 1e-3:  # that nothing diverged is asked elsewhere
            raise PrbenchError(f"a deblurring solver must return a kernel that sums to one, got {total:.4g}")
