"""Oversampling smoothness."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from prbench.backend import Array
from prbench.core import register, setting
from prbench.tasks.far_field import FarField

from ._batch import BatchSolver, BatchState, gaussian_filter, pull_modulus
from ._updates import relax

_WIDEST = 2.0
"""Width of the first filter in cycles per pixel, four times Nyquist."""


@dataclass
class SmoothnessState(BatchState):
    """HIO under a filter, with the best iterate of the stage.

    Attributes:
        g: iterates, complex (starts, *shape).
        p: their modulus projection of the last step.
        best: iterates of the smallest error in this stage.
        error: that error, relative, real (starts, 1, ...); infinite where a stage begins.
    """

    g: Array
    p: Array
    best: Array
    error: Array


@register(
    "oss",
    task="far-field",
    cite="Rodriguez, Xu, Chen, Zou, Miao, J. Appl. Cryst. 46 (2013) 312, doi:10.1107/S0021889813002471",
    tags=("classical",),
)
@dataclass(frozen=True)
class OversamplingSmoothness(BatchSolver[SmoothnessState]):
    """HIO whose density outside the support is smoothed, more and more: noise has no smooth density there to hide in.

    The run has ``stages`` of equal length. Outside the support each step multiplies the spectrum by ``exp(-(f/a)^2 / 2)``, f in
    cycles per pixel; a falls linearly from 2, where it changes little, to 2 over the number of stages. Each stage starts from the
    iterate of the last one that explained the measurement best. A step costs four FFTs.
    """

    iterations: int = setting(2000, valid="[1, inf)", range=(500, 10_000), log=True, doc="steps")
    beta: float = setting(0.9, valid="(0, 2]", range=(0.5, 1.0), doc="strength of the feedback")
    stages: int = setting(10, valid="[1, 1000]", range=(5, 20), doc="filters, each narrower than the last")

    example: ClassVar[dict[str, object]] = {"iterations": 100}

    def begin(self, y: FarField, g: Array, known: dict[str, Any]) -> SmoothnessState:
        """No best iterate yet."""
        xp = y.backend.xp
        none = xp.full((g.shape[0],) + (1,) * y.ndim, math.inf, dtype=y.backend.real, device=g.device)
        return SmoothnessState(g=g, p=xp.asarray(g, copy=True), best=xp.asarray(g, copy=True), error=none, **known)

    def fields(self, y: FarField, s: SmoothnessState) -> Array:  # noqa: ARG002 - the contract
        """The last modulus projection."""
        return s.p

    def move(self, y: FarField, s: SmoothnessState) -> None:
        """A step of HIO, and the filter outside the support."""
        xp = y.backend.xp
        stage, within = divmod(s.k, -(-self.iterations // self.stages))
        if within == 0 and stage:
            s.g, s.error = s.best, xp.full_like(s.error, math.inf)
        G = y.transform(s.g)
        _remember(y, s, G)
        s.p = y.inverse(pull_modulus(y, G, 1.0))
        if y.real:
            s.p = s.p.real + 0j
        s.g = relax(s.g, s.p, s.constraints.mask(s.p, s.support), 1.0, -self.beta, out=s.g)
        smooth = y.inverse(y.transform(s.g) * gaussian_filter(y, _WIDEST * (1 - stage / self.stages)))
        s.g = xp.where(s.support, s.g, smooth)


def _remember(y: FarField, s: SmoothnessState, G: Array) -> None:
    """Keep the iterates, with their spectra G, that explain the moduli better than all others of the stage."""
    xp, axes = y.backend.xp, tuple(range(1, y.ndim + 1))
    gap = xp.where(y.measured, xp.abs(G) - y.amplitude, xp.zeros_like(y.amplitude))
    error = xp.sqrt(xp.sum(gap * gap, axis=axes, keepdims=True)) / y.amplitude_norm
    better = error < s.error
    s.best, s.error = xp.where(better, s.g, s.best), xp.where(better, error, s.error)
