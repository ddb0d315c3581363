"""Maximum likelihood from a random start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.core import IterativeSolver, Reconstruction, Rng, register, setting
from prbench.tasks.far_field import FarField

from ._fields import start
from ._likelihood import Descent, begin, log_likelihood, refine
from ._pipeline import reconstruction
from ._selection import Choice


@register(
    "ml",
    task="far-field",
    cite="Thibault, Guizar-Sicairos, New J. Phys. 14 (2012) 063004, doi:10.1088/1367-2630/14/6/063004",
    tags=("classical",),
)
@dataclass(frozen=True)
class MaximumLikelihood(IterativeSolver[FarField]):
    """Poisson maximum likelihood by conjugate gradients on the given support, or else the autocorrelation's.

    A descent: it finds the nearest minimum. After a projection pipeline has come near the solution it reaches the noise's own
    limit (``hio-er-ml``); from a random start it shows how many minima there are.
    """

    iterations: int = setting(300, valid="[1, inf)", range=(50, 2000), log=True, doc="conjugate-gradient steps")
    starts: int = setting(1, valid="[1, 4096]", range=(1, 32), log=True, doc="random starts, advanced as one batch")
    autocorrelation: float | None = setting(
        0.04, valid="(0, 1)", range=(0.005, 0.1), log=True, doc="threshold of the autocorrelation's support; none: the frame"
    )
    keep: int = setting(5, valid="[1, inf)", doc="starts returned, best first, for PRTF")

    example: ClassVar[dict[str, object]] = {"iterations": 50}

    def total_iterations(self, y: FarField) -> int:  # noqa: ARG002 - the same for every measurement
        """The setting."""
        return self.iterations

    def init(self, y: FarField, rng: Rng) -> Descent:
        """Random phases on the measured amplitudes, cut to the support."""
        fields = start(y, Choice(y, None), rng, self.starts, 1.0, self.autocorrelation)
        return begin(y, fields.g, fields.support)

    def step(self, y: FarField, d: Descent) -> Descent:
        """One conjugate-gradient step of every start."""
        refine(y, d)
        return d

    def residual(self, y: FarField, d: Descent) -> float:
        """Lowest modulus error among the starts."""
        return float(np.min(y.backend.to_numpy(y.modulus_error(d.x))))

    def estimate(self, y: FarField, d: Descent) -> Reconstruction:
        """The start of highest likelihood."""
        scores = np.asarray(y.backend.to_numpy(log_likelihood(y, d)), dtype=np.float64)
        return reconstruction(y, d.x, d.support, scores, self.keep, [frozenset((i,)) for i in range(self.starts)])
