"""PhaseLamp, PhaseMax repeated towards its own answer."""

from __future__ import annotations

from dataclasses import dataclass

from prbench.core import register, setting
from prbench.tasks.random import RandomLinear

from ._linear_programme import LinearProgramme, ProgrammeFlow, unit


@register(
    "phaselamp",
    task="random",
    cite="Dhifallah, Thrampoulidis, Lu, Allerton Conference 2017, doi:10.1109/ALLERTON.2017.8262856, arXiv:1710.05234",
    tags=("classical",),
)
@dataclass(frozen=True)
class PhaseLamp(LinearProgramme):
    """PhaseMax again and again, each time towards the object that the last programme gave, so that fewer rows are enough."""

    rounds_every: int = setting(100, valid="[1, inf)", range=(20, 500), log=True, doc="steps of one programme")

    def renew(self, y: RandomLinear, state: ProgrammeFlow) -> None:
        """The last object as the anchor, where a programme ends."""
        if state.steps and state.steps % self.rounds_every == 0:
            state.anchor = unit(y, state.x)
