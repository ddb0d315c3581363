"""Measured in-line holograms of polystyrene beads, with the complex field that off-axis holography found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.core import Dataset, Problem, Provenance, Reconstruction, Split, register, setting
from prbench.core.data_files import DataFile
from prbench.tasks.near_field import NearField

from ..originals import conversions
from ..originals.table import originals_of
from ..readers.arrays import npz_array
from ..readers.locate import locate
from ._simulated import MODEL_DOC, PADDING_DOC, Model

_LICENCE = "Apache-2.0"
_DISTANCES_M = {"7mm": 7e-3, "16mm": 16e-3}


def _file(distance: str, number: int, sha256: str, content: str) -> DataFile:
    return DataFile(
        name=f"near_field/beads_z{distance}.npz",
        licence=_LICENCE,
        sha256=sha256,
        note="made from the beads in the authors' repository: arrays intensity, amplitude and phase, float32, 256x256",
        originals=tuple(file for file in originals_of("beads") if file.name.endswith(f"{number}.mat")),
        convert=conversions.beads(number, _DISTANCES_M[distance]),
        content=content,
    )


@register(
    "beads",
    task="near-field",
    cite="Lee, Song, Kim, Ye, Jang, Nat. Mach. Intell. 5 (2023) 35, doi:10.1038/s42256-022-00584-3",
    licence=_LICENCE,
    tags=("measured",),
)
@dataclass(frozen=True)
class Beads(Dataset):
    """Holograms of polystyrene beads 7 mm (sample 0) and 16 mm (sample 1) behind them, 256x256 pixels, 532 nm, 6.5 micrometres.

    Intensity and true amplitude are divided by their medians, which are the empty beam's. The truth, phase and transmission, was
    found by off-axis holography; propagated with its edge values around it, it correlates with the measured intensities by 0.92
    and 0.88, so no reconstruction explains the measurement to its noise. Solvers are told that beads add phase to the background.
    Both splits are the same two holograms.
    """

    padding: int = setting(64, valid="[0, 4096]", doc=PADDING_DOC, unit="px")
    model: Model = setting("angular-spectrum", doc=MODEL_DOC)

    files: ClassVar[tuple[DataFile, ...]] = (
        _file(
            "7mm",
            3,
            "ef8af47db0bda3f06adad16e422194b87135f65a6a8bcdaeee6c9c31d1ea416b",
            "09e8cfe2ceee3bee698360c4cc37351a203eb0527a978fafc92bf3c12f733e92",
        ),
        _file(
            "16mm",
            12,
            "af29d3d4d99f1f20bc03e39334c2f95932aa0668b34d7f1895c4842590c2abc2",
            "72234d40940cd117055307cfc62f4267dfb3d94b0b9630eed923842befe1839b",
        ),
    )

    @property
    def samples(self) -> int:
        """Number of problems: 2, one per distance."""
        return len(_DISTANCES_M)

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Read one hologram."""
        name, distance_m = list(_DISTANCES_M.items())[index]
        path, sha256 = locate(self.files[index], self.plugin_name)
        intensity, amplitude, phase = (npz_array(path, array) for array in ("intensity", "amplitude", "phase"))
        return Problem(
            measurement=NearField(
                intensity / np.median(intensity),
                wavelength_m=532e-9,
                pixel_m=6.5e-6,
                distance_m=distance_m,
                padding=self.padding,
                model=self.model,
                phase_range=(0.0, math.inf),
            ),
            truth=Reconstruction(phase=phase.copy(), transmission=amplitude / np.median(amplitude)),
            id=f"{self.plugin_name}-{name}-{split}-{seed}-{index}",
            split=split,
            provenance=Provenance(source=f"Lee et al. (2023), polystyrene beads at {name}", licence=_LICENCE, sha256=sha256),
        )
