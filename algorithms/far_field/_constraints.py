"""What is known of the object besides its pattern, as the pixels that an estimate may keep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prbench.backend import Array, pointwise
from prbench.backend.pointwise import where
from prbench.tasks.far_field import FarField


@pointwise
def cut(p: Array, inside: Array, zero: float) -> Array:
    """``p`` inside, zero outside; ``zero * p`` and not ``zero``, because a branch of another type is not vectorised."""
    return where(inside, p, zero * p)


@dataclass(frozen=True)
class Constraints:
    """The constraints in object space.

    Attributes:
        y: the measurement, for its backend.
        real: whether the object is real.
        nonnegative: whether its real part is not negative.
        size: number of pixels that differ from zero; None where it is unknown, or where a support is given, which says more.
    """

    y: FarField
    real: bool
    nonnegative: bool
    size: int | None

    @classmethod
    def of(cls, y: FarField) -> Constraints:
        """What a measurement says of its object."""
        return cls(y, y.real, y.nonnegative, y.support_size if y.support is None else None)

    @property
    def nonlinear(self) -> bool:
        """Whether the pixels kept depend on the field, and not only on the support."""
        return self.nonnegative or self.size is not None

    def mask(self, x: Array, support: Array) -> Array:
        """Bool, where the constraints keep ``x``: on the support and, for nonnegative objects, where the real part is positive.

        With a known number of pixels and no support, the support is that many of the largest (Elser, Lan, Bendory
        2018, doi:10.1137/18M1170364). Pixels that violate a constraint are treated as outside, as in Fienup 1982.
        """
        if self.size is not None:
            return self.largest(x, self.size)
        if self.nonnegative:
            return support & (x.real > 0)
        return support

    def largest(self, x: Array, count: int) -> Array:
        """Bool, the ``count`` largest pixels of each field: by the real part of nonnegative objects, else by the modulus."""
        xp = self.y.backend.xp
        value = x.real if self.nonnegative else xp.abs(x)
        flat = xp.reshape(value, (value.shape[0], -1))
        threshold = kth_largest(self.y, flat, count)
        inside = flat >= threshold[:, None]
        if self.nonnegative:
            inside = inside & (flat > 0)
        return xp.reshape(inside, value.shape)


def kth_largest(y: FarField, flat: Array, count: int) -> Array:
    """The ``count``-th largest value of each row; on a CPU by numpy's partition: torch's ``topk`` takes eight times as long."""
    at = flat.shape[1] - count
    if y.backend.library == "torch" and y.backend.device == "cpu":
        return y.backend.asarray(np.partition(flat.numpy(), at, axis=1)[:, at])
    if y.backend.library == "torch":
        return flat.topk(count, dim=1, sorted=True).values[:, -1] if count < 2048 else flat.sort(dim=1).values[:, -count]
    return y.backend.xp.partition(flat, at, axis=1)[:, at]
