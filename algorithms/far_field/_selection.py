"""Choosing among starts without the truth: by pixels that the fit did not see, or by the residual of those it did."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from prbench.backend import Array
from prbench.core import Rng
from prbench.physics.free_pixels import free_pixel_islands
from prbench.tasks.far_field import FarField
from prbench.tasks.far_field.coherence import Coherence

_BATCH_PIXELS = 1 << 18
"""Pixels of fields that are scored at once: any batch in two dimensions, one field after another in three."""


@dataclass
class Choice:
    """What a run keeps in order to choose.

    Attributes:
        y: the whole measurement.
        held_out: bool (*shape), zero frequency first, pixels that the fit does not see; None where it sees all.
        scores: one number per start, lower is better, once known.
    """

    y: FarField
    held_out: Array | None
    scores: np.ndarray = field(default_factory=lambda: np.empty(0))


def hold_out(y: FarField, fraction: float, rng: Rng) -> tuple[FarField, Array | None]:
    """The measurement without a fraction of its pixels, in islands away from the centre, and where those are."""
    if fraction == 0:
        return y, None
    backend = y.backend
    measured = np.ones(y.shape, bool) if y.mask is None else backend.to_numpy(y.mask).astype(bool)
    free = backend.asarray(free_pixel_islands(measured, fraction, rng))
    return y.without(free), y.to_fft_order(free)


def score(choice: Choice, objects: Array, coherence: Coherence | None = None) -> np.ndarray:
    """One number per field, lower is better.

    On held-out pixels this is the Poisson log-likelihood of the counts, relative to a perfect model and a pixel (Favre-Nicolin,
    Leake, Chushkin 2020, doi:10.1038/s41598-020-57561-2); without any it is the relative modulus error of all measured pixels.

    Args:
        choice: measurement and held-out pixels.
        objects: complex (B, *shape) on the detector's grid.
        coherence: of the beam; None: full.
    """
    return score_rows(choice, objects.__getitem__, objects.shape[0], coherence)


def score_rows(choice: Choice, objects: Callable[[slice], Array], count: int, coherence: Coherence | None = None) -> np.ndarray:
    """As :func:`score`, of fields that need not all be there at the same time.

    Args:
        choice: measurement and held-out pixels.
        objects: gives the fields of some rows, complex (rows, *shape).
        count: number of fields.
        coherence: of the beam; None: full.
    """
    size = max(1, _BATCH_PIXELS // math.prod(choice.y.shape))
    parts = [_scored(choice, objects(slice(low, min(low + size, count))), coherence) for low in range(0, count, size)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _scored(choice: Choice, objects: Array, coherence: Coherence | None) -> np.ndarray:
    """The scores of a part of the batch, so that what is computed on the way takes little memory beside the batch."""
    y = choice.y
    if choice.held_out is None:
        return np.asarray(y.backend.to_numpy(y.modulus_error(objects, coherence)), dtype=np.float64)
    xp = y.backend.xp
    gain = y.gain or 1.0
    counts = (y.amplitude**2 / gain)[choice.held_out]
    intensity = y.expected(y.transform(objects), coherence)
    expected = xp.stack([one[choice.held_out] / gain for one in intensity])
    floor = 1e-3 + 0 * expected
    expected = xp.maximum(expected, floor)
    logarithm = xp.where(counts > 0, counts * xp.log(xp.maximum(counts, floor[0]) / expected), 0 * expected)
    return np.asarray(y.backend.to_numpy(xp.mean(expected - counts + logarithm, axis=1)), dtype=np.float64)


def by_score(scores: np.ndarray) -> list[int]:
    """Numbers of the starts, best first; scores that are not finite come last."""
    return [int(i) for i in np.argsort(np.where(np.isfinite(scores), scores, np.inf), kind="stable")]


def acceptable(scores: np.ndarray, reject: float | None) -> list[int]:
    """Numbers of the starts whose score is at most ``reject`` times the best one's, best first; all of them where None."""
    order = by_score(scores)
    return [i for i in order if reject is None or i == order[0] or scores[i] <= reject * scores[order[0]]]
