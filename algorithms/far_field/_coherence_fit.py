"""An object and the width of its beam's degree of coherence, fitted together to a pattern that both explain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prbench.backend import Array
from prbench.tasks.far_field import FarField
from prbench.tasks.far_field.coherence import gaussian_degree

_STEPS, _INNER = 20, 150
"""Steps of Gauss and Newton, and of the conjugate gradients that each of them takes at most."""
_INNER_END = 1e-3
"""Residual of the conjugate gradients, over that of their start."""
_DAMPING = 1e-3
"""Of the first step, over the size of the problem; a third of it after a step that helps, ten times after one that does not."""
_HALF_BIN = 1e-4
"""Relative change of the width from which its derivative is taken."""
_DARK = 1e-12
"""Part of the mean intensity below which no pixel is expected to lie."""
_EXPLAINED = 0.2
"""Misfit, over that of the start, from which on the fit is taken: noise keeps it above."""


@dataclass(frozen=True, eq=False)
class _FitPoint:
    """An object, its transform, a width and what the detector should see of them; double precision.

    Attributes:
        x, spectrum: complex (*shape).
        width: pixels.
        degree: half of the degree of coherence, as real transforms have it.
        size: expected amplitude (*shape).
        rest: expected minus measured amplitude (*shape), zero where not measured.
        misfit: norm of that.
    """

    x: Array
    spectrum: Array
    width: float
    degree: Array
    size: Array
    rest: Array
    misfit: float


def fitted_together(y: FarField, x: Array, support: Array, width: float) -> tuple[Array, float] | None:
    """The object and the width under which the amplitudes' misfit is least, near those given.

    The method of Levenberg and Marquardt on all pixels of the support and the logarithm of the width: an object fitted under one
    width confirms that width, so that taking turns hardly moves it.

    Args:
        y: measurement.
        x: object, complex (*shape).
        support: bool (*shape).
        width: standard deviation of the Gaussian degree of coherence, pixels.

    Returns:
        Both, the object in double precision; None where they explain the pattern hardly better, as noise has it.
    """
    xp = y.backend.xp
    inside = xp.astype(support, xp.float64)
    first = now = _point(y, xp.astype(x, xp.complex128) * inside, width)
    damping = _DAMPING
    for _ in range(_STEPS):
        change, turn = _step(y, now, inside, damping)
        new = _point(y, now.x + change, now.width * float(np.exp(np.clip(turn, -0.2, 0.2))))
        if not new.misfit < now.misfit:
            damping *= 10
            continue
        slow, now, damping = new.misfit > 0.99 * now.misfit, new, damping / 3
        if slow:
            break
    return (now.x, now.width) if now.misfit < _EXPLAINED * first.misfit else None


def _point(y: FarField, x: Array, width: float) -> _FitPoint:
    xp = y.backend.xp
    spectrum = y.transform(x[None])[0]
    degree = y.backend.asarray(gaussian_degree(y.shape, width)[..., : y.shape[-1] // 2 + 1])
    seen = _blurred(y, xp.abs(spectrum) ** 2, degree)
    size = xp.sqrt(xp.clip(seen, _DARK * float(xp.mean(seen)), None))
    rest = xp.where(y.measured, size - xp.astype(y.amplitude, xp.float64), xp.zeros_like(size))
    return _FitPoint(x, spectrum, width, degree, size, rest, float(xp.sqrt(xp.sum(rest * rest))))


def _blurred(y: FarField, intensity: Array, degree: Array) -> Array:
    y.counters.ffts += 1
    return y.backend.irfftn(y.backend.rfftn(intensity[None], y.ndim) * degree, y.shape)[0]


def _step(y: FarField, at: _FitPoint, inside: Array, damping: float) -> tuple[Array, float]:
    """What to add to the object and to the logarithm of the width: conjugate gradients on the linearised problem."""
    xp, n = y.backend.xp, float(np.prod(y.shape))
    weight = xp.where(y.measured, 0.5 / at.size, xp.zeros_like(at.size))
    above, below = (
        y.backend.asarray(gaussian_degree(y.shape, at.width * factor)[..., : y.shape[-1] // 2 + 1])
        for factor in (1 + _HALF_BIN, 1 - _HALF_BIN)
    )
    by_width = weight * _blurred(y, xp.abs(at.spectrum) ** 2, (above - below) / (2 * _HALF_BIN))
    scale = n**0.5 / (float(xp.sqrt(xp.sum(by_width**2))) + 1e-300)  # a column as long as a pixel's

    def forth(dx: Array, dw: float) -> Array:
        change = 2 * xp.real(xp.conj(at.spectrum) * y.transform(dx[None])[0])
        return weight * _blurred(y, change, at.degree) + (scale * dw) * by_width

    def back(rest: Array) -> tuple[Array, float]:
        spectrum = 2 * at.spectrum * _blurred(y, weight * rest, at.degree)
        return inside * y.inverse(spectrum[None], normalised=False)[0], scale * float(xp.sum(by_width * rest))

    def product(a: tuple[Array, float], b: tuple[Array, float]) -> float:
        return float(xp.sum(xp.real(xp.conj(a[0]) * b[0]))) + a[1] * b[1]

    def plus(a: tuple[Array, float], factor: float, b: tuple[Array, float]) -> tuple[Array, float]:
        return a[0] + factor * b[0], a[1] + factor * b[1]

    rest = back(-at.rest)
    result: tuple[Array, float] = (xp.zeros_like(at.x), 0.0)
    direction, power = rest, product(rest, rest)
    end = _INNER_END**2 * power
    for _ in range(_INNER):
        if power <= end or power == 0:
            break
        turned = plus(back(forth(*direction)), damping * n, direction)
        length = power / product(direction, turned)
        result, rest = plus(result, length, direction), plus(rest, -length, turned)
        before, power = power, product(rest, rest)
        direction = plus(rest, power / before, direction)
    return result[0], scale * result[1]
