"""Reading NPZ files that may be a stranger's."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from prbench.errors import one_line

from .plain import canonical


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an NPZ file as ``numpy.savez`` writes it, neither pickled nor compressed: no larger than the file.

    Raises:
        OSError: where it cannot be read.
        ValueError: where it is not such a file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive)
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except OSError:
        raise
    except Exception as error:  # a damaged archive ends numpy and zipfile in a dozen ways
        raise ValueError(one_line(str(error) or type(error).__name__)) from error


def _check_members(archive: zipfile.ZipFile) -> None:
    if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
        raise ValueError("its members are compressed, as prbench writes none")


def arrays_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """The digest of arrays by name: of their names, types, shapes and numbers, however a file packs them."""
    state = hashlib.blake2b(digest_size=16)
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        state.update(canonical([name, array.dtype.str, list(np.shape(arrays[name]))]).encode())
        state.update(array.reshape(-1).view(np.uint8).data if array.size else b"")
    return state.hexdigest()
