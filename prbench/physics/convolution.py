"""The part of a convolution of an image with a kernel that depends on no pixel beyond the image, and its adjoints."""

from __future__ import annotations

from dataclasses import dataclass

from prbench.backend import Array, Backend


@dataclass(frozen=True)
class ValidConvolution:
    """``k * x`` where it is determined, by FFTs of the shape of x; every member takes three. Differentiable on torch.

    Attributes:
        shape: of x, rows and columns.
        kernel_shape: of k; the result has ``shape - kernel_shape + 1``.
        backend: where arrays are.
    """

    shape: tuple[int, int]
    kernel_shape: tuple[int, int]
    backend: Backend

    def apply(self, x: Array, kernel: Array) -> Array:
        """``k * x``: (..., *shape) and (..., *kernel_shape) to the determined part."""
        backend, (rows, columns) = self.backend, self.kernel_shape
        product = backend.rfftn(x, 2) * backend.rfftn(self._in_frame(kernel, (0, 0)), 2)
        return backend.irfftn(product, self.shape)[..., rows - 1 :, columns - 1 :]

    def adjoint(self, z: Array, kernel: Array) -> Array:
        """Adjoint of :meth:`apply` with respect to x: the determined part to (..., *shape)."""
        backend = self.backend
        spectrum = backend.xp.conj(backend.rfftn(self._in_frame(kernel, (0, 0)), 2))
        return backend.irfftn(spectrum * backend.rfftn(self._embedded(z), 2), self.shape)

    def kernel_adjoint(self, z: Array, x: Array) -> Array:
        """Adjoint of :meth:`apply` with respect to the kernel: the determined part to (..., *kernel_shape)."""
        backend, (rows, columns) = self.backend, self.kernel_shape
        product = backend.xp.conj(backend.rfftn(x, 2)) * backend.rfftn(self._embedded(z), 2)
        return backend.irfftn(product, self.shape)[..., :rows, :columns]

    def _embedded(self, z: Array) -> Array:
        return self._in_frame(z, (self.kernel_shape[0] - 1, self.kernel_shape[1] - 1))

    def _in_frame(self, array: Array, corner: tuple[int, int]) -> Array:
        """``array`` in a frame of zeros of the shape of x; by padding, through which torch can differentiate."""
        (rows, columns), (top, left) = self.shape, corner
        below, right = rows - top - array.shape[-2], columns - left - array.shape[-1]
        if self.backend.library == "torch":
            import torch

            return torch.nn.functional.pad(array, (left, right, top, below))
        return self.backend.xp.pad(array, [(0, 0)] * (array.ndim - 2) + [(top, below), (left, right)])
