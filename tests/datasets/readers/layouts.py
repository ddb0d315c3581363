"""One diffraction pattern, written in the layouts of instruments and programs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import h5py
import numpy as np

SHAPE = (96, 96)
MIDDLE = (48, 48)


@cache
def counts() -> np.ndarray:
    """int32 (96, 96): counts of a complex object of 21 x 17 pixels, zero frequency at (48, 48), where the brightest pixel is."""
    rng = np.random.default_rng(3)
    x = np.zeros(SHAPE, complex)
    y, z = np.mgrid[-10:11, -8:9]
    inside = (y / 10.5) ** 2 + (z / 8.5) ** 2 < 1
    x[38:59, 40:57] = inside * (1 + 0.2 * rng.random((21, 17))) * np.exp(0.4j * np.cos(y / 3 + z / 5))
    pattern = np.fft.fftshift(np.abs(np.fft.fft2(x)) ** 2)
    found = rng.poisson(pattern * (2e6 / pattern.max())).astype(np.int32)
    assert np.unravel_index(found.argmax(), SHAPE) == MIDDLE
    found.setflags(write=False)
    return found


def gaps() -> np.ndarray:
    """bool (96, 96): where a detector of several modules has none."""
    hidden = np.zeros(SHAPE, dtype=bool)
    hidden[:, 60:63] = True
    hidden[20:22] = True
    return hidden


def with_gaps(value: float, dtype: str) -> np.ndarray:
    """The counts in another type, with a value in the gaps."""
    found = np.minimum(counts(), 60000).astype(np.float64)
    found[gaps()] = value
    return found.astype(dtype)


def cxi(path: Path, group: str = "data_1", **notes: object) -> Path:
    """A CXI file of the counts, or of ``data``, with further members of the same group."""
    with h5py.File(path, "w") as file:
        file["cxi_version"] = 150
        notes.setdefault("data", counts())
        for name, value in notes.items():
            file[f"/entry_1/{group}/{name}"] = value
    return path


def dectris(folder: Path, frames: tuple[int, ...] = (3, 2), write: int = 2) -> Path:
    """A master with links to the frames, of which the first ``write`` files are there, and a pixel mask."""
    master = folder / "s_master.h5"
    with h5py.File(master, "w") as file:
        file["/entry/instrument/detector/detectorSpecific/pixel_mask"] = gaps().astype(np.uint32)
        file["/entry/instrument/detector/detectorSpecific/flatfield"] = np.ones(SHAPE, np.float32)
        file["/entry/instrument/detector/countrate_correction_table"] = np.ones((5, 2), np.float32)
        file["/entry/instrument/detector/x_pixel_size"] = 75e-6
        file["/entry/instrument/detector/y_pixel_size"] = 75e-6
        file["/entry/instrument/detector/detector_distance"] = 5.0
        file["/entry/instrument/beam/incident_wavelength"] = 1.5
        file["/entry/instrument/beam/incident_wavelength"].attrs["units"] = "angstrom"
        for number in range(1, len(frames) + 1):
            name = f"s_data_{number:06d}.h5"
            file[f"/entry/data/data_{number:06d}"] = h5py.ExternalLink(name, "/entry/data/data")
    for number, count in list(enumerate(frames, 1))[:write]:
        with h5py.File(folder / f"s_data_{number:06d}.h5", "w") as file:
            stack = np.repeat(with_gaps(2**32 - 1, "u4")[None], count, axis=0)
            file["/entry/data/data"] = np.where(gaps(), stack, counts().astype("u4"))
    return master


def bliss(folder: Path, source: str = "scan0001/eiger_0000.h5") -> Path:
    """A scan whose detector is a virtual data set over a file of the folder."""
    (folder / source).parent.mkdir(exist_ok=True)
    with h5py.File(folder / source, "w") as file:
        file["/entry/data/data"] = np.repeat(counts()[None].astype("u4"), 3, axis=0)
    layout = h5py.VirtualLayout(shape=(3, *SHAPE), dtype="u4")
    layout[:] = h5py.VirtualSource(source, "/entry/data/data", shape=(3, *SHAPE))
    path = folder / "bliss.h5"
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("/1.1/instrument/eiger/data", layout)
        file["/1.1/measurement/eiger"] = h5py.SoftLink("/1.1/instrument/eiger/data")
        file["/1.1/measurement/mu"] = np.arange(3.0)
    return path


def virtual_in_file(path: Path) -> Path:
    """Two halves of a detector put together by a virtual data set over the same file."""
    with h5py.File(path, "w") as file:
        file["/raw/a"], file["/raw/b"] = counts()[:48], counts()[48:]
        layout = h5py.VirtualLayout(shape=SHAPE, dtype="i4")
        layout[:48] = h5py.VirtualSource(".", "/raw/a", shape=(48, 96))
        layout[48:] = h5py.VirtualSource(".", "/raw/b", shape=(48, 96))
        file.create_virtual_dataset("/entry_1/data_1/data", layout)
    return path
