"""One array from whatever file it is in: the reader is chosen by the file's suffix."""

from __future__ import annotations

import dataclasses
import gzip
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from prbench.errors import BadInput, PrbenchError, one_line

from .hdf5 import Links
from .raw import MAX_PIXELS, MAX_RATIO, Raw

Reader = Callable[[Path, str | None], Raw]

HDF5_SUFFIXES = (".cxi", ".h5", ".hdf5", ".hdf", ".nxs", ".nx5")
IMAGE_SUFFIXES = (".tif", ".tiff", ".edf", ".cbf")
"""Formats of one image per file, in which a scan is a series of files."""
SUFFIXES = (*HDF5_SUFFIXES, ".npy", ".npz", ".mat", *IMAGE_SUFFIXES)
_GZ = ".gz"
_ARCHIVES = (".tar", ".xz", ".lzma", ".zip", ".bz2", ".tgz", ".7z")
_BLOCK = 2**20


def kind_of(path: Path) -> str:
    """The suffix that tells a file's format, in lower case: ``.edf`` also of ``scan.edf.gz``."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return "".join(suffixes[-2:-1]) if suffixes[-1:] == [_GZ] else "".join(suffixes[-1:])


def is_image(path: Path) -> bool:
    """Whether a name is that of an image file, compressed or not."""
    return kind_of(path) in IMAGE_SUFFIXES


def read_array(path: Path, inside: str | None = None, links: Links = "no") -> Raw:
    """Read one array from a CXI/HDF5, NPZ, NPY, MAT, TIFF, EDF or CBF file, by its suffix; images may be gzipped.

    Args:
        path: of the file.
        inside: path of the data set in an HDF5 file, or name of the array in an NPZ or MAT; found by convention where None.
        links: whether an HDF5 file may lead to others of its folder.

    Raises:
        BadInput: in one line, for anything that is not such a file; the library's own error is its cause.
    """
    reader = _reader(path, links)
    if not path.is_file():
        raise BadInput(f"{path}: {'is not a regular file' if path.exists() else 'does not exist'}")
    if not os.access(path, os.R_OK):
        raise BadInput(f"{path}: may not be read; check its permissions")
    try:
        return _unpacked(reader, path, inside) if path.suffix.lower() == _GZ else reader(path, inside)
    except (PrbenchError, MemoryError):
        raise
    except Exception as error:
        kind = kind_of(path).lstrip(".")
        raise BadInput(f"{path}: not a readable {kind} file ({type(error).__name__}: {one_line(error, 120)})") from error


def _reader(path: Path, links: Links) -> Reader:
    from . import arrays, cbf, cxi, images, matlab

    readers: dict[str, Reader] = {
        **dict.fromkeys(HDF5_SUFFIXES, lambda path, inside: cxi.read(path, inside, links)),
        ".npy": arrays.read_npy,
        ".npz": arrays.read_npz,
        ".mat": matlab.read_mat,
        **dict.fromkeys((".tif", ".tiff"), images.read_tiff),
        ".edf": images.read_edf,
        ".cbf": cbf.read_cbf,
    }
    kind = kind_of(path)
    if kind not in readers or (path.suffix.lower() == _GZ and kind not in IMAGE_SUFFIXES):
        suffix = "".join(path.suffixes[-2:]) if path.suffix.lower() == _GZ else path.suffix
        packed = "; unpack it first" if path.suffix.lower() in _ARCHIVES else ""
        expected = f"{', '.join(readers)}, or an image with {_GZ}"
        raise BadInput(f"{path}: suffix {suffix!r} is not known; expected one of {expected}{packed}")
    return readers[kind]


def _unpacked(reader: Reader, path: Path, inside: str | None) -> Raw:
    """Read a gzipped image by way of a temporary file, which may grow to what an image of its size can unpack to."""
    limit = min(8 * MAX_PIXELS, MAX_RATIO * path.stat().st_size + _BLOCK)
    with tempfile.TemporaryDirectory(prefix="prbench-") as folder:
        plain = Path(folder) / path.stem
        with gzip.open(path, "rb") as stream, plain.open("wb") as out:
            size = 0
            while block := stream.read(_BLOCK):
                size += len(block)
                if size > limit:
                    raise BadInput(f"{path}: unpacks to more than {limit} bytes; it is a compression bomb")
                out.write(block)
        try:
            raw = reader(plain, inside)
        except BadInput as error:
            raise BadInput(str(error).replace(str(plain), str(path))) from error
        return dataclasses.replace(raw, where=raw.where.replace(str(plain), str(path)))
