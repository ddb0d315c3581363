"""Simulated biological cells: soft edges, varying magnitude, weak scattering."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.core import Dataset, Problem, Rng, Split, register, setting

from ._crystals import pixel_axes, scale_to, smooth_field
from ._simulated import make_problem, radians

_HARMONICS = 4


@register(
    "cell2d",
    task="far-field",
    cite="after the weakly scattering specimens of Zhuang, Yang, Hofmann, Barmherzig, Sun (2022), arXiv:2211.00799",
    tags=("simulated",),
)
@dataclass(frozen=True)
class Cell2D(Dataset):
    """A rounded cell with nucleus and granules: thickest in the middle, fading to zero over a soft edge.

    The object is complex64 (size, size), the detector (2 size, 2 size). The magnitude is the projected thickness, in [0, 1]; the
    phase runs from 0 to ``strength`` pi, at most pi/2, so that the real part is nonnegative, which the measurement tells
    the solver. The drawing of the cell is a choice.
    """

    size: int = setting(64, valid="[16, 4096]", range=(32, 256), doc="side of the object; half the detector's", unit="px")
    granules: int = setting(12, valid="[0, 1000]", range=(0, 40), doc="number of granules")
    edge: float = setting(0.5, valid="(0, 1]", range=(0.05, 1.0), doc="width of the soft edge as a fraction of the radius")
    strength: float = setting(0.25, valid="[0, 0.5]", range=(0, 0.5), doc="phase runs from 0 to this", unit="pi")
    photons: float | None = setting(
        None, valid="(0, 1e15]", range=(1, 1e4), log=True, doc="mean photons per pixel; none: no noise"
    )
    beamstop: float = setting(0, valid="[0, inf)", range=(0, 8), doc="radius of the disc hidden around zero frequency", unit="px")

    example: ClassVar[dict[str, object]] = {"size": 32}

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Draw cell number ``index``."""
        of_shape, of_inside, of_phase, of_noise = self.streams(4, index, seed, split)
        rows, columns = np.meshgrid(pixel_axes(self.size), pixel_axes(self.size), indexing="ij")
        depth = _depth(of_shape, rows, columns)
        inside = depth > 0
        rise = np.clip(depth / self.edge, 0, 1)
        soft = rise**2 * (3 - 2 * rise)
        magnitude = soft * _thickness(of_inside, rows, columns, depth, self.granules)
        magnitude /= magnitude.max()
        share = (scale_to(smooth_field(of_phase, self.size, 2), inside, 1.0) + 1) / 2
        phase = radians(self.strength) * share * magnitude
        return make_problem(self, (index, seed, split), magnitude * np.exp(1j * phase), inside, of_noise, nonnegative=True)


def _depth(rng: Rng, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Depth below the membrane as a fraction of the local radius: 1 at the centre, 0 on the outline, negative outside."""
    angle, radius = np.arctan2(rows, columns), np.hypot(rows, columns)
    outline = np.full(rows.shape, rng.uniform(0.28, 0.36))
    orientation = rng.uniform(0, math.pi)
    outline /= np.sqrt(1 - rng.uniform(0, 0.45) * np.cos(angle - orientation) ** 2)
    for k in range(2, 2 + _HARMONICS):
        outline *= 1 + rng.normal(scale=0.12 / k) * np.cos(k * angle + rng.uniform(0, 2 * math.pi))
    return np.asarray(1 - radius / np.minimum(outline, 0.46))


def _thickness(rng: Rng, rows: np.ndarray, columns: np.ndarray, depth: np.ndarray, granules: int) -> np.ndarray:
    """A dome with a nucleus and granules, positive inside."""
    dome = 0.5 + 0.5 * np.sqrt(np.clip(1 - (1 - depth) ** 2, 0, 1))

    def blob(reach: float, width: tuple[float, float]) -> np.ndarray:
        distance, direction = reach * math.sqrt(rng.uniform()), rng.uniform(0, 2 * math.pi)
        r, c = distance * math.sin(direction), distance * math.cos(direction)
        return np.exp(-((rows - r) ** 2 + (columns - c) ** 2) / (2 * rng.uniform(*width) ** 2))

    thickness = dome * (1 + 0.6 * blob(0.1, (0.06, 0.1)))
    for _ in range(granules):
        thickness *= 1 + rng.uniform(-0.35, 0.6) * blob(0.28, (0.012, 0.04))
    return np.asarray(thickness)
