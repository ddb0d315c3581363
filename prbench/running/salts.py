"""Salts: secret texts with which the test problems of a sealed run are drawn, kept beside its records until they are published.

::

    .salts/<digest>    a secret salt, readable by its owner alone        salts.json    published salts by digest

A cell holds the digest of its salt, which tells nothing of it. Whoever makes the problem finds the salt in a folder of results
that this process has opened (:func:`look_in`). The processes of solvers open none. A process that reads the memory or the disk of
the same user is beyond what a seal can promise.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from prbench.errors import CannotWrite, UsageError, one_line

from .store.files import replace_file
from .store.plain import digest

SECRET, PUBLISHED = ".salts", "salts.json"
SEALED, NOT_SEALED, PUBLIC = "sealed", "not sealed", "public data"
"""What a row says of its problem: drawn in secret; drawn as everybody can draw it; of data that no draw changes."""
_LONGEST = 200

_folders: list[Path] = []


def add_salt_folder(folder: Path) -> None:
    """Look for salts in a folder of results, too, from now on."""
    if folder.absolute() not in _folders:
        _folders.append(folder.absolute())


def digest_of(salt: str) -> str:
    """What a cell and a record hold of a salt: 32 hexadecimal digits."""
    return digest("prbench salt", salt)


def dataset_seed(salt: str) -> int:
    """The seed of datasets that a salt stands for, 56 bits."""
    return int(digest("prbench dataset seed", salt)[:14], 16)


def salt_of(name: str) -> str:
    """The salt of a digest.

    Raises:
        UsageError: where no folder that was opened has it.
    """
    for folder in _folders:
        result = secret_salt(folder, name) or published_salts(folder).get(name)
        if result is not None:
            return result
    raise UsageError(
        f"the problems were drawn with the salt {name[:8]}…, which is not known here; `prbench unseal FOLDER` publishes it "
        "where the run was made"
    )


def secret_salt(folder: Path, name: str) -> str | None:
    """The secret salt of a digest, None where the folder has none, or has published it."""
    try:
        salt = (folder / SECRET / name).read_text(encoding="utf-8")
    except OSError:
        return None
    return salt if digest_of(salt) == name else None


def is_secret(folder: Path, name: str) -> bool:
    """Whether the folder keeps a salt secret."""
    return secret_salt(folder, name) is not None


def published_salts(folder: Path) -> dict[str, str]:
    """The salts that a folder has published, by digest; what does not belong to its digest is left out."""
    try:
        result = json.loads((folder / PUBLISHED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    pairs = result.items() if isinstance(result, dict) else ()
    return {name: salt for name, salt in pairs if isinstance(salt, str) and digest_of(salt) == name}


def salt_for(folder: Path, requested: str | None, *, sealed: bool, keep: bool = True) -> str:
    """The digest of the salt that a run into a folder draws with, ``""`` where it draws with none; the salt is kept there.

    Args:
        folder: of the results.
        requested: a salt, or another folder of results whose salt to take; where None, a sealed run's is its folder's own or new.
        sealed: whether the salt is a secret. A run with a published salt repeats a sealed one, and is not sealed itself.
        keep: whether to write anything.

    Raises:
        UsageError: for a salt that is empty or too long, a folder without one, or a sealed run with a published salt.
        CannotWrite: where the folder does not take it.
    """
    if requested is None and not sealed:
        return ""
    names = [path.name for path in sorted((folder / SECRET).glob("*"))]
    if requested is None and not names and published_salts(folder):
        raise UsageError(
            f"{folder} has been unsealed; seal a run into a folder of its own, or repeat this one by --salt {folder}"
        )
    salt = _asked_salt(requested) if requested is not None else stored_salt(folder, names)
    name = digest_of(salt)
    if sealed and name in {*published_salts(folder), *(published_salts(Path(requested)) if requested is not None else ())}:
        raise UsageError("the salt is published; a run with it repeats a sealed one without --sealed")
    if not keep:
        return name
    if sealed:
        _keep(folder, name, salt)
    elif not is_secret(folder, name):
        _publish(folder, {name: salt})
    add_salt_folder(folder)
    return name


def stored_salt(folder: Path, names: list[str]) -> str:
    """The secret salt of a folder, a new one where it has none."""
    result = [salt for name in names if (salt := secret_salt(folder, name)) is not None]
    return result[0] if result else secrets.token_hex(16)


def _asked_salt(requested: str) -> str:
    if not 0 < len(requested) <= _LONGEST:
        raise UsageError(f"a salt is a text of 1 to {_LONGEST} characters, or a folder of a sealed run; got {len(requested)}")
    folder = Path(requested)
    if not folder.is_dir():
        return requested
    names = [path.name for path in sorted((folder / SECRET).glob("*"))]
    result = [salt for name in names if (salt := secret_salt(folder, name)) is not None] or [*published_salts(folder).values()]
    if not result:
        raise UsageError(f"{folder} has no salt; it is no folder of a sealed run")
    return result[0]


def _keep(folder: Path, name: str, salt: str) -> None:
    if is_secret(folder, name):
        return
    try:
        (folder / SECRET).mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(folder / SECRET / name, "x", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(salt)
    except OSError as error:
        raise CannotWrite(f"{folder / SECRET} cannot be written: {one_line(error)}") from error


def _publish(folder: Path, salts: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**published_salts(folder), **salts}, indent=2) + "\n"
    replace_file(folder / PUBLISHED, lambda file: file.write(text.encode()))


def unseal(folder: Path) -> dict[str, str]:
    """Publish the secret salts of a folder, so that anyone can draw its problems; all its published ones, by digest.

    Raises:
        UsageError: where it has none.
        CannotWrite: where the folder does not take them.
    """
    names = [path.name for path in (folder / SECRET).glob("*")]
    result = {name: salt for name in names if (salt := secret_salt(folder, name)) is not None}
    if result:
        _publish(folder, result)
        for name in result:
            (folder / SECRET / name).unlink(missing_ok=True)
    published = published_salts(folder)
    if not published:
        raise UsageError(f"{folder} has no salt to publish; `prbench run --sealed` makes sealed runs")
    return published
