"""The aberration of the optics, fitted where there is no object; nobody says where that is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import cast

import numpy as np
from numpy.polynomial import legendre

from prbench.physics.unwrapping import wrapped

_SAMPLES = 1500
"""Pixels, about, that slopes are fitted on."""

_SCALES_RAD = (0.7, 0.15)
"""Scales of residuals from which the search for the background narrows down: of slopes that are about right, and well."""

_NARROWING = 0.65
"""Factor of that scale from one step to the next."""

_NARROWEST_RAD = 0.02
"""Scale at which it ends: the graininess of a good background."""

_STRIP = 16
"""Rows of a matrix that are multiplied at once, so few that no thread is woken for them: that takes longer on a busy machine."""

_RIM = 0.8
"""From this part of the way to the edge on, pixels lie in the rim of the frame."""

_PATCH = 5
"""Side of the square of pixels that the smoothness of a phase is judged on."""

_NEARLY = 0.95
"""Flat part of the rim, over that of the best degree, with which a lower degree is preferred."""

_SMOOTHEST = 0.2
"""Part of the frame that is taken for smooth background at least."""

_BINS = 180


@dataclass(frozen=True, eq=False)
class Polynomials:
    """Products of Legendre's polynomials up to a total degree on a grid.

    Attributes:
        rows: where the grid's rows lie, -1 to 1 in the frame's longer half.
        columns: likewise.
        degree: total, at least 0.
    """

    rows: np.ndarray
    columns: np.ndarray
    degree: int

    @property
    def orders(self) -> list[tuple[int, int]]:
        """Degrees along rows and columns of every term, the constant first."""
        return sorted(((i, j) for i in range(self.degree + 1) for j in range(self.degree + 1 - i)), key=sum)

    @property
    def stride(self) -> int:
        """Every how many-th row and column is enough to fit on."""
        return max(1, math.isqrt(len(self.rows) * len(self.columns) // _SAMPLES))

    def thinned(self) -> Polynomials:
        """The same on every :attr:`stride`-th row and column."""
        return self._thinned

    @cached_property
    def _thinned(self) -> Polynomials:
        return Polynomials(self.rows[:: self.stride], self.columns[:: self.stride], self.degree)

    def flattened(self, terms: dict[tuple[int, int], float]) -> np.ndarray:
        """Coefficients of which only some are not zero; terms beyond the degree are left out."""
        return np.array([terms.get(order, 0.0) for order in self.orders])

    def taken_from(self, other: Polynomials, coefficients: np.ndarray) -> np.ndarray:
        """The coefficients of another degree's polynomials, as far as the terms are the same."""
        return self.flattened(dict(zip(other.orders, coefficients, strict=True)))

    def near_edges(self) -> np.ndarray:
        """Where the grid is within a tenth of the frame from one of its edges, 1 or 0, (rows, columns)."""
        far = [np.abs(at) > _RIM * np.abs(at).max() for at in (self.rows, self.columns)]
        return np.asarray(far[0][:, None] | far[1][None, :], np.float64)

    def table(self, coefficients: np.ndarray) -> np.ndarray:
        """Coefficients as (degree + 1, degree + 1)."""
        table = np.zeros((self.degree + 1, self.degree + 1))
        for (i, j), value in zip(self.orders, coefficients, strict=True):
            table[i, j] = value
        return table

    def terms(self) -> np.ndarray:
        """Every term on the grid, float64 (terms, rows, columns)."""
        along, across = self._factors
        return np.stack([np.outer(along[:, i], across[:, j]) for i, j in self.orders])

    @cached_property
    def flat_terms(self) -> np.ndarray:
        """Every term as a row, float64 (terms, rows * columns)."""
        return self.terms().reshape(len(self.orders), -1)

    @cached_property
    def _factors(self) -> tuple[np.ndarray, np.ndarray]:
        along, across = (legendre.legvander(at, self.degree) for at in (self.rows, self.columns))
        return along, across

    def sum(self, coefficients: np.ndarray) -> np.ndarray:
        """The sum of all terms on the grid, float64 (rows, columns)."""
        along, across = self._factors
        left = along @ self.table(coefficients)
        strips_end = len(left) // _STRIP * _STRIP
        strips = np.matmul(left[:strips_end].reshape(-1, _STRIP, left.shape[1]), across.T)
        return np.concatenate([strips.reshape(strips_end, len(across)), left[strips_end:] @ across.T])


def fit_background(z: np.ndarray, basis: Polynomials, guess: np.ndarray) -> tuple[np.ndarray, float]:
    """Coefficients of the phase that a wave has on its background, the constant among them, and how grainy that is, radians.

    A smooth object can be mistaken for aberrations. So slopes are fitted twice: to pixels where the phase is smoothest, and to
    those near the frame's edges; from both the background is searched at two scales. What is kept is the fit that leaves the
    largest part of the frame's rim flat: the flattest part of all of the frame may be the top of a smooth object.

    Args:
        z: complex (p, q), the wave.
        basis: on the grid of ``z``.
        guess: coefficients near which the solution lies, such as the tilt.
    """
    result, grain, _ = _flattest(z, basis, guess)
    return result, grain


def fit_background_of_some_degree(z: np.ndarray, basis: Polynomials, guess: np.ndarray) -> tuple[Polynomials, np.ndarray, float]:
    """As :func:`fit_background`, of the lowest total degree that leaves nearly as much of the frame's rim flat as any.

    A polynomial of a high degree bends over a large object to flatten it, and swings where a small background does not hold it.

    Args:
        z: complex (p, q), the wave.
        basis: of the highest degree.
        guess: coefficients near which the solution lies, such as the tilt.

    Returns:
        The polynomials of that degree, their coefficients, and how grainy the background is, radians.
    """
    fits = []
    for degree in range(1, basis.degree + 1):
        lower = Polynomials(basis.rows, basis.columns, degree)
        fits.append((lower, *_flattest(z, lower, lower.taken_from(basis, guess))))
    best = max(flat for *_, flat in fits)
    return next((lower, result, grain) for lower, result, grain, flat in fits if flat >= _NEARLY * best)


def _flattest(z: np.ndarray, basis: Polynomials, guess: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Coefficients, grain in radians, and the flat part of the rim."""
    rough = _roughness(z)
    smooth = 1 / (1 + (rough / (2 * np.quantile(rough, _SMOOTHEST) + 1e-9)) ** 4)
    grain = max(_NARROWEST_RAD, 2 * float(np.quantile(rough, _SMOOTHEST)) / math.sqrt(6))
    best = (guess, -1.0)
    for trust in (smooth, basis.near_edges()):
        start = fit_slopes(z, basis, guess, trust)
        for scale in _SCALES_RAD:
            result = _narrowed(z, basis, start, scale, grain)
            best = max(best, result, key=lambda fit: fit[1])
    return best[0], grain, best[1]


def fit_slopes(z: np.ndarray, basis: Polynomials, guess: np.ndarray, trust: np.ndarray) -> np.ndarray:
    """Coefficients of the polynomial whose steps from pixel to pixel are most often those of a wave's phase.

    Steps need no unwrapping, and an object changes them only where it is, one way on one side and the other way on the other.
    Least squares, reweighted so that large residuals lose all weight (Geman and McClure).

    Args:
        z: complex (p, q), the wave.
        basis: on the grid of ``z``.
        guess: coefficients to start from; the constant stays as it is.
        trust: real (p, q), how much each pixel counts.
    """
    start = z * np.exp(-1j * basis.sum(guess))
    blocks, steps, weights = [], [], []
    for axis in (0, 1):
        ends = [
            tuple(slice(at * (a == axis), n - (1 - at) * (a == axis), basis.stride) for a, n in enumerate(z.shape))
            for at in (0, 1)
        ]
        behind, ahead = (start[end] for end in ends)
        product = ahead * behind.conj()
        grids = [Polynomials(basis.rows[end[0]], basis.columns[end[1]], basis.degree) for end in ends]
        steps.append(np.angle(product).ravel())
        weights.append((np.sqrt(np.abs(product)) * trust[ends[0]]).ravel())
        blocks.append((grids[1].terms()[1:] - grids[0].terms()[1:]).reshape(len(guess) - 1, -1))
    result = _robust(np.concatenate(blocks, 1), np.concatenate(steps), np.concatenate(weights))
    return np.concatenate([guess[:1], guess[1:] + result])


def _roughness(z: np.ndarray) -> np.ndarray:
    """Size of the second differences of a wave's phase around each pixel, radians (p, q): noise where it is smooth, else more."""
    from scipy.ndimage import uniform_filter

    rough = np.zeros(z.shape)
    for axis in (0, 1):
        first, middle, last = (np.take(z, range(at, z.shape[axis] - 2 + at), axis) for at in range(3))
        inner = (slice(1, -1), slice(None)) if axis == 0 else (slice(None), slice(1, -1))
        rough[inner] += np.angle(first * last * middle.conj() ** 2) ** 2
    rough[[0, -1]], rough[:, [0, -1]] = rough[[1, -2]], rough[:, [1, -2]]
    return np.sqrt(np.asarray(uniform_filter(rough, _PATCH, mode="nearest")) / 2)


def _robust(terms: np.ndarray, b: np.ndarray, weights: np.ndarray, steps: int = 8) -> np.ndarray:
    """Weighted least squares of ``x @ terms = b``, reweighted by residuals against their median size."""
    robust_weights = weights
    for _ in range(steps):
        x = _least_squares(terms, b, robust_weights)
        size = np.abs(b - _applied(terms, x))
        scale = 3 * float(np.median(size)) + 1e-9
        robust_weights = weights / (1 + (size / scale) ** 2) ** 2
    return x


def _least_squares(terms: np.ndarray, b: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """By the normal equations of a basis that is nearly orthogonal; hardly damped, for what the weighted pixels leave open."""
    normal, right = np.empty((len(terms), len(terms))), np.empty(len(terms))
    _compiled(_normal_equations)(terms, b, weights, normal, right, np.empty(len(b)))
    normal += 1e-9 * np.trace(normal) / len(normal) * np.eye(len(normal)) + 1e-300 * np.eye(len(normal))
    return np.asarray(np.linalg.solve(normal, right))


def _applied(terms: np.ndarray, x: np.ndarray) -> np.ndarray:
    """``x @ terms``."""
    result = np.zeros(terms.shape[1])
    _compiled(_sum_of_terms)(terms, x, result)
    return result


@cache
def _compiled(loop: Callable[..., None]) -> Callable[..., None]:
    import numba

    return cast("Callable[..., None]", numba.njit(cache=True, fastmath=True, error_model="numpy")(loop))


def _normal_equations(
    terms: np.ndarray, b: np.ndarray, weights: np.ndarray, normal: np.ndarray, right: np.ndarray, work: np.ndarray
) -> None:
    """``(terms * weights) @ terms.T`` and ``(terms * weights) @ b``; numpy takes four times as long for matrices so flat."""
    for p in range(len(terms)):
        total = 0.0
        for i in range(len(b)):
            work[i] = weights[i] * terms[p, i]
        for i in range(len(b)):
            total += work[i] * b[i]
        right[p] = total
        for q in range(p + 1):
            total = 0.0
            for i in range(len(b)):
                total += work[i] * terms[q, i]
            normal[p, q] = total
            normal[q, p] = total


def _sum_of_terms(terms: np.ndarray, x: np.ndarray, result: np.ndarray) -> None:
    for p in range(len(terms)):
        for i in range(len(result)):
            result[i] += x[p] * terms[p, i]


def _narrowed(z: np.ndarray, basis: Polynomials, start: np.ndarray, scale: float, grain: float) -> tuple[np.ndarray, float]:
    """Coefficients fitted to the background's phase, and the part of the light near the frame's edges that lies within its grain.

    The background is at first the phase that most pixels have once the slopes are gone. Pixels lose their weight where they are
    away from it by a scale, which narrows down from step to step.
    """
    thin = basis.thinned()
    terms = thin.flat_terms
    z = z[:: basis.stride, :: basis.stride]
    strength = np.abs(z).ravel() / (float(np.abs(z).sum()) + 1e-300)
    flat = np.angle(z * np.exp(-1j * thin.sum(start))).ravel()
    x = np.zeros(len(start))
    x[0] = _commonest(flat, strength)
    while scale > grain:
        gap = wrapped(flat - _applied(terms, x))
        x = x + _least_squares(terms, gap, strength / (1 + (gap / scale) ** 2) ** 2)
        scale *= _NARROWING
    gap = wrapped(flat - _applied(terms, x))
    return start + x, _flat_rim(gap, strength, thin, grain)


def rim_flatness(z: np.ndarray, basis: Polynomials, coefficients: np.ndarray, grain: float) -> float:
    """The part of the light near the frame's edges, 0 to 1, whose phase a polynomial leaves within a grain of zero.

    Args:
        z: complex (p, q), the wave.
        basis: on the grid of ``z``.
        coefficients: of the polynomial.
        grain: of the background, radians.
    """
    thin = basis.thinned()
    z = z[:: basis.stride, :: basis.stride]
    strength = np.abs(z).ravel() / (float(np.abs(z).sum()) + 1e-300)
    return _flat_rim(np.angle(z * np.exp(-1j * thin.sum(coefficients))).ravel(), strength, thin, grain)


def _flat_rim(gap: np.ndarray, strength: np.ndarray, thin: Polynomials, grain: float) -> float:
    rim = strength * thin.near_edges().ravel()
    return float(np.sum(rim / (1 + (gap / (2 * grain)) ** 2) ** 2) / (float(rim.sum()) + 1e-300))


def _commonest(angles: np.ndarray, weights: np.ndarray) -> float:
    """The angle where a circular histogram, smoothed over five bins, is highest."""
    counts, edges = np.histogram(angles, _BINS, (-math.pi, math.pi), weights=weights)
    smooth = sum(np.roll(counts, shift) for shift in range(-2, 3))
    return float(edges[int(np.argmax(smooth))] + math.pi / _BINS)


def refine_background(
    phase: np.ndarray, strength: np.ndarray, basis: Polynomials, spread: float
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients to take off an unwrapped phase that lies about zero on the background, and that background, bool.

    What rises above the grain, and a rim of two pixels around it, is object.
    """
    from scipy.ndimage import binary_dilation, binary_opening

    thin = (slice(None, None, basis.stride),) * 2
    terms = basis.thinned().flat_terms
    total, limit = np.zeros(len(basis.orders)), 4 * spread
    for _ in range(3):
        gap = phase - basis.sum(total)
        free = ~binary_dilation(binary_opening(np.abs(gap) > limit), iterations=2)
        inside = free[thin].ravel()
        if inside.sum() < 2 * len(total):
            return total, np.abs(gap) <= limit
        total = total + _robust(
            np.ascontiguousarray(terms[:, inside]), gap[thin].ravel()[inside], strength[thin].ravel()[inside], steps=4
        )
    return total, np.asarray(free)
