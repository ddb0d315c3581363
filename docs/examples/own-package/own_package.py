"""A package of one's own: a solver, a dataset and a metric for the task far-field."""

from dataclasses import dataclass

import numpy as np

from prbench.core import COMPLEX_OBJECT, Dataset, DirectSolver, Problem, Provenance, Reconstruction, metric, register, setting
from prbench.tasks.far_field import FarField


@register("own-solver", task="far-field", cite="nobody, doi:10.0/0", tags=("classical",))
@dataclass(frozen=True)
class OwnSolver(DirectSolver[FarField]):
    """A constant wherever the object may be."""

    value: float = setting(1.0, valid="(0, inf)", doc="the constant")

    def solve(self, y, rng):
        """Return the constant; a real solver reads ``y.intensity`` here."""
        xp = y.backend.xp
        return Reconstruction(object=self.value * xp.ones(y.object_shape, dtype=y.backend.complex))


@register("own-data", task="far-field", cite="nobody, doi:10.0/0", tags=("simulated",))
@dataclass(frozen=True)
class OwnData(Dataset):
    """A bright rectangle; sample ``index`` has the magnitude ``1 + index``."""

    side: int = setting(6, valid="[2, 12]", doc="side of the rectangle", unit="px")

    def make(self, index, seed, split):
        """Build the object, its pattern and the problem."""
        x = np.zeros((16, 16), complex)
        x[2 : 2 + self.side, 3 : 3 + self.side] = 1 + index
        pattern = np.abs(np.fft.fftshift(np.fft.fft2(x, (32, 32)))) ** 2  # zero frequency in the middle
        return Problem(
            measurement=FarField(pattern),
            truth=Reconstruction(object=x),
            id=f"{split}-{index}",
            split=split,
            provenance=Provenance("simulated", "CC0"),
        )


@metric(
    "own_metric",
    better="lower",
    answers=(COMPLEX_OBJECT,),
    header="largest",
    meaning="largest magnitude",
    needs="measurement",
)
def own_metric(case):
    """The largest magnitude of the object."""
    return float(np.abs(case.reconstruction.object).max())
