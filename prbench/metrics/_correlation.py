"""Where two arrays of complex numbers match best, over all translations: the maximum of their zero-padded correlation.

Two ways to the same answer. Small problems take four FFTs of the padded shape in double precision. Large ones never form the
padded arrays: along an axis padded from n to 2n, the even and odd frequencies are FFTs of length n of the array times ``exp(-i
pi p r/n)``, p = 0, 1, so that the padded spectrum of a d-dimensional array is 2^d spectra of its own size, which fit in cache
and skip the zeros. The inverse likewise is 2^d inverse FFTs and one sum over the classes p, which is fused with the search for
the maximum.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from prbench.backend import Array, get_backend, get_threads

Shift = tuple[int, ...]

_DOUBLE_UP_TO = 1 << 20
"""Padded elements up to which double precision costs no time worth saving."""


def best_shifts(x: Array, v: Array, *, modulus: bool = True) -> tuple[Shift, Shift]:
    """The translations s at which ``v`` and ``conj(flip(v))`` match ``x`` best.

    They maximise ``|C(s)|``, ``C(s) = sum_r x(r) conj(w(r-s))``, over all s at which the two overlap, w being ``v`` or
    ``conj(flip(v))``. In single precision, used for large arrays, translations whose ``|C|`` differ by a relative 1e-6 are not
    told apart.

    Args:
        x: complex, 2D or 3D.
        v: complex, as many axes, any size.
        modulus: maximise ``|C|``, or its real part where false.
    """
    box, other = _nonzero(x), _nonzero(v)
    inner, moving = x[box], v[other]
    lengths = [n + m - 1 for n, m in zip(inner.shape, moving.shape, strict=True)]
    if math.prod(lengths) <= _DOUBLE_UP_TO or not modulus:
        same, flipped = _by_padding(inner, moving, lengths, modulus=modulus)
    else:
        same, flipped = _by_classes(inner, moving)
    direct = tuple(s + b.start - o.start for s, b, o in zip(same, box, other, strict=True))
    return direct, tuple(s + b.start - (m - o.stop) for s, b, o, m in zip(flipped, box, other, v.shape, strict=True))


def _nonzero(x: Array) -> tuple[slice, ...]:
    """The smallest box outside of which ``x`` is zero; one pixel where all of it is."""
    box = []
    for axis in range(x.ndim):
        filled = np.flatnonzero(x.any(axis=tuple(a for a in range(x.ndim) if a != axis)))
        box.append(slice(int(filled[0]), int(filled[-1]) + 1) if filled.size else slice(0, 1))
    return tuple(box)


def _by_padding(x: Array, v: Array, lengths: Sequence[int], *, modulus: bool) -> tuple[Shift, Shift]:
    import scipy.fft

    backend = get_backend("numpy", "double")
    shape = [scipy.fft.next_fast_len(n) for n in lengths]
    spectra = []
    for array in (x, v):
        padded = np.zeros(shape, np.complex128)
        padded[tuple(slice(0, n) for n in array.shape)] = array
        spectra.append(backend.fftn(padded, x.ndim))
    X, V = spectra
    found = []
    for product in (X * V.conj(), X * V):
        c = backend.ifftn(product, x.ndim)
        peak = np.argmax(c.real**2 + c.imag**2 if modulus else c.real)
        found.append([int(i) for i in np.unravel_index(peak, c.shape)])
    return _as_shifts(found[0], found[1], x.shape, v.shape, shape)


def _by_classes(x: Array, v: Array) -> tuple[Shift, Shift]:
    import scipy.fft

    from ._correlation_kernels import modulate, multiply

    _limit_numba_threads()
    shape = [scipy.fft.next_fast_len(max(n, m)) for n, m in zip(x.shape, v.shape, strict=True)]
    volume = [1] * (3 - x.ndim) + shape
    classes = np.array(list(itertools.product((0, 1), repeat=x.ndim)))
    classes = np.pad(classes, ((0, 0), (3 - x.ndim, 0)))
    ramps = [np.exp(-1j * np.pi * np.outer((0, 1), np.arange(n)) / n) for n in volume]
    same = np.empty((len(classes), *volume), np.complex64)
    flipped = np.empty_like(same)
    for array, spectra in ((x, same), (v, flipped)):
        block = np.ascontiguousarray(array).reshape((1,) * (3 - x.ndim) + array.shape)
        scale = 1.0 / (float(np.abs(block).max()) or 1.0)
        for p, spectrum in zip(classes, spectra, strict=True):
            r0, r1, r2 = (ramp[i].astype(np.complex64) for ramp, i in zip(ramps, p, strict=True))
            modulate(block, np.complex64(scale) * r0, r1, r2, spectrum)
            _transform(spectrum, x.ndim)
    for a, b in zip(same, flipped, strict=True):
        multiply(a, b)
        _transform(a, x.ndim, inverse=True)
        _transform(b, x.ndim, inverse=True)
    found = [_peak_over_classes(c, classes, [ramp.conj() for ramp in ramps])[3 - x.ndim :] for c in (same, flipped)]
    return _as_shifts(found[0], found[1], x.shape, v.shape, [2 * n for n in shape])


def _transform(array: Array, ndim: int, *, inverse: bool = False) -> None:
    """FFT in place over the last axes, unnormalised both ways.

    By scipy, also where torch's is faster on an idle machine: its threads do not spin while they wait, and many small transforms
    on a machine shared with other workers are where spinning costs most.
    """
    import scipy.fft

    transform = scipy.fft.ifftn if inverse else scipy.fft.fftn
    axes, norm = tuple(range(-ndim, 0)), "forward" if inverse else "backward"
    result = transform(array, axes=axes, norm=norm, overwrite_x=True, workers=get_threads())
    if not np.may_share_memory(result, array):
        array[...] = result


def _peak_over_classes(c: Array, classes: Array, ramps: list[Array]) -> list[int]:
    """The index on the doubled grid, always of three axes, at which the sum over classes is largest."""
    from ._correlation_kernels import row_peaks

    single = [ramp.astype(np.complex64) for ramp in ramps]
    peaks = row_peaks(c, classes, *single)
    i, j = (int(index) for index in np.unravel_index(np.argmax(peaks), peaks.shape))
    factors = ramps[0][classes[:, 0], i] * ramps[1][classes[:, 1], j]
    rows = factors[:, None] * ramps[2][classes[:, 2]] * c[:, i, j, :]
    signs = (-1.0) ** (classes @ classes.T)
    values = np.abs(signs @ rows)
    block, k = (int(index) for index in np.unravel_index(np.argmax(values), values.shape))
    return [index + int(half) * n for index, half, n in zip((i, j, k), classes[block], c.shape[1:], strict=True)]


def _as_shifts(
    same: list[int], flipped: list[int], n: Sequence[int], m: Sequence[int], period: Sequence[int]
) -> tuple[Shift, Shift]:
    """Translations from the indices of the two maxima: a correlation wraps, and a convolution starts at ``-(m-1)``."""
    direct = tuple(i if i < size else i - length for i, size, length in zip(same, n, period, strict=True))
    return direct, tuple(i - (size - 1) for i, size in zip(flipped, m, strict=True))


def _limit_numba_threads() -> None:
    import numba

    numba.set_num_threads(min(get_threads(), numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]
