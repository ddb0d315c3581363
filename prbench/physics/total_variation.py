"""Denoising by total variation: the field nearest to a noisy one for the length of its gradient.

Rudin, Osher, Fatemi, Physica D 60 (1992) 259, doi:10.1016/0167-2789(92)90242-F; solved by the fast gradient projection of
Beck and Teboulle, IEEE Trans. Image Process. 18 (2009) 2419, doi:10.1109/TIP.2009.2028250.
"""

from __future__ import annotations

import math

from prbench.backend import Array, Backend


def denoise_by_variation(v: Array, inside: Array, weight: float, iterations: int, backend: Backend) -> Array:
    """The x of ``min |x - v|^2 / 2 + weight sum |grad x|`` on the pixels of a mask, to the accuracy of some iterations.

    Differences lead from pixel to pixel inside the mask and never over its edge, so that the edge costs nothing and darkness
    beyond it does not leak in. Real and imaginary part have one gradient, whose length is that of both.

    Args:
        v: real or complex (B, *shape).
        inside: bool (B, *shape) or (1, *shape); outside it v is returned as it is.
        weight: at least 0, in units of v.
        iterations: at least 0.
        backend: of the arrays.
    """
    if not (weight > 0 and iterations):
        return v
    xp, axes = backend.xp, range(1, v.ndim)
    edges = [_edges(xp.astype(inside, backend.real), axis, backend) for axis in axes]
    dual = [xp.zeros_like(v) for _ in axes]
    ahead, momentum = dual, 1.0
    for _ in range(iterations):
        x = v - weight * _adjoint(ahead, backend)
        step = 1.0 / (4 * len(dual) * weight)
        moved = [r + step * e * (xp.roll(x, -1, axis=axis) - x) for r, e, axis in zip(ahead, edges, axes, strict=True)]
        length = xp.sqrt(sum(xp.real(m) ** 2 + xp.imag(m) ** 2 if _is_complex(m, backend) else m * m for m in moved))
        limit = xp.maximum(length, xp.ones_like(length))
        new = [m / limit for m in moved]
        following = (1 + math.sqrt(1 + 4 * momentum**2)) / 2
        ahead = [n + (momentum - 1) / following * (n - p) for n, p in zip(new, dual, strict=True)]
        dual, momentum = new, following
    return v - weight * _adjoint(dual, backend)


def _edges(inside: Array, axis: int, backend: Backend) -> Array:
    """1 where a pixel and its next along an axis are both inside, 0 elsewhere and at the last pixel."""
    xp = backend.xp
    both = inside * xp.roll(inside, -1, axis=axis)
    last = [slice(None)] * both.ndim
    last[axis] = slice(both.shape[axis] - 1, None)
    both[tuple(last)] = 0
    return both


def _adjoint(dual: list[Array], backend: Backend) -> Array:
    """The adjoint of the forward differences, minus the divergence."""
    total = None
    for axis, p in enumerate(dual, 1):
        part = backend.xp.roll(p, 1, axis=axis) - p
        total = part if total is None else total + part
    return total


def _is_complex(a: Array, backend: Backend) -> bool:
    return bool(backend.xp.isdtype(a.dtype, "complex floating"))
