"""Spectral starts: the leading eigenvector of ``A* diag(T(Y)) A``, which points towards the object."""

from __future__ import annotations

import math
from collections.abc import Callable

from prbench.backend import Array
from prbench.core import Rng
from prbench.tasks.random import RandomLinear

POWER_ITERATIONS = 60
"""Enough for the eigenvector of a gap of a tenth to settle to a per cent; a gradient method needs no more."""


def plain(y: RandomLinear, Y: Array) -> Array:  # noqa: ARG001 - one signature for all
    """``T = Y`` (Netrapalli, Jain, Sanghavi, IEEE Trans. Signal Process. 63 (2015) 4814; Candès, Li, Soltanolkotabi 2015)."""
    return Y


def truncated(y: RandomLinear, Y: Array) -> Array:
    """``Y`` up to 9 times its mean, 0 beyond (Chen and Candès, Commun. Pure Appl. Math. 70 (2017) 822, alpha_y = 3)."""
    xp = y.backend.xp
    return xp.where(Y <= 9, Y, xp.zeros_like(Y))


def orthogonality(y: RandomLinear, Y: Array) -> Array:
    """1 for the sixth of the rows that are most aligned with X, 0 for others: the rows that are nearly orthogonal to X tell where
    it is not (Wang, Giannakis, Eldar, IEEE Trans. Inf. Theory 64 (2018) 773, doi:10.1109/TIT.2017.2756858).
    """
    return _largest(y, Y, 1 / 6, y.backend.xp.ones_like)


def weighted(y: RandomLinear, Y: Array) -> Array:
    """``Y^(1/4)`` for the largest 3/13 of the rows (Wang, Giannakis, Saad, Chen, IEEE Trans. Signal Process. 66 (2018) 2818,
    doi:10.1109/TSP.2018.2818077: moduli to the power 1/2).
    """
    return _largest(y, Y, 3 / 13, lambda values: y.backend.xp.sqrt(y.backend.xp.sqrt(values)))


def optimal(y: RandomLinear, Y: Array) -> Array:
    """``(Y - 1) / (Y + sqrt(m/n) - 1)``, which points best of all functions of Y, for complex Gaussian rows (Luo, Alghamdi, Lu,
    IEEE Trans. Signal Process. 67 (2019) 2347, doi:10.1109/TSP.2019.2904918).
    """
    # At m = n the formula has a pole at Y = 0.
    return (Y - 1) / (Y + max(math.sqrt(y.ratio), 1.05) - 1)


RANDOM = "random"
"""The start that knows nothing but the norm: complex normal numbers, real ones where the object is real."""

POSITIVE = "positive"
"""The start that knows the norm, and that the object is real and nonnegative: moduli of normal numbers."""

STARTS: dict[str, Callable[[RandomLinear, Array], Array]] = {
    "optimal": optimal,
    "weighted": weighted,
    "orthogonality": orthogonality,
    "truncated": truncated,
    "plain": plain,
}
"""Preprocessing functions by name; each takes intensities divided by their mean and returns a weight for each row."""


def first_guess(y: RandomLinear, rng: Rng, start: str, iterations: int) -> Array:
    """The start of a name in :data:`STARTS`, :data:`RANDOM` or :data:`POSITIVE`: (1, *object_shape).

    It has the norm that the intensities tell.
    """
    if start not in (RANDOM, POSITIVE):
        return spectral_start(y, rng, start, iterations)
    x = _noise(y, rng)
    if start == POSITIVE:
        x = y.constrain(y.backend.xp.abs(x))
    return x * (y.amplitude_norm / math.sqrt(y.power) / float(y.backend.xp.linalg.vector_norm(x)))


def _noise(y: RandomLinear, rng: Rng) -> Array:
    noise = rng.standard_normal((2, 1, *y.object_shape))
    return y.constrain(y.backend.asarray(noise[0] + 1j * noise[1]))


def spectral_start(y: RandomLinear, rng: Rng, preprocess: str, iterations: int = POWER_ITERATIONS) -> Array:
    """The start of a name in :data:`STARTS`, with the norm that the intensities tell: (1, *object_shape).

    Power iteration on the matrix shifted so that its negative eigenvalues, where weights are negative, do not lead.
    """
    xp = y.backend.xp
    measured = y.amplitude >= 0
    mean = float(xp.sum(y.intensity, dtype=xp.float64)) / y.values
    weights = xp.where(measured, STARTS[preprocess](y, y.intensity / mean), xp.zeros_like(y.intensity))
    # A* diag(T) A is near power times a matrix whose spectrum lies above the least weight.
    shift = max(0.0, -float(xp.min(weights))) * y.power
    x = _noise(y, rng)
    for _ in range(iterations):
        x = y.constrain(y.adjoint(weights * y.apply(x)) + shift * x)
        x = x / xp.sqrt(xp.sum(xp.abs(x) ** 2))
    return x * (y.amplitude_norm / math.sqrt(y.power))


def _largest(y: RandomLinear, Y: Array, fraction: float, of: Callable[[Array], Array]) -> Array:
    """``of`` the measured values among the largest ``fraction``, zero elsewhere."""
    xp = y.backend.xp
    ordered = xp.sort(xp.reshape(Y, (-1,)))
    count = max(1, int(fraction * y.values))
    return xp.where(ordered[-count] <= Y, of(Y), xp.zeros_like(Y))
