"""The state that all projection algorithms share, and the pixels that the object's constraints keep."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prbench.backend import Array
from prbench.core import Rng
from prbench.tasks.far_field import FarField

from ._selection import Choice

if TYPE_CHECKING:
    from ._refinement import Refinement


_CACHE_BYTES = 1 << 21
"""Bytes of one array of a part of the batch; a step touches four."""


@dataclass
class Fields:
    """A batch of starts under way.

    Attributes:
        y: the measurement fitted, which may lack pixels held out of the one given.
        g: iterates, complex (starts, *shape).
        p: their modulus projection of the last step, and work space.
        spectrum: work space for one part of the batch (see :meth:`parts`).
        support: bool (starts, *shape).
        beta: strength of feedback.
        choice: how a start will be chosen.
        rng: source of randomness.
        ancestors: of each start, the random starts that it descends from.
        k: steps done.
        refinement: the refinement that follows the projections, once it has begun.
    """

    y: FarField
    g: Array
    p: Array
    spectrum: Array
    support: Array
    beta: float
    choice: Choice
    rng: Rng
    ancestors: list[frozenset[int]]
    k: int = 0
    refinement: Refinement | None = None

    @classmethod
    def of(cls, y: FarField, g: Array, support: Array, beta: float, choice: Choice, rng: Rng) -> Fields:
        """The state at ``g``, each field its own ancestor."""
        xp = y.backend.xp
        lone = [frozenset((i,)) for i in range(g.shape[0])]
        work = xp.empty_like(g[: _part(y, g)])
        return cls(y, g, xp.asarray(g, copy=True), work, support, beta, choice, rng, lone)

    def parts(self) -> Iterator[Fields]:
        """The batch in parts that stay in a CPU's cache, so that many steps of one part cost no more than their arithmetic.

        A part's arrays are views; what it replaces by others is copied back.
        """
        starts, size = self.g.shape[0], self.spectrum.shape[0]
        if size >= starts:
            yield self
            return
        for low in range(0, starts, size):
            rows = slice(low, min(low + size, starts))
            views = {name: getattr(self, name)[rows] for name in ("g", "p", "support")}
            part = replace(self, spectrum=self.spectrum[: rows.stop - low], **views)
            yield part
            for name in ("g", "p"):
                if getattr(part, name) is not views[name]:
                    getattr(self, name)[rows] = getattr(part, name)


def _part(y: FarField, g: Array) -> int:
    """Starts that advance together: all on a GPU, and on a CPU as many as fit into its cache, one at least."""
    size: int = g.shape[0]
    if y.backend.device != "cpu":
        return size
    return max(1, min(size, _CACHE_BYTES // (math.prod(y.shape) * (8 if y.backend.precision == "single" else 16))))


def kept(y: FarField, x: Array, support: Array) -> Array:
    """Bool, where the constraints keep ``x``: on the support and, for nonnegative objects, where the real part is positive.

    With a known number of pixels and no support, the support is that many of the largest (Elser, Lan, Bendory
    2018, doi:10.1137/18M1170364). Pixels that violate a constraint are treated as outside, as in Fienup 1982.
    """
    if y.support_size is not None and y.support is None:
        return largest(y, x, y.support_size)
    if y.nonnegative:
        return support & (x.real > 0)
    return support


def largest(y: FarField, x: Array, count: int) -> Array:
    """Bool, the ``count`` largest pixels of each field: by the real part where the object is nonnegative, else by the modulus."""
    xp = y.backend.xp
    value = x.real if y.nonnegative else xp.abs(x)
    flat = xp.reshape(value, (value.shape[0], -1))
    threshold = kth_largest(y, flat, count)
    inside = flat >= threshold[:, None]
    if y.nonnegative:
        inside = inside & (flat > 0)
    return xp.reshape(inside, value.shape)


def kth_largest(y: FarField, flat: Array, count: int) -> Array:
    """The ``count``-th largest value of each row."""
    if y.backend.library == "torch":
        return flat.topk(count, dim=1, sorted=True).values[:, -1] if count < 2048 else flat.sort(dim=1).values[:, -count]
    xp = y.backend.xp
    n = flat.shape[1]
    return xp.partition(flat, n - count, axis=1)[:, n - count]


def start(y: FarField, choice: Choice, rng: Rng, starts: int, beta: float, threshold: float | None) -> Fields:
    """Random phases on the amplitudes of ``y``, cut to the first support.

    That is the given one, or the object's frame where it is smaller than the grid, or the autocorrelation's: of these the frame
    is the safest, for where the phase of an object varies much its autocorrelation falls off long before its width.

    Args:
        y: measurement fitted.
        choice: how a start will be chosen.
        rng: source of randomness.
        starts: fields in the batch.
        beta: strength of feedback.
        threshold: use the autocorrelation's support at this fraction of its maximum instead of the frame.
    """
    xp = y.backend.xp
    if y.support is not None:
        support = y.support
    elif threshold is None and y.object_shape != y.shape:
        support = y.pad(xp.ones(y.object_shape, dtype=xp.bool, device=y.intensity.device))
    else:
        support = y.autocorrelation_support(0.04 if threshold is None else threshold)
    g = y.random_start(rng, starts)
    support = support[None] & xp.ones_like(g.real, dtype=xp.bool)
    g = g * support
    if y.real:
        g = g.real + 0j
    return Fields.of(y, g, support, beta, choice, rng)
