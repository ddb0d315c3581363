"""Synthetic radiographs of castings, welds and solids with voids, as phase objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from prbench.core import Problem, Provenance, Split, register, setting

from ._castings import KINDS, radiograph
from ._simulated import PictureOfPhase


@register(
    "radiograph",
    task="near-field",
    cite=(
        "Osorio Quero, Leykam, Rondon Ojeda (2024), arXiv:2404.06657; the radiographs drawn by prbench in the manner of "
        "Mery et al., J. Nondestruct. Eval. 34 (2015) 42, doi:10.1007/s10921-015-0315-7"
    ),
    tags=("simulated",),
)
@dataclass(frozen=True)
class Radiograph(PictureOfPhase):
    """A phase object (size, size) whose phase is the brightness of a radiograph drawn at random, and its intensity at a distance.

    Castings have steps, ribs, bosses, bores, gas pores and shrinkage; welds a rippled bead with pores, slag and a crack; solids
    are balls, rods and bricks with voids. Every index, seed and split is another object, the same at every size and noise.
    """

    kind: Literal["mixed", "casting", "weld", "voids"] = setting("mixed", doc="what is radiographed; mixed takes them in turn")

    example: ClassVar[dict[str, object]] = {"size": 48, "distance_m": 3e-3, "padding": 16}

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Draw object ``index``."""
        of_object, of_noise = self.streams(2, index, seed, split)
        kind = tuple(KINDS)[index % len(KINDS)] if self.kind == "mixed" else self.kind
        return self.problem_of(
            radiograph(kind, self.size, of_object),
            (index, seed, split),
            of_noise,
            name=f"{self.plugin_name}-{kind}",
            provenance=Provenance(source="simulated by prbench, dataset radiograph", licence="BSD-3-Clause"),
        )
