"""Finding measured data on this machine."""

from __future__ import annotations

from pathlib import Path

from prbench.core.data_files import DataFile, is_whole, sha256_of
from prbench.errors import BadInput, DataNotFound


def locate(file: DataFile, dataset: str) -> tuple[Path, str]:
    """The path of a data set's file, and its SHA-256.

    Raises:
        DataNotFound: where it is not on this machine, saying how to get it.
        BadInput: where its checksum is not the known one.
    """
    path = file.path
    if not path.is_file():
        how = f"`prbench data get {dataset}` downloads it" if file.is_public else file.note
        raise DataNotFound(f"{dataset} needs {file.name}, which is not at {path}; {how}; PRBENCH_DATA names the data folder")
    result = sha256_of(path)
    if not is_whole(file, result):
        raise BadInput(f"{path}: SHA-256 is {result[:12]}…, expected {file.sha256[:12]}…; delete it and get it again")
    return path, result
