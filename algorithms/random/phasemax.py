"""PhaseMax, convex phase retrieval without lifting."""

from __future__ import annotations

from dataclasses import dataclass

from prbench.core import register

from ._linear_programme import LinearProgramme


@register(
    "phasemax",
    task="random",
    cite="Goldstein, Studer, IEEE Trans. Inf. Theory 64 (2018) 2675, doi:10.1109/TIT.2018.2800768",
    tags=("classical",),
)
@dataclass(frozen=True)
class PhaseMax(LinearProgramme):
    """The object nearest in direction to the spectral start among those whose moduli do not exceed the measured ones.

    A convex programme without lifting: complex Gaussian rows give the object where there are more than ``4 n / a`` of them, a
    being 1 minus the start's angle to the object over pi/2.
    """
