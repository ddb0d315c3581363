"""Generated and measured cells in the fringes of two holographic microscopes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from prbench.core import Dataset, Problem, Provenance, Reconstruction, Rng, Split, register, setting
from prbench.core.data_files import DataFile
from prbench.errors import UsageError
from prbench.tasks.off_axis import Hologram

from . import _hl60
from ._cells import DRAW, draw_cell, field
from ._optics import MARGIN_PX, SYSTEMS, Microscope, camera_frame, fringes, image_of, interfere, nuisances

KINDS = tuple(DRAW)

_TILE_PX = 256
"""Side of a frame that holds one cell, cluster or smear."""


@register(
    "offaxis-cells",
    task="off-axis",
    cite=(
        "after Shu, Niu, Zhang, Luo, Zhou, arXiv:2210.14231; "
        "measured cell: Müller, Schürmann, Guck, BMC Bioinformatics 16 (2015) 367, doi:10.1186/s12859-015-0764-0"
    ),
    tags=("simulated",),
)
@dataclass(frozen=True)
class OffAxisCells(Dataset):
    """Off-axis holograms of cells, ``size`` x ``size`` pixels: one kind after the other, in every sample another cell.

    Kinds: a cell in suspension with nucleus, nucleoli and granules; an adherent cell with fibres; a dividing one; red blood
    cells; a cluster with debris. Phases reach 2 to 8 rad. ``hl60`` places views of one measured cell instead, rotated at random;
    as they are all of one cell they belong to one split, ``test``.

    The object's wave is cut off by the aperture; the truth is its phase behind it, unwrapped, without the aberrations, zero far
    from the cell; ``truth.aux`` has offset, modulation, aberration and carrier of the fringes. Frames under 256 pixels show
    smaller cells, thinner as well; larger ones show more of them. The two systems differ in wavelength, magnification, fringes
    and aberrations. Noise of photons and of reading out is added; the same cells are drawn at every noise and in both systems.
    """

    size: int = setting(256, valid="[64, 4096]", range=(128, 2048), log=True, doc="side of the frame", unit="px")
    kind: Literal["generated", "spheroid", "spread", "dividing", "red-blood", "cluster", "hl60"] = setting(
        "generated", doc="of cells; generated: all kinds but hl60 in turn"
    )
    system: int = setting(1, valid="[1, 2]", doc="the microscope")
    photons: float | None = setting(
        5000, valid="(0, 1e9]", range=(50, 20000), log=True, doc="mean photons per pixel; none: no noise at all"
    )
    read_noise: float = setting(
        4, valid="[0, 1000]", range=(0, 30), doc="of the camera, where there are photons", unit="electrons"
    )
    aberration: float = setting(
        1, valid="[0, 5]", range=(0, 2), doc="factor of defocus, astigmatism, coma and spherical aberration"
    )
    drift: float = setting(0.5, valid="[0, 3]", range=(0, 2), doc="fringes at most that a recording gains or loses along a side")
    absorption: float = setting(0.01, valid="[0, 0.2]", doc="loss of the amplitude per radian of phase")
    background: bool = setting(False, doc="whether a hologram without the cell comes with it")

    example: ClassVar[dict[str, object]] = {"size": 128}
    files: ClassVar[tuple[DataFile, ...]] = (_hl60.VIEWS,)

    @property
    def samples(self) -> int | None:
        """As many as there are views of the measured cell; generated ones without end."""
        return _hl60.COUNT if self.kind == "hl60" else None

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Draw the cells, image them, and record the fringes.

        Raises:
            UsageError: for views of the measured cell in another split than ``test``.
            DataNotFound: where these are not on this machine.
        """
        if self.kind == "hl60" and split != "test":
            raise UsageError(f"{self.plugin_name}: all views are of one cell, which is kept for split test; asked for {split}")
        of_cells, of_optics, of_noise, of_empty = self.streams(4, index, seed, split)
        optics = SYSTEMS[self.system]
        path, sha256 = self._path_um(index, of_cells, optics)
        amplitude, phase = image_of(optics, path, self.absorption)
        surroundings = nuisances(optics, of_optics, self.size, drift=self.drift, strength=self.aberration)
        truth = self._recorded(optics, surroundings, amplitude, phase)
        empty = self._recorded(optics, surroundings, np.ones_like(phase), np.zeros_like(phase)) if self.background else None
        source = "measured views by Müller et al., placed" if self.kind == "hl60" else "simulated"
        return Problem(
            measurement=Hologram(
                self._frame(truth, of_noise),
                None if empty is None else self._frame(empty, of_empty),
                wavelength_m=optics.wavelength_m,
                pixel_m=optics.pixel_m,
            ),
            truth=truth,
            id=f"{self.plugin_name}-{self.kind}-{self.system}-{split}-{seed}-{index}",
            split=split,
            provenance=Provenance(
                source=f"{source} by prbench, dataset {self.plugin_name}",
                licence=_hl60.LICENCE if self.kind == "hl60" else "BSD-3-Clause",
                sha256=sha256,
            ),
        )

    def _path_um(self, index: int, rng: Rng, optics: Microscope) -> tuple[np.ndarray, str]:
        """Optical path in micrometres on the frame and a margin around it, and the checksum of a file it is from."""
        side = min(self.size, _TILE_PX)
        scale = side / _TILE_PX
        patch = field(side + side // 4, optics.pixel_m * 1e6 / scale)
        tiles = max(1, round(self.size / _TILE_PX))
        canvas = np.zeros((self.size + 2 * MARGIN_PX,) * 2, np.float32)
        sha256 = ""
        for row in range(tiles):
            for column in range(tiles):
                if self.kind == "hl60":
                    drawn, sha256 = _hl60.view((index + row * tiles + column) % _hl60.COUNT, self.plugin_name, rng, patch)
                else:
                    kind = KINDS[(index + row * tiles + column) % len(KINDS)] if self.kind == "generated" else self.kind
                    drawn = draw_cell(kind, rng, patch)
                middle = [(at + 0.5) * self.size / tiles + side * rng.uniform(-0.12, 0.12) for at in (row, column)]
                _add(canvas, scale * drawn, [math.floor(m) + MARGIN_PX - patch.side // 2 for m in middle])
        return canvas, sha256

    def _recorded(
        self,
        optics: Microscope,
        surroundings: tuple[np.ndarray, ...],
        amplitude: np.ndarray,
        phase: np.ndarray,
    ) -> Reconstruction:
        """A phase with all that makes its fringes."""
        aberration, light, visibility = surroundings
        mean = 1.0 if self.photons is None else self.photons
        offset, modulation = interfere(optics, amplitude, light, visibility, mean)
        single = (array.astype(np.float32) for array in (offset, modulation, aberration))
        nuisance = dict(zip(("offset", "modulation", "aberration"), single, strict=True))
        return Reconstruction(phase=phase.astype(np.float32), aux={**nuisance, "carrier": np.array(optics.carrier)})

    def _frame(self, truth: Reconstruction, rng: Rng) -> np.ndarray:
        """The camera's frame."""
        return camera_frame(fringes(truth, self.size), self.photons, self.read_noise, rng)


def _add(canvas: np.ndarray, patch: np.ndarray, corner: list[int]) -> None:
    """Add a patch where it lies on the canvas."""
    inside = [slice(max(at, 0), min(at + n, side)) for at, n, side in zip(corner, patch.shape, canvas.shape, strict=True)]
    of_patch = tuple(slice(part.start - at, part.stop - at) for part, at in zip(inside, corner, strict=True))
    canvas[tuple(inside)] += patch[of_patch]
