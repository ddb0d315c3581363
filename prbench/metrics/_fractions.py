"""Translations by parts of a pixel: the phase ramp of a Fourier transform, and the ramp at which two arrays match best.

A band-limited object moved by half a pixel is another array of numbers, and its far-field pattern is the same. So the best
whole-pixel translation is refined: near it the correlation is a trigonometric polynomial, of which a few values and derivatives
cost as much as one pass over the spectrum, one axis at a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from prbench.backend import Array, get_backend

from ._correlation import Shift, nonzero_box

Fraction = tuple[float, ...]

MARGIN_PX = 8
"""Zeros put around an array before it is moved by parts of a pixel, which makes sharp edges ring."""

_TRIED = np.arange(-4, 5) / 8
"""Parts of a pixel at which the search starts, along every axis."""

_STEPS = 12
_CLOSE_PX = 1e-9
"""Newton's steps at most, and the length of one after which no other follows."""

_SINGLE_FROM = 1 << 20
"""Elements from which single precision is kept, for its speed."""


def best_fraction(x: Array, w: Array, shift: Shift, *, modulus: bool = True, periodic: bool = False) -> Fraction:
    """The parts of a pixel, one per axis, by which ``w`` moved by ``shift`` has to move on to match ``x`` best.

    A local maximum of ``|C|`` (or of its real part where not ``modulus``), C being the correlation of both as trigonometric
    polynomials, near the whole translation; at most half a pixel and what Newton's method adds.

    Args:
        x: complex, 2D or 3D.
        w: complex, as many axes; where ``periodic`` of the same shape.
        shift: whole pixels, the best such translation.
        modulus: whether a phase is free.
        periodic: whether translations are cyclic.
    """
    spectrum = _cross_spectrum(x, w, shift, periodic=periodic)
    waves = [2j * math.pi * np.fft.fftfreq(n) for n in spectrum.shape]
    tried = np.stack(np.meshgrid(*[_TRIED] * x.ndim, indexing="ij"), -1).reshape(-1, x.ndim)
    values = _contracted(spectrum, [np.exp(np.outer(_TRIED, wave)) for wave in waves]).ravel()
    at = tried[int(np.argmax(np.abs(values) if modulus else values.real))]
    return tuple(float(part) for part in _climbed(spectrum, waves, at, modulus=modulus))


def moved_by_fraction(w: Array, fraction: Sequence[float], *, periodic: bool = False) -> Array:
    """``w(r - fraction)`` as the trigonometric polynomial through its pixels has it; complex, of the precision of ``w``.

    Where not ``periodic`` the result has :data:`MARGIN_PX` more pixels on every side, which take what leaves the frame.
    """
    backend = get_backend("numpy", "single" if w.dtype == np.complex64 else "double")
    padded = w if periodic else np.pad(w, MARGIN_PX)
    spectrum = backend.fftn(padded, w.ndim)
    for axis, part in enumerate(fraction):
        ramp = np.exp(-2j * math.pi * part * np.fft.fftfreq(padded.shape[axis])).astype(spectrum.dtype)
        spectrum *= ramp.reshape([-1 if a == axis else 1 for a in range(w.ndim)])
    moved: Array = backend.ifftn(spectrum, w.ndim)
    return moved


def _cross_spectrum(x: Array, w: Array, shift: Shift, *, periodic: bool) -> Array:
    """``F_x conj(F_w)``, w already moved by ``shift``, on a frame that just holds both with a margin."""
    import scipy.fft

    if periodic:
        first, second = x, np.roll(w, shift, tuple(range(w.ndim)))
    else:
        boxes = nonzero_box(x), nonzero_box(w)
        low = [min(a.start, b.start + s) for a, b, s in zip(*boxes, shift, strict=True)]
        high = [max(a.stop, b.stop + s) for a, b, s in zip(*boxes, shift, strict=True)]
        shape = [scipy.fft.next_fast_len(b - a + MARGIN_PX) for a, b in zip(low, high, strict=True)]
        kind = np.complex128 if math.prod(shape) < _SINGLE_FROM else np.result_type(x.dtype, w.dtype)
        first, second = (np.zeros(shape, kind) for _ in range(2))
        first[tuple(slice(a.start - m, a.stop - m) for a, m in zip(boxes[0], low, strict=True))] = x[boxes[0]]
        slices = tuple(slice(b.start + s - m, b.stop + s - m) for b, s, m in zip(boxes[1], shift, low, strict=True))
        second[slices] = w[boxes[1]]
    backend = get_backend("numpy", "single" if first.dtype == np.complex64 else "double")
    product: Array = backend.fftn(first, x.ndim)
    product *= backend.fftn(second, x.ndim).conj()
    return product


def _contracted(spectrum: Array, rows: list[Array]) -> Array:
    """The spectrum summed along every axis with several weights: complex128 (weights of the first axis, ..., of the last)."""
    estimate = spectrum
    for weights in reversed(rows):  # the last axis first, which lies densest; it comes out in front
        estimate = np.moveaxis(estimate @ weights.T.astype(estimate.dtype), -1, 0)
    return np.asarray(estimate, np.complex128)


def _climbed(spectrum: Array, waves: list[Array], at: Array, *, modulus: bool) -> Array:
    """The local maximum by Newton's method, damped where it leads down."""
    best, value = at, -math.inf
    step = np.zeros(len(at))
    for _ in range(_STEPS):
        height, slope, curvature = _height(spectrum, waves, best + step, modulus=modulus)
        if height < value:
            step = step / 4
        else:
            best, value = best + step, height
            step = _uphill(slope, curvature)
        if np.abs(step).max() < _CLOSE_PX:
            break
    return best


def _uphill(slope: Array, curvature: Array) -> Array:
    """A step of Newton's method towards a maximum, of at most a quarter of a pixel; up the slope where the surface is no dome."""
    sizes, axes = np.linalg.eigh(-curvature)
    largest = float(np.abs(sizes).max())
    if not largest > 0:
        return np.zeros(len(slope))
    step = axes @ ((axes.T @ slope) / np.maximum(np.abs(sizes), 1e-6 * largest))
    return np.asarray(step / max(1.0, 4 * float(np.abs(step).max())))


def _height(spectrum: Array, waves: list[Array], at: Array, *, modulus: bool) -> tuple[float, Array, Array]:
    """``|C|^2``, or the real part of C, at one translation, with its first and second derivatives."""
    n = len(waves)
    rows = [np.exp(wave * part) * np.stack([np.ones(len(wave)), wave, wave**2]) for wave, part in zip(waves, at, strict=True)]
    table = _contracted(spectrum, rows)

    def derivative(*axes: int) -> complex:
        return complex(table[tuple(axes.count(axis) for axis in range(n))])

    c = derivative()
    first = np.array([derivative(a) for a in range(n)])
    second = np.array([[derivative(a, b) for b in range(n)] for a in range(n)])
    if not modulus:
        return c.real, first.real, second.real
    slope = 2 * (np.conj(c) * first).real
    return abs(c) ** 2, slope, 2 * (np.conj(first)[:, None] * first[None, :] + np.conj(c) * second).real
