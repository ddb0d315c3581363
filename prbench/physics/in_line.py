"""In-line imaging as an operator: from the wave just behind an object to the wave or intensity at a distance, and back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from prbench.backend import Array, Backend

from .propagation import Method, admissible_distance_m, transfer_function


@dataclass(frozen=True, eq=False)
class PaddedFrame:
    """A frame on a larger grid, its corner at ``(padding, padding)``; the frame itself where ``padding`` is 0.

    Attributes:
        shape: (H, W) of the frame.
        padding: pixels on every side, at least; on the far sides a few more where that makes FFTs quick.
    """

    shape: tuple[int, int]
    padding: int

    @cached_property
    def grid_shape(self) -> tuple[int, int]:
        """Shape of the grid."""
        if not self.padding:
            return self.shape
        import scipy.fft

        rows, columns = (int(scipy.fft.next_fast_len(n + 2 * self.padding)) for n in self.shape)
        return rows, columns

    def continued(self, array: Array, backend: Backend) -> Array:
        """An array (..., H, W), real or complex, on the grid with its edge values around the frame: (..., *grid_shape).

        Differentiable on torch for real arrays.
        """
        if self.grid_shape == self.shape:
            return array
        if backend.library == "torch" and array.dtype == backend.real:
            import torch

            near, (below, right) = self.padding, (g - n - self.padding for g, n in zip(self.grid_shape, self.shape, strict=True))
            planes = array.reshape((-1, *self.shape))
            grown = torch.nn.functional.pad(planes, (near, right, near, below), mode="replicate")
            return grown.reshape((*array.shape[:-2], *self.grid_shape))
        for axis in (-2, -1):
            nearest = np.clip(np.arange(self.grid_shape[axis]) - self.padding, 0, self.shape[axis] - 1)
            array = backend.xp.take(array, backend.asarray(nearest), axis=array.ndim + axis)
        return array

    def cropped(self, array: Array) -> Array:
        """The frame's part (..., H, W) of an array on the grid."""
        near = self.padding
        return array[..., near : near + self.shape[0], near : near + self.shape[1]]


@dataclass(frozen=True, eq=False)
class InLine:
    """Free space between an object and a detector, over which waves travel on the grid of a frame.

    Attributes:
        frame: the detector's, and the grid around it.
        wavelength_m: of the light, in the medium.
        pixel_m: of the detector, at the object where the beam magnifies.
        distance_m: from object to detector.
        method: the transfer function.
        backend: where arrays are.

    Members raise BadInput where the transfer function is not sampled at the distance, naming the admissible one.
    """

    frame: PaddedFrame
    wavelength_m: float
    pixel_m: float
    distance_m: float
    method: Method
    backend: Backend

    @property
    def admissible_distance_m(self) -> float:
        """The distance up to which the transfer function is sampled on the grid."""
        return admissible_distance_m(
            self.frame.grid_shape, wavelength_m=self.wavelength_m, pixel_m=self.pixel_m, method=self.method
        )

    @cached_property
    def transfer(self) -> Array:
        """Complex (*grid_shape), zero frequency first, of modulus 1."""
        return transfer_function(
            self.frame.grid_shape,
            wavelength_m=self.wavelength_m,
            pixel_m=self.pixel_m,
            distance_m=self.distance_m,
            backend=self.backend,
            method=self.method,
        )

    @cached_property
    def transfer_back(self) -> Array:
        """The conjugate of :attr:`transfer`."""
        return self.backend.xp.conj(self.transfer)

    @cached_property
    def chi(self) -> Array:
        """``pi wavelength z f^2`` at the frequencies of a real transform, (rows, columns // 2 + 1) of the grid; real."""
        rows, columns = self.frame.grid_shape
        row = np.fft.fftfreq(rows, self.pixel_m)[:, None]
        column = np.fft.rfftfreq(columns, self.pixel_m)[None, :]
        return self.backend.asarray(math.pi * self.wavelength_m * self.distance_m * (row**2 + column**2))

    def continued(self, array: Array) -> Array:
        """See :meth:`PaddedFrame.continued`."""
        return self.frame.continued(array, self.backend)

    def cropped(self, array: Array) -> Array:
        """See :meth:`PaddedFrame.cropped`."""
        return self.frame.cropped(array)

    def wave(self, phase: Array, transmission: Array | None = None) -> Array:
        """See :func:`wave_of`."""
        return wave_of(phase, transmission, self.backend)

    def propagate(self, field: Array) -> Array:
        """The complex field (..., H, W) at the detector of one at the object, which is continued beyond the frame."""
        return self.cropped(self.to_detector(self.continued(field)))

    def back_propagate(self, field: Array) -> Array:
        """The complex field (..., H, W) at the object of one at the detector, which is continued beyond the frame."""
        return self.cropped(self.to_object(self.continued(field)))

    def to_detector(self, field: Array) -> Array:
        """A complex field on the grid, (..., *grid_shape), from object to detector; unitary, two FFTs per field."""
        return self.backend.ifftn(self.backend.fftn(field, 2) * self.transfer, 2)

    def to_object(self, field: Array) -> Array:
        """The inverse of :meth:`to_detector`, which is its adjoint; two FFTs per field."""
        return self.backend.ifftn(self.backend.fftn(field, 2) * self.transfer_back, 2)

    def intensity(self, phase: Array, transmission: Array | None = None) -> Array:
        """``|F^-1[ F[t exp(i phi)] H ]|^2`` of phase and transmission (..., H, W), 1 where that is None; two FFTs of the grid."""
        frame, backend = self.frame, self.backend
        outer = None if transmission is None else frame.continued(transmission, backend)
        field = frame.cropped(self.to_detector(wave_of(frame.continued(phase, backend), outer, backend)))
        return backend.xp.real(field) ** 2 + backend.xp.imag(field) ** 2

    @cached_property
    def _first_order(self) -> tuple[Array, Array]:
        xp = self.backend.xp
        return 2 * xp.sin(self.chi), 2 * xp.cos(self.chi)

    def born_intensity(self, phase: Array, transmission: Array | None = None) -> Array:
        """``1 + F^-1[ 2 sin(chi) F[phi] + 2 cos(chi) F[ln t] ]``, to first order; two FFTs, three with a transmission."""
        backend, (sine, cosine) = self.backend, self._first_order
        spectrum = sine * backend.rfftn(self.frame.continued(phase, backend), 2)
        if transmission is not None:
            spectrum = spectrum + cosine * backend.rfftn(self.frame.continued(backend.xp.log(transmission), backend), 2)
        return 1 + self.frame.cropped(backend.irfftn(spectrum, self.frame.grid_shape))


def wave_of(phase: Array, transmission: Array | None, backend: Backend) -> Array:
    """``t exp(i phi)``, complex, of the arrays' shape; t is 1 where None. Differentiable on torch."""
    if backend.library == "torch":
        import torch

        return torch.polar(torch.ones_like(phase) if transmission is None else transmission, phase)
    wave = backend.xp.exp(1j * phase)
    return wave if transmission is None else transmission * wave
