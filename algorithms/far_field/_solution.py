"""When a search has found the object: the published criterion for objects of a known number of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prbench.backend import Array
from prbench.tasks.far_field import FarField

from ._state import ProjectionState


@dataclass(frozen=True)
class PowerGoal:
    """A start has found the object once the pixels that the constraints keep hold more than this share of the power.

    The power is that of the modulus projection; all of it is the measured power and that of the projection's own mean over the
    pixels kept, as zero frequency is not measured in the published problems (Elser, Lan, Bendory, SIAM J. Imaging Sci. 11 (2018)
    2429, doi:10.1137/18M1170364). It holds for measurements with a known number of pixels and no support, where no pixel but zero
    frequency is unmeasured.
    """

    share: float

    @staticmethod
    def applies(y: FarField) -> bool:
        """Whether a measurement has what the criterion needs."""
        return y.support_size is not None and y.support is None

    def reached(self, s: ProjectionState) -> int | None:
        """The first row of a batch that has reached it in the last step; None where none has."""
        assert s.inside is not None
        shares = power_shares(s.y, s.p, s.inside)
        rows = np.flatnonzero(shares > self.share)
        return int(rows[0]) if rows.size else None


def power_shares(y: FarField, p: Array, inside: Array) -> np.ndarray:
    """Share of the power of each modulus projection that some of its pixels hold, float64 (rows,).

    Args:
        y: the measurement.
        p: complex (rows, *shape), fields with the measured moduli.
        inside: bool (rows, *shape), the pixels.
    """
    xp, pixels = y.backend.xp, float(np.prod(y.shape))
    kept = [field.real[where] for field, where in zip(p, inside, strict=True)]  # a tenth of the pixels, or fewer
    sums = xp.stack([xp.stack([xp.sum(values * values), xp.sum(values)]) for values in kept])
    held, total = np.asarray(y.backend.to_numpy(sums), np.float64).T
    return np.asarray(held / (y.amplitude_norm**2 / pixels + total**2 / pixels))
