"""Random measurements: squared moduli of an object under a random linear map, applied without being built where it can be."""

from __future__ import annotations

import dataclasses
import math
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from prbench.backend import Array
from prbench.core.checks import answer_array, mask_of, refuse_intensities
from prbench.core.measurement import Measurement
from prbench.core.reconstruction import Reconstruction
from prbench.errors import BadInput
from prbench.physics.linear_maps import LinearMap, MatrixMap, ModulationMap, largest_eigenvalue

_POWER_ITERATIONS = 15


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class RandomLinear(Measurement):
    """Intensities ``Y = |A X|^2`` of a complex object X under a known random map A; X is known up to a global phase.

    A is one of two kinds. A *matrix* has no structure to use. *Modulations* are L chains of K modulated Fourier transforms,
    ``A_l X = F D_lK ... F D_l1 X``, F unitary: coded diffraction patterns for K = 1 (Candès, Li, Soltanolkotabi, Appl. Comput.
    Harmon. Anal. 39 (2015) 277, doi:10.1016/j.acha.2014.09.004), a structured random map for more. ``mask`` leaves rows of A out.

    Args:
        intensity: real, at least 0: (m,) for a matrix, (L, *object_shape) for modulations.
        matrix: (m, n), real or complex.
        modulations: complex (L, K, *object_shape); those after the first of a chain have modulus 1.
        mask: bool, the shape of ``intensity``, True where measured; all where None.
        real: whether X is known to be real.
        gain: units of ``intensity`` per photon, for likelihoods; None where it is unknown or there is no shot noise.
        symmetries: what X is known up to, where the map is so special that it is more than a global phase: ``shift``, ``flip``.

    Raises:
        BadInput: unless there is exactly one of matrix and modulations, shapes agree, and measured intensities are at least 0,
            finite and somewhere positive, and a gain is positive and finite.
    """

    task: ClassVar[str] = "random"
    arrays: ClassVar[tuple[str, ...]] = ("intensity", "matrix", "modulations", "mask")

    intensity: Array
    matrix: Array | None = dataclasses.field(default=None, kw_only=True)
    modulations: Array | None = dataclasses.field(default=None, kw_only=True)
    mask: Array | None = dataclasses.field(default=None, kw_only=True)
    real: bool = dataclasses.field(default=False, kw_only=True)
    symmetries: tuple[str, ...] = dataclasses.field(default=("phase",), kw_only=True)
    gain: float | None = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.gain is not None and not (math.isfinite(self.gain) and self.gain > 0):
            raise BadInput(f"gain must be positive and finite, got {self.gain}; leave it out where it is not known")
        intensity = np.asarray(self.intensity)
        if intensity.dtype.kind not in "fiub":
            raise BadInput(f"intensity must be real, got {intensity.dtype}")
        if (self.matrix is None) == (self.modulations is None):
            raise BadInput("a random measurement has either a matrix or modulations; give one of the two")
        expected = self._expected_shape()
        if intensity.shape != expected:
            raise BadInput(f"intensity has shape {intensity.shape}, the map gives {expected}")
        intensity = intensity if intensity.dtype == np.float64 else intensity.astype(np.float32)
        if self.mask is not None:
            object.__setattr__(self, "mask", mask_of(self.mask, intensity.shape, "the intensity"))
            intensity = np.where(self.mask, intensity, intensity.dtype.type(0))
        refuse_intensities(intensity, what="values")
        object.__setattr__(self, "intensity", intensity)

    def _expected_shape(self) -> tuple[int, ...]:
        if self.matrix is not None:
            matrix = np.asarray(self.matrix)
            if matrix.ndim != 2 or matrix.dtype.kind not in "fc" or not matrix.size:
                raise BadInput(f"matrix must be real or complex of shape (m, n), got {matrix.dtype} of shape {matrix.shape}")
            return (matrix.shape[0],)
        modulations = np.asarray(self.modulations)
        if modulations.ndim < 3 or modulations.dtype.kind not in "fc" or not modulations.size:
            raise BadInput(
                f"modulations must be real or complex of shape (patterns, transforms, *object_shape), "
                f"got {modulations.dtype} of shape {modulations.shape}"
            )
        if not np.allclose(np.abs(modulations[:, 1:]), 1, atol=1e-4):
            raise BadInput("modulations after the first of a chain must have modulus 1, so that the chain can be inverted")
        object.__setattr__(self, "modulations", modulations.astype(np.result_type(modulations.dtype, np.complex64)))
        return (modulations.shape[0], *modulations.shape[2:])

    @property
    def object_shape(self) -> tuple[int, ...]:
        """Shape of X: (n,) for a matrix."""
        return (int(self.matrix.shape[1]),) if self.matrix is not None else tuple(self.modulations.shape[2:])  # type: ignore[union-attr]

    @property
    def shape(self) -> tuple[int, ...]:
        """The object's shape, whose FFT is the unit of cost."""
        return self.object_shape

    @property
    def mask_shape(self) -> tuple[int, ...]:
        """That of the intensities."""
        return tuple(self.intensity.shape)

    @cached_property
    def values(self) -> int:
        """Number of measured values, m."""
        return math.prod(self.intensity.shape) if self.mask is None else int(self.backend.xp.sum(self.mask))

    @property
    def ratio(self) -> float:
        """Measured values over unknowns, m/n."""
        return self.values / self.map.unknowns

    @cached_property
    def amplitude(self) -> Array:
        """``sqrt(Y)``, and -1 where unmeasured; real, the shape of ``intensity``."""
        xp = self.backend.xp
        amplitude = xp.sqrt(self.intensity)
        return amplitude if self.mask is None else xp.where(self.mask, amplitude, -xp.ones_like(amplitude))

    @cached_property
    def amplitude_norm(self) -> float:
        """``|sqrt(Y)|``."""
        xp = self.backend.xp
        return math.sqrt(float(xp.sum(self.intensity, dtype=xp.float64)))

    @cached_property
    def power(self) -> float:
        """Squared norm of the measured rows of A over the unknowns: the mean eigenvalue of ``A* A``, so that ``|A X|^2`` is near
        power |X|^2. Where rows are left out of a chain of several transforms, each counts as the mean row of its chain.
        """
        return self.map.measured_power(self.mask) / self.map.unknowns

    @cached_property
    def map(self) -> LinearMap:
        """A itself, which counts nothing."""
        if self.matrix is not None:
            return MatrixMap(self.matrix, self.dtype, self.backend)
        assert self.modulations is not None
        return ModulationMap(self.modulations, self.backend)

    @cached_property
    def largest_eigenvalue(self) -> float:
        """Of ``A* A``, from below to about a per cent, by power iteration; its applications are counted."""
        x = self.constrain(self.backend.asarray(np.random.default_rng(0).standard_normal((1, *self.object_shape))))
        return largest_eigenvalue(lambda x: self.constrain(self.adjoint(self.apply(x))), x, _POWER_ITERATIONS, self.backend)

    def apply(self, x: Array) -> Array:
        """``A x`` of a batch (B, *object_shape): (B, *intensity.shape) of :attr:`dtype`, unmeasured rows too; counted."""
        self._count(x)
        return self.map.apply(x)

    def adjoint(self, z: Array) -> Array:
        """``A* z`` of a batch (B, *intensity.shape): (B, *object_shape); counted. ``z`` may be overwritten."""
        self._count(z)
        return self.map.adjoint(z)

    def _count(self, batch: Array) -> None:
        self.counters.operators += batch.shape[0]
        self.counters.ffts += batch.shape[0] * self.map.transforms

    def constrain(self, x: Array) -> Array:
        """The nearest objects to ``x`` that are real, where X is known to be, and zero where nothing sees them."""
        xp = self.backend.xp
        x = xp.astype(xp.real(x) if self.real and xp.isdtype(x.dtype, "complex floating") else x, self.dtype)
        return x if self.map.unseen is None else xp.where(self.map.unseen, xp.zeros_like(x), x)

    @property
    def dtype(self) -> Any:
        """What objects are computed in: real where both X and the matrix are, complex otherwise."""
        xp = self.backend.xp
        plain = self.real and self.matrix is not None and not xp.isdtype(self.matrix.dtype, "complex floating")
        return self.backend.real if plain else self.backend.complex

    def least_squares(self, z: Array) -> Array:
        """The x that minimises ``|A x - z|``, all rows of A counted, of a batch (B, *intensity.shape): (B, *object_shape)."""
        return self.map.least_squares(self.adjoint(z))

    def modulus_error(self, x: Array) -> Array:
        """``| |A x| - sqrt(Y) | / |sqrt(Y)|`` over measured values, one number an object of the batch."""
        xp = self.backend.xp
        gap = xp.where(self.amplitude >= 0, xp.abs(self.apply(x)) - self.amplitude, xp.zeros_like(self.amplitude))
        return xp.sqrt(xp.sum(gap * gap, axis=tuple(range(1, gap.ndim)))) / self.amplitude_norm

    def misfit(self, reconstruction: Reconstruction) -> float:
        """The relative misfit of the moduli that ``object`` explains."""
        return float(self.modulus_error(self.constrain(self.backend.asarray(reconstruction.object))[None])[0])

    def forward(self, x: Array) -> Array:
        """Expected intensity of one object (*object_shape)."""
        xp = self.backend.xp
        return xp.abs(self.apply(self.constrain(x)[None])[0]) ** 2

    def ambiguities(self) -> tuple[str, ...]:
        """What X is known up to: :attr:`symmetries`."""
        return self.symmetries

    def check(self, reconstruction: object) -> None:
        """Raise PrbenchError unless ``object`` is a complex array of ``object_shape``."""
        answer_array(reconstruction, "object", self.object_shape, "c", "a solver of random measurements")

    def describe(self) -> dict[str, object]:
        """As every measurement, and the ratio m/n."""
        return {**super().describe(), "ratio": self.ratio, "kind": "matrix" if self.matrix is not None else "modulations"}
