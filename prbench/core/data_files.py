"""Files of measured data: where they belong on this machine, how they get there, and whether they are whole."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from prbench.errors import BadInput, one_line

FileStatus = Literal["ok", "unverified", "missing", "damaged"]


@dataclass(frozen=True)
class Original:
    """A public file that a dataset's file is made from.

    Attributes:
        name: of the file, without its folder.
        url: where it is downloaded.
        sha256: of the whole file.
    """

    name: str
    url: str
    sha256: str


@dataclass(frozen=True)
class DataFile:
    """One file that a data set is read from.

    Attributes:
        name: path relative to the data folder, with forward slashes.
        licence: of the data.
        urls: where to download it, tried in order; empty where no public address serves it in this layout.
        sha256: of the whole file; empty where it is not known, and then a download cannot be verified.
        note: where it comes from and, where there are neither ``urls`` nor ``originals``, how to get it.
        originals: public files that it is made from.
        convert: what makes the arrays of an NPZ file, by name, of the paths of the originals, by name.
        check: what refuses, with BadInput, a file that is not the one meant, where no checksum tells.
        content: digest of the arrays of an NPZ file (:func:`content_of`), for one that is made on this machine.
    """

    name: str
    licence: str
    urls: tuple[str, ...] = ()
    sha256: str = ""
    note: str = ""
    originals: tuple[Original, ...] = ()
    convert: Callable[[Mapping[str, Path]], dict[str, np.ndarray]] | None = None
    check: Callable[[Path], None] | None = None
    content: str = ""

    @property
    def path(self) -> Path:
        """Where the file belongs on this machine."""
        return data_folder() / self.name

    @property
    def is_public(self) -> bool:
        """Whether it can be downloaded."""
        return bool(self.urls or self.originals)


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
    if not (file.sha256 or file.content):
        return "unverified"
    return "ok" if is_whole(file, sha256_of(file.path)) else "damaged"


def is_whole(file: DataFile, sha256: str) -> bool:
    """Whether a file with this SHA-256 is the one meant, or, where it was made of originals, holds the same arrays."""
    if sha256 == file.sha256 or not (file.sha256 or file.content):
        return True
    if not file.content:
        return False
    try:
        return content_of(read_arrays(file.path)) == file.content
    except BadInput:
        return False


def content_of(arrays: Mapping[str, np.ndarray]) -> str:
    """Digest of arrays: SHA-256 over names, types, shapes and bytes in the order of the names, hexadecimal."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}|{array.dtype.str}|{np.shape(arrays[name])}|".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


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
