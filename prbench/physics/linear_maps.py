"""Linear maps of an object: a matrix, and chains of modulated Fourier transforms, which are applied without being built."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from prbench.backend import Array, Backend
from prbench.errors import BadInput


@dataclass(frozen=True, eq=False)
class MatrixMap:
    """``A x`` of a matrix (m, n) for objects (n,).

    Attributes:
        matrix: (m, n), real or complex, on the backend.
        dtype: what objects are computed in, real or complex.
        backend: where.
    """

    matrix: Array
    dtype: Any
    backend: Backend

    transforms = 0
    """FFTs that an application of the map takes."""
    unseen = None
    """Pixels that no value depends on; None where there are none."""

    @property
    def unknowns(self) -> int:
        """Number of values of an object that the map depends on."""
        return int(self.matrix.shape[1])

    @cached_property
    def _computed(self) -> Array:
        return self.backend.xp.astype(self.matrix, self.dtype)

    def apply(self, x: Array) -> Array:
        """``A x`` of a batch: (B, n) to (B, m)."""
        return self.backend.xp.matmul(x, self._computed.T)

    def adjoint(self, z: Array) -> Array:
        """``A* z`` of a batch: (B, m) to (B, n)."""
        xp = self.backend.xp
        return xp.conj(xp.matmul(xp.conj(z), self._computed))

    def least_squares(self, w: Array) -> Array:
        """``(A* A)^-1 w`` of a batch (B, n).

        Raises:
            BadInput: for fewer rows than columns.
        """
        return self.backend.xp.matmul(w, self._normal_inverse.T)

    @cached_property
    def _normal_inverse(self) -> Array:
        """``(A* A)^-1``, in double precision before it is rounded; raises where A has no inverse on its range."""
        xp = self.backend.xp
        matrix = xp.astype(self.matrix, xp.complex128)
        if matrix.shape[0] < matrix.shape[1]:
            raise BadInput(f"{matrix.shape[0]} values do not determine {matrix.shape[1]} unknowns even where phases are known")
        inverse = xp.linalg.inv(xp.matmul(xp.conj(matrix.T), matrix))
        return xp.astype(inverse if self.dtype == self.backend.complex else xp.real(inverse), self.dtype)

    def measured_power(self, mask: Array | None) -> float:
        """The sum of the squared norms of the rows that ``mask`` (m,) keeps; of all where None."""
        xp = self.backend.xp
        rows = xp.sum(xp.abs(self.matrix) ** 2, axis=1, dtype=xp.float64)
        return float(xp.sum(rows if mask is None else xp.where(mask, rows, xp.zeros_like(rows))))


@dataclass(frozen=True, eq=False)
class ModulationMap:
    """L chains of K modulated unitary Fourier transforms, ``A_l x = F D_lK ... F D_l1 x``, for objects of any shape.

    Attributes:
        modulations: complex (L, K, *object_shape); those after the first of a chain have modulus 1.
        backend: where.
    """

    modulations: Array
    backend: Backend

    @property
    def transforms(self) -> int:
        """FFTs that an application of the map takes."""
        return int(self.modulations.shape[0] * self.modulations.shape[1])

    @cached_property
    def unknowns(self) -> int:
        """Number of pixels that the map depends on: those that some pattern lights."""
        return int(self.backend.xp.sum(self.normal_diagonal < math.inf))

    @cached_property
    def unseen(self) -> Array | None:
        """Pixels that no pattern lights, bool (*object_shape); None where there are none."""
        return None if self.unknowns == math.prod(self.modulations.shape[2:]) else self.normal_diagonal == math.inf

    @property
    def _ndim(self) -> int:
        return len(self.modulations.shape) - 2

    @cached_property
    def _scaled(self) -> Array:
        """Modulations with the factor that makes an unnormalised FFT unitary."""
        return self.modulations / math.sqrt(math.prod(self.modulations.shape[2:]))

    @cached_property
    def _conjugate(self) -> Array:
        return self.backend.xp.conj(self._scaled)

    def apply(self, x: Array) -> Array:
        """``A x`` of a batch: (B, *object_shape) to (B, L, *object_shape)."""
        field = x[:, None]
        for stage in range(self._scaled.shape[1]):
            modulated = field * self._scaled[:, stage]
            field = self.backend.fftn(modulated, self._ndim, out=modulated)
        return field

    def adjoint(self, z: Array) -> Array:
        """``A* z`` of a batch: (B, L, *object_shape) to (B, *object_shape); ``z`` may be overwritten."""
        field = z
        for stage in reversed(range(self._scaled.shape[1])):
            field = self.backend.ifftn(field, self._ndim, normalised=False, out=field)
            field *= self._conjugate[:, stage]
        return self.backend.xp.sum(field, axis=1)

    def least_squares(self, w: Array) -> Array:
        """``(A* A)^-1 w`` of a batch (B, *object_shape); zero in pixels that no pattern lights."""
        return w / self.normal_diagonal

    @cached_property
    def normal_diagonal(self) -> Array:
        """``A* A``, which is diagonal (*object_shape); infinite in pixels that no pattern lights."""
        xp = self.backend.xp
        diagonal = xp.sum(xp.abs(self.modulations[:, 0]) ** 2, axis=0)
        return xp.where(diagonal > 0, diagonal, xp.ones_like(diagonal) * math.inf)

    def measured_power(self, mask: Array | None) -> float:
        """The sum of the squared norms of the rows that ``mask`` (L, *object_shape) keeps; of all where None.

        Of a chain of several transforms each row counts as the mean row of its chain.
        """
        xp = self.backend.xp
        first = self.modulations[:, 0]
        axes = tuple(range(1, first.ndim))
        per_row = xp.mean(xp.abs(first) ** 2, axis=axes, dtype=xp.float64)
        measured = xp.astype(xp.ones_like(xp.real(first)) if mask is None else mask, xp.float64)
        return float(xp.sum(per_row * xp.sum(measured, axis=axes)))


LinearMap = MatrixMap | ModulationMap


def largest_eigenvalue(normal: Callable[[Array], Array], x: Array, iterations: int, backend: Backend) -> float:
    """Of a map ``A* A``, from below, by power iteration.

    Args:
        normal: applies ``A* A`` to a batch (1, *object_shape).
        x: where to begin, (1, *object_shape), not zero.
        iterations: applications of ``normal``; 15 find it to about a per cent.
        backend: where arrays are.
    """
    xp, value = backend.xp, 0.0
    for _ in range(iterations):
        x = normal(x / xp.linalg.vector_norm(x))
        value = float(xp.linalg.vector_norm(x))
    return value
