"""A limit to the processor time of a process that reads users' files: in a damaged one a library may go on for ever."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterable
from pathlib import Path

_LEAST_S = 30
_BYTES_PER_S = 1e6
"""Slower than any reader, so that a large file is not taken for a damaged one."""


def limit_time(paths: Iterable[str]) -> None:
    """End this process by SIGXCPU when it has taken longer than reading ``paths`` can take."""
    size = sum(path.stat().st_size for path in map(Path, paths) if path.is_file())
    seconds = _LEAST_S + int(size / _BYTES_PER_S)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds if hard == resource.RLIM_INFINITY else min(seconds, hard), hard))


def how_it_ended(returncode: int) -> str:
    """What happened to a process that was to read a file and did not answer, in words."""
    if returncode == -signal.SIGXCPU:
        return "the library that reads it does not come to an end (SIGXCPU); the file is damaged, or made to do this"
    how = signal.Signals(-returncode).name if returncode < 0 else f"exit code {returncode}"
    return f"the library that reads it died ({how}); the file is damaged, or made to do this"
