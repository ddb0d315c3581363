"""Reading NPZ files that may be a stranger's."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np


def read_arrays(place: Path) -> dict[str, np.ndarray]:
    """The arrays of an NPZ file as ``numpy.savez`` writes it, neither pickled nor compressed: no larger than the file.

    Raises:
        OSError: where it cannot be read.
        ValueError: where it is not such a file.
    """
    try:
        with zipfile.ZipFile(place) as archive:
            if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
                raise ValueError("its members are compressed, as prbench writes none")
        with np.load(place, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (EOFError, zipfile.BadZipFile, MemoryError) as error:
        raise ValueError(str(error)) from error
