"""Simulated three-dimensional crystals for Bragg coherent diffraction imaging."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.core import Dataset, Problem, Rng, Split, register, setting

from ._crystals import dislocation_phase, domain_phases, inside_polyhedron, pixel_axes, scale_to, smooth_field
from ._simulated import make_problem, radians


@register(
    "crystal3d",
    task="far-field",
    cite="Zhuang, Yang, Hofmann, Barmherzig, Sun (2022), arXiv:2211.00799; Hirth, Lothe, Theory of Dislocations (1982)",
    tags=("simulated",),
)
@dataclass(frozen=True)
class Crystal3D(Dataset):
    """A convex polyhedral crystal of magnitude 1, its phase a smooth random field or domains, and straight edge dislocations.

    The object is complex64 (size, size, size), the detector twice as large in every axis. Polyhedra are hulls of random points in
    a box of 110/128 of the side; numbers of points and correlation length are a choice.
    """

    size: int = setting(64, valid="[8, 256]", range=(32, 128), doc="side of the object; half the detector's", unit="px")
    dislocations: int = setting(0, valid="[0, 100]", range=(0, 4), doc="number of straight edge dislocations")
    domains: int = setting(0, valid="[0, 10000]", range=(0, 12), doc="Voronoi domains of constant phase; 0: smooth phase")
    strength: float = setting(0.9, valid="[0, 100]", range=(0, 4), doc="phase runs from minus to plus this", unit="pi")
    photons: float | None = setting(
        None, valid="(0, 1e15]", range=(0.1, 1e3), log=True, doc="mean photons per pixel; none: no noise"
    )
    beamstop: float = setting(0, valid="[0, inf)", range=(0, 8), doc="radius of the ball hidden around zero frequency", unit="px")

    example: ClassVar[dict[str, object]] = {"size": 16}

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Draw crystal ``index``."""
        of_shape, of_field, of_domains, of_dislocations, of_noise = self.streams(5, index, seed, split)
        inside = inside_polyhedron(of_shape, self.size)
        axes = np.meshgrid(*[pixel_axes(self.size)] * 3, indexing="ij")
        limit = radians(self.strength)
        if self.domains:
            phase = domain_phases(of_domains, [axis.ravel() for axis in axes], self.domains, limit, inside.shape)
        else:
            phase = scale_to(smooth_field(of_field, self.size, 3), inside, limit)
        phase = phase + _dislocation_lines(of_dislocations, np.stack(axes), inside, self.dislocations)
        return make_problem(self, (index, seed, split), inside * np.exp(1j * phase), inside, of_noise)


def _dislocation_lines(rng: Rng, coordinates: np.ndarray, inside: np.ndarray, count: int) -> np.ndarray:
    """Phase of ``count`` straight edge dislocations through random positions of the crystal, parallel to one random direction.

    Args:
        rng: source of randomness.
        coordinates: coordinates of every pixel, (3, n, n, n).
        inside: bool (n, n, n).
        count: number of lines.
    """
    frame, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    rows, columns = np.tensordot(frame[:, :2].T, coordinates, axes=1)
    phase = np.zeros(inside.shape)
    crystal = np.flatnonzero(inside)
    for _ in range(count):
        core = rng.choice(crystal)
        angle = rng.uniform(0, 2 * np.pi)
        slant = rng.uniform(-np.pi / 4, np.pi / 4)
        phase += dislocation_phase(rows - rows.flat[core] - 1e-6, columns - columns.flat[core] - 1e-6, angle, slant)
    return phase
