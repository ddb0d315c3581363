"""Generalised proximal smoothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from prbench.backend import Array
from prbench.core import register, setting
from prbench.tasks.far_field import FarField

from ._batch import BatchSolver, BatchState, gaussian_filter, pull_modulus


@dataclass
class DualState(BatchState):
    """Primal spectra and dual fields.

    Attributes:
        z: spectra, complex (starts, *shape).
        dual: transforms of the dual fields, which live where the constraints do not keep the object; complex (starts, *shape).
    """

    z: Array
    dual: Array


@register(
    "gps",
    task="far-field",
    cite="Pham, Yin, Rana, Osher, Miao, Opt. Express 27 (2019) 2792, doi:10.1364/OE.27.002792",
    tags=("classical",),
)
@dataclass(frozen=True)
class GeneralizedProximalSmoothing(BatchSolver[DualState]):
    """A primal-dual method in which both constraints are relaxed: the moduli by least squares, the support by smoothing.

    ``z' = prox(z - t F u)`` with the proximal operator of ``| |z| - sqrt(Y) |^2 / (2 sigma)``, then
    ``u' = Q S (u + s F^-1 (2 z' - z))`` with the smoothing S by a Gaussian filter and the projection Q on what the object's
    constraints refuse. The filter narrows over ten stages as in ``oss``. A step costs two FFTs.
    """

    iterations: int = setting(1000, valid="[1, inf)", range=(100, 10_000), log=True, doc="steps")
    primal_step: float = setting(1.0, valid="(0, 10]", range=(0.5, 1.5), doc="t")
    dual_step: float = setting(0.9, valid="(0, 10]", range=(0.5, 1.0), doc="s; t s must be at most 1")
    relaxation: float = setting(0.01, valid="[0, 10]", range=(0, 1), doc="sigma of the moduli; 0 takes them as measured")
    stages: int = setting(10, valid="[1, 1000]", range=(5, 20), doc="filters, each narrower than the last")

    example: ClassVar[dict[str, object]] = {"iterations": 100}

    def begin(self, y: FarField, g: Array, known: dict[str, Any]) -> DualState:
        """The spectra of the fields, and duals of zero."""
        return DualState(z=y.transform(g), dual=y.backend.xp.zeros_like(g), **known)

    def fields(self, y: FarField, s: DualState) -> Array:
        """The objects of the primal spectra."""
        return y.inverse(s.z)

    def move(self, y: FarField, s: DualState) -> None:
        """A proximal step of the spectra, then one of the duals."""
        t, stage = self.primal_step, s.k // -(-self.iterations // self.stages)
        z = pull_modulus(y, s.z - t * s.dual, t / (t + self.relaxation))
        ahead = s.dual + self.dual_step * (2 * z - s.z)
        u = y.inverse(ahead * gaussian_filter(y, _WIDEST * (1 - stage / self.stages)))
        s.dual, s.z = y.transform(_refused(y, s, u)), z


_WIDEST = 2.0
"""Width of the first filter in cycles per pixel, four times Nyquist."""


def _refused(y: FarField, s: DualState, u: Array) -> Array:
    """What the constraints do not keep of fields u: the projection on the polar of their set."""
    return u - (u.real + 0j if y.real else u) * s.constraints.mask(u, s.support)
