"""Files of measured data: where they belong on this machine, how they get there, and whether they are whole."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from prbench.errors import BadInput, DataNotFound, one_line

FileStatus = Literal["ok", "unverified", "missing", "damaged"]


@dataclass(frozen=True)
class DataFile:
    """One file that a data set is read from.

    Attributes:
        name: path relative to the data folder, with forward slashes.
        licence: of the data.
        urls: where to download it, tried in order; empty where no public address serves it in this layout.
        sha256: of the whole file; empty where it is not known, and then a download cannot be verified.
        note: where it comes from and, where ``urls`` is empty, how to make it.
    """

    name: str
    licence: str
    urls: tuple[str, ...] = ()
    sha256: str = ""
    note: str = ""

    @property
    def path(self) -> Path:
        """Where the file belongs on this machine."""
        return data_folder() / self.name


def data_folder() -> Path:
    """The folder of measured data: ``PRBENCH_DATA``, or the user's cache folder where that is not set."""
    named = os.environ.get("PRBENCH_DATA")
    if named:
        return Path(named)
    import pooch

    return Path(pooch.os_cache("prbench"))


def verify(file: DataFile) -> FileStatus:
    """Whether the file is there and whole: ``unverified`` where no checksum is known for it."""
    if not file.path.is_file():
        return "missing"
    if not file.sha256:
        return "unverified"
    return "ok" if sha256_of(file.path) == file.sha256 else "damaged"


def fetch(file: DataFile, *, offline: bool = False) -> Path:
    """The path of the file, downloaded where it is missing or damaged; show the user ``file.licence`` before.

    A download goes to a temporary name and takes its place only when its checksum is right.

    Raises:
        DataNotFound: where it is missing and ``offline``, where no address serves it, or where every address failed.
    """
    status = verify(file)
    if status in ("ok", "unverified"):
        return file.path
    if not file.urls:
        raise DataNotFound(f"{file.name} has no public address in this layout; {file.note}; then put it at {file.path}")
    if offline:
        raise DataNotFound(f"{file.path} is {status}, and downloads are switched off")
    import pooch

    pooch.get_logger().setLevel("WARNING")
    failures = []
    for url in file.urls:
        try:
            result = pooch.retrieve(
                url, known_hash=f"sha256:{file.sha256}" if file.sha256 else None, fname=file.path.name, path=file.path.parent
            )
        except (OSError, ValueError) as error:  # requests' errors are OSErrors; a wrong checksum is a ValueError
            failures.append(f"{url}: {one_line(error, 120)}")
        else:
            return Path(result)
    raise DataNotFound(f"{file.name} could not be downloaded: {'; '.join(failures)}")


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an ``.npz`` file by name.

    Raises:
        BadInput: where it is none.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: np.asarray(file[name]) for name in file.files}
    except (OSError, ValueError, AttributeError) as error:  # an .npy file gives an array, which has no files
        raise BadInput(f"{path} is not an npz file of arrays: {one_line(error, 120)}") from error


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
