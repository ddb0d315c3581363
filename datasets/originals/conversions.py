"""How public originals become the files that datasets read; each function takes paths by name and returns arrays by name."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from prbench.errors import BadInput

from ..readers.formats import read_array

Paths = Mapping[str, Path]
Arrays = dict[str, np.ndarray]

_WITHOUT_BEAM = (
    (258, 258, 30, 30),
    (246, 511, 30, 16),
    (266, 0, 30, 20),
    (10, 270, 30, 5),
    (498, 240, 30, 5),
    (0, 0, 30, 20),
    (510, 510, 30, 20),
)
"""Middle (column, row), half width and half height, in pixels, of the blocks in which a count of zero is no measurement: behind
the beamstop, and where its holder and the rim lie in a symmetrised pattern; from PyNX's example of the logo."""

_VIEWS = 140
_FOUR_ROD_CROP = (slice(87, 343), slice(448, 1472))


def esrf_logo(paths: Paths) -> Arrays:
    """Counts, unmeasured pixels and published support, with rows in the order of PyNX's example."""
    counts, support = (np.flipud(read_array(paths[name]).data) for name in ("logo5mu_20sec.edf", "mask_logo5mu_20sec.edf"))
    row, column = np.indices(counts.shape)
    near = np.zeros(counts.shape, dtype=bool)
    for x, y, width, height in _WITHOUT_BEAM:
        near |= (np.abs(column - x) <= width) & (np.abs(row - y) <= height)
    return {"intensity": counts.astype(np.float32), "bad": near & (counts == 0), "support_ref": support != 0}


def rocking_series(paths: Paths) -> Arrays:
    """Frames in the order of their numbers."""
    return {"intensity": np.stack([read_array(paths[name]).data for name in sorted(paths)]).astype(np.int32)}


def beads(number: int, distance_m: float) -> Callable[[Paths], Arrays]:
    """The intensity, amplitude and phase of one hologram of beads."""

    def convert(paths: Paths) -> Arrays:
        found = {"intensity": "holography", "amplitude": "gt_amplitude", "phase": "gt_phase"}
        arrays = {name: read_array(paths[f"{file}{number}.mat"], file).data for name, file in found.items()}
        known = {"wavelength_m": 532e-9, "pixel_m": 6.5e-6, "distance_m": distance_m}
        return {name: array.astype(np.float32) for name, array in arrays.items()} | _numbers(known)

    return convert


def hl60_views(paths: Paths) -> Arrays:
    """Every second view of the cell, in the order of the names in the sinogram."""
    import h5py

    (archive,) = paths.values()
    with tempfile.TemporaryDirectory(prefix="prbench-") as folder, tarfile.open(archive) as packed:
        packed.extract("series.h5", folder, filter="data")
        with h5py.File(Path(folder) / "series.h5", "r") as file:
            names = sorted(file)
            if len(names) != _VIEWS:
                raise BadInput(f"{archive}: holds {len(names)} views, expected {_VIEWS}")
            phase = np.stack([file[name]["phase"]["raw"][()] for name in names[::2]])
    known = {"wavelength_m": 647e-9, "pixel_m": 0.139e-6, "refractive_index_medium": 1.335}
    return {"phase": phase.astype(np.float32)} | _numbers(known)


def four_rod_crop(paths: Paths) -> Arrays:
    """256x1024 pixels of the four rods with the published images."""

    def cut(name: str) -> np.ndarray:
        return np.asarray(read_array(paths[name]).data[_FOUR_ROD_CROP], np.float32)

    numbers = range(1, 14)
    arrays = {
        "flat": cut("Flatfield.tif"),
        "reference": np.stack([cut(f"ReferenceSpeckle_{n}.tif") for n in numbers]),
        "sample": np.stack([cut(f"SamplePlusSpeckle_{n}.tif") for n in numbers]),
        "published_dark_field": cut("FW_Evolving_Multiple_XDF.tif"),
        "published_transmission": cut("FW_Evolving_Multiple_Transmission.tif"),
    }
    return arrays | _numbers({"energy_ev": 25e3, "distance_m": 0.7, "pixel_m": 6.5e-6, "gamma": 2335.0})


def _numbers(values: Mapping[str, float]) -> Arrays:
    return {name: np.asarray(value) for name, value in values.items()}
