"""Where a folder of results is, also when somebody renames or removes it while a run writes into it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from prbench.errors import CannotWrite

from .files import cannot_write


@dataclass(frozen=True)
class Relocation:
    """What became of a folder.

    Attributes:
        now: where to write instead.
        message: one line on it.
    """

    now: Path
    message: str


class FolderHandle:
    """A folder that is held by a handle, so that it is found again under another name."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._handle: int | None = None
        self._identity: tuple[int, int] | None = None
        self._made: list[Path] = []

    def __del__(self) -> None:
        if self._handle is not None:
            os.close(self._handle)

    def hold(self) -> None:
        """Make the folder where it is not there, and remember it.

        Raises:
            CannotWrite: where it cannot be made.
        """
        if self._handle is not None:
            return
        self._made = [path for path in (self._path, *self._path.parents) if not path.exists()]
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            result = os.fstat(self._handle)
        except OSError as error:
            raise cannot_write(self._path, error) from error
        self._identity = result.st_dev, result.st_ino

    def remove_if_unused(self) -> None:
        """Remove the folder, and those above it, where :meth:`hold` has made them and nothing has come into them since."""
        if self._made and self.relocation() is not None:
            return
        for path in self._made:
            try:
                path.rmdir()
            except OSError:  # there is something in it
                return
            self._forget()

    def _forget(self) -> None:
        """Hold nothing any more."""
        if self._handle is not None:
            os.close(self._handle)
        self._handle = self._identity = None

    def relocation(self) -> Relocation | None:
        """What became of the folder, None where it is in its place, or nobody holds it."""
        if self._identity is None:
            return None
        try:
            result = os.stat(self._path)  # noqa: PTH116 - at every record
            if (result.st_dev, result.st_ino) == self._identity:
                return None
        except OSError:
            pass
        now = self._renamed()
        if now is None:
            message = (
                f"{self._path} was removed while a run wrote into it; what was in it is lost, and the same command begins anew"
            )
            return Relocation(self._path, message)
        return Relocation(
            now,
            f"{self._path} was renamed to {now} while a run wrote into it; what has finished is there: rename it back, "
            "or name it with -o, and the same command resumes",
        )

    def check(self) -> None:
        """See whether the folder is in its place.

        Raises:
            CannotWrite: where it is not.
        """
        relocation = self.relocation()
        if relocation is not None:
            raise CannotWrite(relocation.message)

    def _renamed(self) -> Path | None:
        """Under which name the folder is now, where the system can tell (Linux)."""
        try:
            path = Path(os.readlink(f"/proc/self/fd/{self._handle}"))  # noqa: PTH115 - no path of ours
            result = path.stat()
        except OSError:
            return None
        return path if (result.st_dev, result.st_ino) == self._identity else None
