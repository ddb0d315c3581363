"""Simulated two-dimensional crystals for Bragg coherent diffraction imaging."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from prbench.core import Dataset, Problem, Split, register, setting

from ._crystals import domain_phases, inside_polygon, pixel_axes, polygon, random_dislocations, scale_to, smooth_field
from ._measured import HOLDOUT_DOC, hold_out
from ._simulated import make_problem, radians


@register(
    "crystal2d",
    task="far-field",
    cite="Zhuang, Yang, Hofmann, Barmherzig, Sun (2022), arXiv:2211.00799; Hirth, Lothe, Theory of Dislocations (1982)",
    tags=("simulated",),
)
@dataclass(frozen=True)
class Crystal2D(Dataset):
    """A crystal of magnitude 1 in a polygon, its phase the lattice displacement along the Bragg vector: a smooth random field,
    or domains of constant phase, and edge dislocations.

    The object is complex64 (size, size), the detector (2 size, 2 size). The same problem number has the same crystal at every
    dose and with every beamstop. Polygons come from random points in a box of 110/128 of the side, after the test objects of
    Zhuang et al., arXiv:2211.00799, whose generator is not public: numbers of points and correlation length are a choice.
    """

    size: int = setting(64, valid="[16, 4096]", range=(32, 256), doc="side of the object; half the detector's", unit="px")
    shape: Literal["convex", "nonconvex"] = setting("convex", doc="outline of the crystal")
    dislocations: int = setting(0, valid="[0, 100]", range=(0, 4), doc="number of edge dislocations")
    domains: int = setting(0, valid="[0, 10000]", range=(0, 12), doc="Voronoi domains of constant phase; 0: smooth phase")
    strength: float = setting(0.9, valid="[0, 100]", range=(0, 4), doc="phase runs from minus to plus this", unit="pi")
    photons: float | None = setting(
        None, valid="(0, 1e15]", range=(1, 1e4), log=True, doc="mean photons per pixel; none: no noise"
    )
    beamstop: float = setting(0, valid="[0, inf)", range=(0, 8), doc="radius of the disc hidden around zero frequency", unit="px")

    coherence: float | None = setting(
        None,
        valid="(0, inf)",
        range=(0.3, 2),
        log=True,
        doc="width s of the beam's degree of coherence exp(-r^2/(2 s^2)) in sides of the object; none: full",
    )
    holdout: float = setting(0, valid="[0, 0.5]", doc=HOLDOUT_DOC)

    example: ClassVar[dict[str, object]] = {"size": 32}

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Draw crystal ``index``."""
        of_shape, of_field, of_domains, of_dislocations, of_noise, of_free = self.streams(6, index, seed, split)
        inside = inside_polygon(polygon(of_shape, convex=self.shape == "convex"), self.size)
        rows, columns = np.meshgrid(pixel_axes(self.size), pixel_axes(self.size), indexing="ij")
        limit = radians(self.strength)
        if self.domains:
            phase = domain_phases(of_domains, [rows.ravel(), columns.ravel()], self.domains, limit, inside.shape)
        else:
            phase = scale_to(smooth_field(of_field, self.size, 2), inside, limit)
        phase = phase + random_dislocations(of_dislocations, rows, columns, inside, self.dislocations)
        x = inside * np.exp(1j * phase)
        problem = make_problem(self, (index, seed, split), x, inside, of_noise, coherence=self.coherence)
        return hold_out(problem, self.holdout, of_free)
