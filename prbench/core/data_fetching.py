"""Getting files of measured data: downloaded, or found in a folder of what was downloaded elsewhere; verified, and converted."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlparse

import numpy as np

from prbench.errors import BadInput, DataNotFound, one_line

from .data_files import DataFile, Original, content_of, data_folder, sha256_of, verify

_MOST_FILES = 200_000
_ARCHIVES = (".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2", ".tar.lzma")


def fetch(file: DataFile, *, offline: bool = False, folder: Path | None = None) -> Path:
    """The path of the file, made or downloaded where it is missing or damaged; show the user ``file.licence`` before.

    A file takes its name only when its checksum is right.

    Args:
        file: what is wanted.
        offline: whether nothing may be downloaded.
        folder: where the public files lie already, at any depth or in tar archives; nothing is downloaded then.

    Raises:
        DataNotFound: where it is missing and may not be downloaded, is not in ``folder``, has no address, or every one failed.
        BadInput: where a file in ``folder`` is not the one meant, or originals do not give what they should.
    """
    status = verify(file)
    if status in ("ok", "unverified"):
        return file.path
    if folder is None and not file.is_public:
        raise DataNotFound(f"{file.name} has no public address in this layout; {file.note}; then put it at {file.path}")
    if folder is None and offline:
        raise DataNotFound(f"{file.path} is {status}, and downloads are switched off")
    if file.convert is None:
        return _copied(file, folder) if folder is not None else _downloaded(file)
    with _collected(file, folder) as paths:
        return _converted(file, paths)


def _copied(file: DataFile, folder: Path) -> Path:
    """The file itself from a folder."""
    names = [file.path.name, *(Path(unquote(urlparse(url).path)).name for url in file.urls)]
    with tempfile.TemporaryDirectory(prefix="prbench-") as temporary:
        path, _ = _search(folder, tuple(dict.fromkeys(names)), file.sha256, Path(temporary))
        if file.check is not None:
            file.check(path)
        _put(path.read_bytes(), file.path)
    return file.path


def _downloaded(file: DataFile) -> Path:
    failures = []
    for url in file.urls:
        try:
            return _retrieved(url, file.sha256, file.path)
        except (OSError, ValueError) as error:  # requests' errors are OSErrors; a wrong checksum is a ValueError
            failures.append(f"{url}: {one_line(error, 120)}")
    raise DataNotFound(f"{file.name} could not be downloaded: {'; '.join(failures)}")


def _retrieved(url: str, sha256: str, path: Path) -> Path:
    import pooch

    pooch.get_logger().setLevel("WARNING")
    known = f"sha256:{sha256}" if sha256 else None
    return Path(pooch.retrieve(url, known_hash=known, fname=path.name, path=path.parent))


@contextmanager
def _collected(file: DataFile, folder: Path | None) -> Iterator[dict[str, Path]]:
    """The originals of a file by name: downloaded into the data folder, where they are kept, or found in ``folder``."""
    with tempfile.TemporaryDirectory(prefix="prbench-") as temporary:
        paths = {}
        for original in file.originals:
            if folder is not None:
                paths[original.name], _ = _search(folder, (original.name,), original.sha256, Path(temporary))
                continue
            try:
                paths[original.name] = _retrieved(original.url, original.sha256, _home(file, original))
            except (OSError, ValueError) as error:
                raise DataNotFound(f"{file.name} could not be made: {original.url}: {one_line(error, 120)}") from error
        yield paths


def _home(file: DataFile, original: Original) -> Path:
    return data_folder() / "originals" / file.path.stem / original.name


def _converted(file: DataFile, paths: dict[str, Path]) -> Path:
    assert file.convert is not None
    arrays = file.convert(paths)
    if file.content and content_of(arrays) != file.content:
        raise BadInput(f"{file.name}: its originals were converted to something else than expected; please report it")
    with tempfile.TemporaryDirectory(prefix="prbench-") as temporary:
        packed = Path(temporary) / "arrays.npz"
        np.savez_compressed(packed, allow_pickle=False, **arrays)
        _put(packed.read_bytes(), file.path)
    return file.path


def _put(content: bytes, path: Path) -> None:
    """Write a file under a temporary name, and then give it its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _search(folder: Path, names: tuple[str, ...], sha256: str, temporary: Path) -> tuple[Path, str]:
    """A file of one of these names in a folder or in its archives, whole, and its SHA-256; archives unpack into ``temporary``."""
    wrong = ""
    for path in _candidates(folder, names, temporary):
        seen = sha256_of(path)
        if not sha256 or seen == sha256:
            return path, seen
        wrong = f"{path} has SHA-256 {seen[:12]}…, expected {sha256[:12]}…; download it again"
    if wrong:
        raise BadInput(wrong)
    raise DataNotFound(f"{folder} holds no {names[0]}, at any depth or in tar archives")


def _candidates(folder: Path, names: tuple[str, ...], temporary: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise DataNotFound(f"{folder} is no folder")
    archives = []
    for count, path in enumerate(folder.rglob("*")):
        if count >= _MOST_FILES:
            raise BadInput(f"{folder} holds more than {_MOST_FILES} files; name the folder of the data")
        if path.name in names and path.is_file():
            yield path
        elif path.name.lower().endswith(_ARCHIVES) and path.is_file():
            archives.append(path)
    for archive in sorted(archives):
        unpacked = temporary / f"{archive.name}-unpacked"
        if not unpacked.is_dir():
            _unpack(archive, unpacked)
        yield from (path for name in names if (path := unpacked / name).is_file())


def _unpack(archive: Path, into: Path) -> None:
    """The regular files of an archive, all in one folder under their bare names."""
    into.mkdir()
    try:
        with tarfile.open(archive) as packed:
            for member in packed:
                content = packed.extractfile(member) if member.isfile() else None
                if content is not None:
                    with (into / Path(member.name).name).open("wb") as out:
                        shutil.copyfileobj(content, out)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BadInput(f"{archive}: not a readable archive ({one_line(error, 120)})") from error
