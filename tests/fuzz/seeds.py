"""Small valid files in the variants of every format that is read."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import scipy.io
import tifffile
from fabio.cbfimage import CbfImage
from fabio.edfimage import EdfImage
from PIL import Image

PATTERN = np.random.default_rng(0).integers(0, 50, (12, 10)).astype(np.float32)
SUFFIXES = (".npy", ".npz", ".tif", ".edf", ".cbf", ".edf.gz", ".tif.gz", ".mat", ".h5", ".cxi", ".png", ".spec")
SPEC = """#F s.spec
#O0 Energy  Delta
#S 4 ascan th 1 2 3 1
#P0 9.0 30
#N 2
#L Theta  imgnr
1 0
2 1
"""


def originals(suffix: str, folder: Path) -> Iterator[bytes]:
    """Valid files of a format, one after another; ``folder`` is written to."""
    path = folder / f"original{suffix.removesuffix('.gz')}"
    makers = {
        ".npy": _npy,
        ".npz": _npz,
        ".tif": _tif,
        ".edf": _edf,
        ".cbf": _cbf,
        ".mat": _mat,
        ".h5": _compressed,
        ".cxi": _layouts,
        ".png": _png,
        ".spec": lambda _path: iter([SPEC.encode()]),
    }
    for content in makers[suffix.removesuffix(".gz")](path):
        yield gzip.compress(content) if suffix.endswith(".gz") else content


def _npy(path: Path) -> Iterator[bytes]:
    for dtype in ("f4", ">i2", "u4", "c8"):
        np.save(path, PATTERN.astype(dtype))
        yield path.read_bytes()
    np.save(path, np.stack([PATTERN] * 3))
    yield path.read_bytes()


def _npz(path: Path) -> Iterator[bytes]:
    for save in (np.savez, np.savez_compressed):
        save(path, intensity=PATTERN, bad=np.zeros(PATTERN.shape, "u1"), wavelength_m=1e-10)
        yield path.read_bytes()


def _edf(path: Path) -> Iterator[bytes]:
    for frames in (1, 2):
        image = EdfImage(data=PATTERN)
        for _ in range(frames - 1):
            image.append_frame(data=PATTERN)
        image.write(str(path))
        yield path.read_bytes()


def _tif(path: Path) -> Iterator[bytes]:
    variants = ({}, {"compression": "zlib"}, {"compression": "lzw"}, {"tile": (16, 16)}, {"bigtiff": True}, {"imagej": True})
    for options in variants:
        tifffile.imwrite(path, np.stack([PATTERN, PATTERN]), photometric="minisblack", **options)
        yield path.read_bytes()


def _cbf(path: Path) -> Iterator[bytes]:
    header = {"_array_data.header_contents": "# Pixel_size 172e-6 m x 172e-6 m\r\n# Wavelength 1.2 A\r\n"}
    data = PATTERN.astype(np.int32)
    data[3, 4:7] = 40_000, -70_000, 2_000_000_000
    CbfImage(data=data, header=header).write(str(path))
    content = path.read_bytes()
    yield content
    yield re.sub(rb"Content-MD5: [^\r]*\r\n", b"", content)  # with it, no damage to the data gets as far as unpacking


def _mat(path: Path) -> Iterator[bytes]:
    for options in ({}, {"do_compression": True}, {"format": "4"}):
        scipy.io.savemat(path, {"data": PATTERN, "mask": np.zeros(PATTERN.shape, "u1")}, **options)
        yield path.read_bytes()
    with h5py.File(path, "w", userblock_size=512) as file:
        file["data"], file["mask"] = PATTERN.T, np.zeros(PATTERN.T.shape, "u1")
    yield path.read_bytes()


def _compressed(path: Path) -> Iterator[bytes]:
    filters = [{}, {"compression": "gzip", "shuffle": True, "fletcher32": True}, {"compression": "lzf"}]
    filters += [dict(kind()) for kind in (hdf5plugin.Bitshuffle, hdf5plugin.LZ4, hdf5plugin.Blosc, hdf5plugin.Zstd)]
    for number, options in enumerate(filters):
        with h5py.File(path, "w", libver=("earliest", "latest")[number % 2]) as file:
            chunks = {"chunks": (4, 5)} if options else {}
            file.create_dataset("/entry_1/data_1/data", data=PATTERN, **chunks, **options)
            file["/entry_1/data_1/mask"] = np.zeros(PATTERN.shape, "u1")
            file["/entry_1/instrument_1/detector_1/distance"] = 1.0
        yield path.read_bytes()


def _layouts(path: Path) -> Iterator[bytes]:
    """CXI with its declarations, a NeXus default, a master with links, virtual data sets over the same and another file."""
    with h5py.File(path, "w") as file:
        file["cxi_version"] = 150
        image = file.create_group("/entry_1/image_1")
        image["data"], image["mask"] = PATTERN, np.full(PATTERN.shape, 0x1000, "u4")
        image["data_type"], image["data_space"], image["is_fft_shifted"] = "intensity", "diffraction", 1
        image["image_center"] = [5.0, 6.0, 0.0]
        file["/entry_1/data_1"] = h5py.SoftLink("/entry_1/image_1")
    yield path.read_bytes()
    with h5py.File(path, "w") as file:
        file["/scan/detector/counts"] = PATTERN
        file.attrs["default"], file["/scan"].attrs["default"], file["/scan/detector"].attrs["signal"] = (
            "scan",
            "detector",
            "counts",
        )
    yield path.read_bytes()
    with h5py.File(path, "w") as file:
        file["/entry/data/data_000001"] = h5py.ExternalLink("case_data.h5", "/entry_1/data_1/data")
        file["/entry/instrument/detector/pixel_mask"] = np.zeros(PATTERN.shape, "u4")
    yield path.read_bytes()
    for source in (".", "case_data.h5"):
        layout = h5py.VirtualLayout(shape=PATTERN.shape, dtype="f4")
        name = "/raw" if source == "." else "/entry_1/data_1/data"
        layout[:6] = h5py.VirtualSource(source, name, shape=PATTERN.shape)[:6]
        layout[6:] = h5py.VirtualSource(source, name, shape=PATTERN.shape)[6:]
        with h5py.File(path, "w") as file:
            file["/raw"] = PATTERN
            file.create_virtual_dataset("/entry_1/data_1/data", layout)
        yield path.read_bytes()


def _png(_path: Path) -> Iterator[bytes]:
    for form in ("PNG", "JPEG", "BMP"):
        stream = io.BytesIO()
        Image.fromarray((5 * PATTERN).astype(np.uint8)).save(stream, form)
        yield stream.getvalue()
