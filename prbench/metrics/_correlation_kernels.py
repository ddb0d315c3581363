"""Compiled passes of the padded correlation, one thread each; apart from it because importing this module imports numba."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

_jit: Any = numba.njit(nogil=True, fastmath=True, error_model="numpy", cache=True)


def _modulate(x: Any, ramp0: Any, ramp1: Any, ramp2: Any, out: Any) -> None:
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            row = out[i, j]
            if i < x.shape[0] and j < x.shape[1]:
                source, factor, filled = x[i, j], ramp0[i] * ramp1[j], x.shape[2]
                for k in range(filled):
                    row[k] = source[k] * (factor * ramp2[k])
                row[filled:] = 0
            else:
                row[:] = 0


def _multiply(a: Any, b: Any) -> None:
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            u, v = a[i, j], b[i, j]
            for k in range(u.shape[0]):
                p, q = u[k], v[k]
                u[k] = p * q.conjugate()
                v[k] = p * q


def _row_peaks(c: Any, classes: Any, ramp0: Any, ramp1: Any, ramp2: Any) -> Any:
    count, n0, n1, n2 = c.shape
    peaks = np.empty((n0, n1), np.float32)
    for i in range(n0):
        rows = np.empty((count, n2), np.complex64)
        for j in range(n1):
            for p in range(count):
                source, row = c[p, i, j], rows[p]
                factor, ramp = ramp0[classes[p, 0], i] * ramp1[classes[p, 1], j], ramp2[classes[p, 2]]
                for k in range(n2):
                    row[k] = source[k] * (factor * ramp[k])
            half = 1
            while half < count:
                for p in range(count):
                    if p & half == 0:
                        u, v = rows[p], rows[p + half]
                        for k in range(n2):
                            s, t = u[k], v[k]
                            u[k] = s + t
                            v[k] = s - t
                half *= 2
            best = np.float32(0)
            for p in range(count):
                row = rows[p]
                for k in range(n2):
                    best = max(best, row[k].real * row[k].real + row[k].imag * row[k].imag)
            peaks[i, j] = best
    return peaks


modulate: Any = _jit(_modulate)
"""``out = x * ramp0 * ramp1 * ramp2``, a separable factor, zero where ``out`` (n0, n1, n2) is longer than ``x``."""

multiply: Any = _jit(_multiply)
"""``a, b = a conj(b), a b`` in place, both (n0, n1, n2)."""

row_peaks: Any = _jit(_row_peaks)
"""Largest ``|.|^2`` in every row (n0, n1) of the sums and differences over the classes of ``c`` times their ramps."""
