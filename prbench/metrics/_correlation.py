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
from concurrent.futures import Executor, ThreadPoolExecutor

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
    box, other = nonzero_box(x), nonzero_box(v)
    inner, moving = x[box], v[other]
    lengths = [n + m - 1 for n, m in zip(inner.shape, moving.shape, strict=True)]
    if math.prod(lengths) <= _DOUBLE_UP_TO or not modulus:
        same, flipped = _by_padding(inner, moving, lengths, modulus=modulus)
    else:
        same, flipped = _by_classes(inner, moving)
    direct = tuple(s + b.start - o.start for s, b, o in zip(same, box, other, strict=True))
    return direct, tuple(s + b.start - (m - o.stop) for s, b, o, m in zip(flipped, box, other, v.shape, strict=True))


def best_cyclic_shifts(x: Array, v: Array, *, modulus: bool = True) -> tuple[Shift, Shift]:
    """As :func:`best_shifts` for cells that repeat: arrays of one shape, translations modulo that shape, each at least 0."""
    backend = get_backend("numpy", "double")
    X, V = (backend.fftn(array.astype(np.complex128), x.ndim) for array in (x, v))
    estimate = []
    for product, first in ((X * V.conj(), 0), (X * V, 1)):  # a convolution starts at -(n-1), which is 1 modulo n
        c = backend.ifftn(product, x.ndim)
        peak = np.argmax(c.real**2 + c.imag**2 if modulus else c.real)
        estimate.append(tuple((int(i) + first) % n for i, n in zip(np.unravel_index(peak, c.shape), c.shape, strict=True)))
    return estimate[0], estimate[1]


def nonzero_box(x: Array) -> tuple[slice, ...]:
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
    estimate = []
    for product in (X * V.conj(), X * V):
        c = backend.ifftn(product, x.ndim)
        peak = np.argmax(c.real**2 + c.imag**2 if modulus else c.real)
        estimate.append([int(i) for i in np.unravel_index(peak, c.shape)])
    return _as_shifts(estimate[0], estimate[1], x.shape, v.shape, shape)


def _by_classes(x: Array, v: Array) -> tuple[Shift, Shift]:
    import scipy.fft

    shape = [scipy.fft.next_fast_len(max(n, m)) for n, m in zip(x.shape, v.shape, strict=True)]
    lead = 3 - x.ndim
    volume = [1] * lead + shape
    classes = np.pad(list(itertools.product((0, 1), repeat=x.ndim)), ((0, 0), (lead, 0)))
    ramps = [np.exp(-1j * np.pi * np.outer((0, 1), np.arange(n)) / n) for n in volume]
    blocks = [np.ascontiguousarray(array).reshape([1] * lead + list(array.shape)) for array in (x, v)]
    same = np.empty((len(classes), *volume), np.complex64)
    flipped = np.empty_like(same)
    threads = get_threads()
    # One class per thread: threads that meet after every small transform wait for the slowest each time.
    with ThreadPoolExecutor(threads) as pool:
        workers = max(1, threads // len(classes))
        work = [
            pool.submit(_correlate_class, blocks, [ramp[i] for ramp, i in zip(ramps, p, strict=True)], a, b, workers)
            for p, a, b in zip(classes, same, flipped, strict=True)
        ]
        for done in work:
            done.result()
        estimate = [_peak_over_classes(c, classes, [ramp.conj() for ramp in ramps], pool)[lead:] for c in (same, flipped)]
    return _as_shifts(estimate[0], estimate[1], x.shape, v.shape, [2 * n for n in shape])


def _correlate_class(blocks: list[Array], ramps: list[Array], same: Array, flipped: Array, workers: int) -> None:
    """One class's share of the correlation of two volumes, and of their convolution, into ``same`` and ``flipped``."""
    import scipy.fft

    from ._correlation_kernels import modulate, multiply

    for block, out in zip(blocks, (same, flipped), strict=True):
        scale = 1.0 / (float(np.abs(block).max()) or 1.0)
        modulate(block, *(ramp.astype(np.complex64) for ramp in (scale * ramps[0], *ramps[1:])), out)
        _keep(out, scipy.fft.fftn(out, overwrite_x=True, workers=workers))
    multiply(same, flipped)
    for out in (same, flipped):
        _keep(out, scipy.fft.ifftn(out, norm="forward", overwrite_x=True, workers=workers))


def _keep(out: Array, result: Array) -> None:
    """Make sure that a transform asked to overwrite its argument has done so."""
    if not np.may_share_memory(result, out):
        out[...] = result


def _peak_over_classes(c: Array, classes: Array, ramps: list[Array], pool: Executor) -> list[int]:
    """The index on the doubled grid, always of three axes, at which the sum over classes is largest."""
    from ._correlation_kernels import row_peaks

    r0, r1, r2 = (ramp.astype(np.complex64) for ramp in ramps)
    n0, n1 = c.shape[1:3]
    rows, columns = max(1, n0 // 16), n1 if n0 > 1 else max(1, n1 // 16)
    peaks = np.empty((n0, n1), np.float32)

    def fill(i: int, j: int) -> None:
        part = (slice(i, i + rows), slice(j, j + columns))
        peaks[part] = row_peaks(c[(slice(None), *part)], classes, r0[:, part[0]], r1[:, part[1]], r2)

    for done in [pool.submit(fill, i, j) for i in range(0, n0, rows) for j in range(0, n1, columns)]:
        done.result()
    i, j = (int(index) for index in np.unravel_index(np.argmax(peaks), peaks.shape))
    factors = ramps[0][classes[:, 0], i] * ramps[1][classes[:, 1], j]
    signs = (-1.0) ** (classes @ classes.T)
    values = np.abs(signs @ (factors[:, None] * ramps[2][classes[:, 2]] * c[:, i, j, :]))
    block, k = (int(index) for index in np.unravel_index(np.argmax(values), values.shape))
    return [index + int(half) * n for index, half, n in zip((i, j, k), classes[block], c.shape[1:], strict=True)]


def _as_shifts(
    same: list[int], flipped: list[int], n: Sequence[int], m: Sequence[int], period: Sequence[int]
) -> tuple[Shift, Shift]:
    """Translations from the indices of the two maxima: a correlation wraps, and a convolution starts at ``-(m-1)``."""
    direct = tuple(i if i < size else i - length for i, size, length in zip(same, n, period, strict=True))
    return direct, tuple(i - (size - 1) for i, size in zip(flipped, m, strict=True))
