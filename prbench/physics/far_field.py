"""Far-field diffraction as an operator: from an object to its Fourier transform on a detector's grid, and back."""

from __future__ import annotations

import math
from dataclasses import dataclass

from prbench.backend import Array, Backend, pointwise
from prbench.backend.pointwise import abs2, sqrt, where


@pointwise
def replace_modulus(G: Array, amplitude: Array, scale: float, tiny: float) -> Array:
    """``scale * amplitude * G/|G|``, or ``scale * G`` where the amplitude is negative, which stands for unmeasured."""
    return G * where(amplitude < 0, scale, scale * amplitude / sqrt(abs2(G) + tiny))


@pointwise
def _relax_modulus(G: Array, amplitude: Array, scale: float, keep: float, trust: float, tiny: float) -> Array:
    """``scale * a * G/|G|`` with ``a = keep |G| + sqrt(keep^2 |G|^2 + trust amplitude^2)``, or ``scale * G`` where unmeasured."""
    modulus = sqrt(abs2(G) + tiny)
    kept = keep * modulus
    return G * where(amplitude < 0, scale, scale * (kept + sqrt(kept * kept + trust * amplitude * amplitude)) / modulus)


def relaxed_to_counts(G: Array, amplitude: Array, scale: float, weight: float, tiny: float, *, out: Array | None = None) -> Array:
    """``scale * a * G/|G|`` with the a that minimises ``a^2 - 2 Y log a + weight (a - |G|)^2``; ``scale * G`` where unmeasured.

    The proximal map of the Poisson likelihood: a pixel without counts is weakened and not set to zero.
    Chang, Lou, Duan, Marchesini, SIAM J. Imaging Sci. 11 (2018) 24, doi:10.1137/16M1103270.

    Args:
        G: spectra, complex (B, *shape).
        amplitude: ``sqrt(Y)``, negative where unmeasured.
        scale: of the result.
        weight: of ``|G|`` against the counts, above 0.
        tiny: added to ``|G|^2``.
        out: array that may take the result.
    """
    return _relax_modulus(G, amplitude, scale, weight / (2 + 2 * weight), 1 / (1 + weight), tiny, out=out)


@pointwise
def replace_intensity(G: Array, target: Array, present: Array, measured: Array, scale: float, tiny: float) -> Array:
    """``scale * G`` with the target intensity instead of ``|G|^2``, or as it is where nothing was measured."""
    return G * where(measured, scale * sqrt(target / (present + tiny)), scale)


@pointwise
def amplitude_gap(G: Array, amplitude: Array, zero: float) -> Array:
    """``(|G| - amplitude)^2``, and zero where the amplitude is negative, which stands for unmeasured."""
    gap = where(amplitude < 0, zero, sqrt(abs2(G)) - amplitude)
    return gap * gap


@dataclass(frozen=True, eq=False)
class FourierPropagation:
    """The unnormalised Fourier transform of objects in the middle of a detector's grid; zero frequency at index 0.

    Attributes:
        shape: of the detector, 2D or 3D.
        object_shape: of the objects, in every axis at most the detector's.
        backend: where arrays are.
    """

    shape: tuple[int, ...]
    object_shape: tuple[int, ...]
    backend: Backend

    @property
    def ndim(self) -> int:
        """Number of axes: 2 or 3."""
        return len(self.shape)

    @property
    def window(self) -> tuple[slice, ...]:
        """The pixels of the grid on which :meth:`pad` puts an object."""
        return tuple(slice((n - m) // 2, (n - m) // 2 + m) for n, m in zip(self.shape, self.object_shape, strict=True))

    def pad(self, x: Array) -> Array:
        """Objects (..., *object_shape) in the middle of zeros: (..., *shape)."""
        xp, lead = self.backend.xp, tuple(x.shape[: -self.ndim])
        if tuple(x.shape[-self.ndim :]) == self.shape:
            return x
        full = self.backend.zeros((*lead, *self.shape), x.dtype)
        full[(..., *self.window)] = xp.asarray(x)
        return full

    def transform(self, g: Array, *, out: Array | None = None) -> Array:
        """``F g`` of complex fields (B, *shape); unnormalised."""
        return self.backend.fftn(g, self.ndim, out=out)

    def inverse(self, G: Array, *, normalised: bool = True, out: Array | None = None) -> Array:
        """``F^-1 G`` of spectra (B, *shape); without its factor 1/N where not ``normalised``, and G may then be overwritten."""
        return self.backend.ifftn(G, self.ndim, normalised=normalised, out=out)

    def apply(self, x: Array) -> Array:
        """``F x`` of complex objects (B, *object_shape): spectra (B, *shape)."""
        return self.transform(self.pad(x))

    def adjoint(self, G: Array) -> Array:
        """The adjoint of :meth:`apply`: spectra (B, *shape), left as they are, to objects (B, *object_shape)."""
        return self.inverse(G)[(..., *self.window)] * math.prod(self.shape)

    def intensity(self, G: Array) -> Array:
        """``|G|^2``, real, of the shape of G."""
        return G.real**2 + G.imag**2

    def centred(self, array: Array) -> Array:
        """An array (..., *shape) with zero frequency at ``n // 2`` of every axis, as detectors store it."""
        return self.backend.xp.roll(array, tuple(n // 2 for n in self.shape), axis=tuple(range(-self.ndim, 0)))
