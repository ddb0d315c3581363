"""Claims: which run is at which cell of a folder that several runs fill at once, on this machine and on others.

A run has a file of its own in ``claims/``, whose time it renews every few seconds: its heartbeat. A claim is a hard link to that
file under the key of a cell, so that making one is atomic, on NFS as well, and one heartbeat keeps all of a run's claims alive.
Where links are not supported, a claim is a file of its own, made exclusively and renewed by itself. A claim whose heartbeat has
missed six beats, or whose process on this machine has ended, is abandoned and may be taken. Times are compared with that of the
run's own file, as the same file server set it: clocks of machines may differ.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import psutil

from .store.files import cannot_write

BEAT_S = 15.0
STALE_S = 6 * BEAT_S
_OWNER = ".run-"
_FORGOTTEN_S = 24 * 3600.0


class Claims:
    """The claims of one run; use as a context manager, which gives back all that it holds.

    Args:
        folder: of the results.
        note: what other runs may want to know of this one, such as its shard.
        beat_s, stale_s: seconds between heartbeats, and after how many without one a claim is abandoned.
    """

    def __init__(
        self, folder: Path, note: Mapping[str, Any] | None = None, *, beat_s: float = BEAT_S, stale_s: float = STALE_S
    ) -> None:
        self._folder = folder / "claims"
        self._owner = self._folder / f"{_OWNER}{secrets.token_hex(8)}"
        self._note = {**_this_process(), **(note or {})}
        self._beat_s, self._stale_s = beat_s, stale_s
        self._held: set[str] = set()
        self._links = True
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name="prbench-heartbeat")

    def __enter__(self) -> Self:
        """Begin the heartbeat.

        Raises:
            CannotWrite: where the folder takes no file.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._write(self._owner)
            self._inode = self._owner.stat().st_ino
        except OSError as error:
            raise cannot_write(self._owner, error) from error
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        for key in list(self._held):
            self.release(key)
        self._owner.unlink(missing_ok=True)
        self._sweep()
        with contextlib.suppress(OSError):
            self._folder.rmdir()

    def take(self, key: str) -> bool:
        """Claim a cell; False where a living run has it."""
        path = self._folder / key
        for _ in range(2):
            if self._make(path):
                self._held.add(key)
                return True
            if not self._displaced(path):
                return False
        return False

    def release(self, key: str) -> None:
        """Give a cell back; what another run has taken over meanwhile stays that run's."""
        self._held.discard(key)
        path = self._folder / key
        with contextlib.suppress(OSError):
            if self._is_mine(path):
                path.unlink()

    def others(self) -> Iterator[dict[str, Any]]:
        """The notes of the other runs into this folder that are alive."""
        for path in sorted(self._folder.glob(f"{_OWNER}*")):
            if path != self._owner and (result := _looked_at(path)) is not None and not self._is_abandoned(*result):
                yield result[1]

    def _make(self, path: Path) -> bool:
        """Make a claim; False where there is one."""
        if self._links:
            try:
                os.link(self._owner, path)
            except FileExistsError:
                return self._is_mine(path)  # the file server had done it, and its answer was lost
            except OSError:  # a file system without links, or too many of them
                self._links = False
            else:
                return True
        try:
            self._write(path)
        except FileExistsError:
            return False
        return True

    def _write(self, path: Path) -> None:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        with os.fdopen(handle, "wb") as file:
            file.write(json.dumps({**self._note, "run": self._owner.name}).encode())

    def _is_mine(self, path: Path) -> bool:
        try:
            if path.stat().st_ino == self._inode:
                return True
        except FileNotFoundError:
            return False
        result = _looked_at(path)
        return result is not None and result[1].get("run") == self._owner.name

    def _displaced(self, path: Path) -> bool:
        """Remove a claim that is abandoned; whether there is none now."""
        result = _looked_at(path)
        if result is None:
            return True
        if not self._is_abandoned(*result):
            return False
        aside = self._folder / f".stale-{secrets.token_hex(8)}"
        try:
            os.rename(path, aside)  # noqa: PTH104 - beside os.link
        except FileNotFoundError:
            return True
        moved = _looked_at(aside)
        if moved is not None and moved[1].get("run") != result[1].get("run"):  # another run had displaced it first
            with contextlib.suppress(OSError):
                os.link(aside, path)
        aside.unlink(missing_ok=True)
        return True

    def _is_abandoned(self, time_s: float, note: Mapping[str, Any]) -> bool:
        mine = _this_process()
        if note.get("machine") == mine["machine"] and not _is_alive(note.get("process"), note.get("began")):
            return True
        return self._now() - time_s > self._stale_s

    def _now(self) -> float:
        """The time by the clock of the file system."""
        os.utime(self._owner)
        return self._owner.stat().st_mtime

    def _beat(self) -> None:
        while not self._ended.wait(self._beat_s):
            for path in (self._owner, *([] if self._links else [self._folder / key for key in list(self._held)])):
                with contextlib.suppress(OSError):
                    os.utime(path)

    def _sweep(self) -> None:
        """Remove the files of runs that ended long ago without being able to."""
        for path in self._folder.glob(".*"):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < self._folder.stat().st_mtime - _FORGOTTEN_S:
                    path.unlink()


def _looked_at(path: Path) -> tuple[float, dict[str, Any]] | None:
    """When a claim was last renewed, and its note; opened, so that NFS does not answer from its cache. None where it is gone."""
    try:
        with path.open("rb") as file:
            time_s = os.fstat(file.fileno()).st_mtime
            note = json.loads(file.read() or b"{}")
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return path.stat().st_mtime, {}
    return time_s, note if isinstance(note, dict) else {}


def _this_process() -> dict[str, Any]:
    process = psutil.Process()
    return {"machine": _machine(), "process": process.pid, "began": process.create_time()}


def _machine() -> str:
    """What only processes share that see each other: machine, its start, and the namespace of process ids."""
    parts = [os.uname().nodename]
    for path in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        with contextlib.suppress(OSError):
            parts.append(os.readlink(path) if path.endswith("pid") else Path(path).read_text(encoding="ascii").strip())  # noqa: PTH115
    return " ".join(parts)


def _is_alive(process: object, began: object) -> bool:
    """Whether a process of this machine is running; True where that cannot be told."""
    if type(process) is not int or type(began) is not float:
        return True
    try:
        return abs(psutil.Process(process).create_time() - began) < 1.0
    except psutil.NoSuchProcess:
        return False
    except (psutil.Error, ValueError, OverflowError):
        return True
