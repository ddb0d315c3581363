"""How a cell ends, in plain values: its status, its error, the arrays of its reconstruction."""

from __future__ import annotations

import dataclasses
import errno
import traceback
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from prbench.core import Problem, Reconstruction
from prbench.core.reconstruction import FIELDS
from prbench.errors import BadInput, DataNotFound, Diverged, MissingDependency, ProgramDied, one_line

from .loop import Status
from .store.files import plain_arrays
from .store.plain import plain


def describe(problem: Problem) -> dict[str, Any]:
    """A problem as the record holds it."""
    result: dict[str, Any] = plain(
        {
            "id": problem.id,
            "measurement": problem.measurement.describe(),
            "provenance": dataclasses.asdict(problem.provenance),
        }
    )
    return result


def error_of(stage: str, kind: str, message: str, trace: str = "", **more: str) -> dict[str, str]:
    """An error as the record holds it; a long traceback keeps its two ends."""
    if len(trace) > 20_000:
        trace = f"{trace[:5_000]}\n[…]\n{trace[-15_000:]}"
    return {"stage": stage, "type": kind, "message": message[:2_000], "traceback": trace, **more}


def message_of(failure: BaseException) -> str:
    """What an exception says; where it says nothing, as a bare ``assert`` does, the line that raised it."""
    if text := str(failure).strip():
        return text
    frames = traceback.extract_tb(failure.__traceback__)
    if not frames:
        return "no message"
    last = frames[-1]
    return f"no message; raised by {last.filename}:{last.lineno} in {last.name}: {one_line(last.line, 120)}"


def status_of(failure: BaseException) -> Status:
    """The status of a cell that ended with an exception."""
    if isinstance(failure, DataNotFound | MissingDependency):
        return "skipped"
    if isinstance(failure, Diverged | FloatingPointError):
        return "diverged"
    if isinstance(failure, SystemExit | ProgramDied):
        return "crashed"
    return "out_of_memory" if _out_of_memory(failure) else "error"


def status_named(name: str) -> Status:
    """The status that another process tells of a solver that failed; ``error`` where it is none of those."""
    return cast("Status", name) if name in ("skipped", "diverged", "crashed", "out_of_memory") else "error"


def _out_of_memory(failure: BaseException) -> bool:
    """Whether numpy, torch, cupy or the system says that there is no more memory."""
    if isinstance(failure, MemoryError) or (isinstance(failure, OSError) and failure.errno == errno.ENOMEM):
        return True
    texts = ("can't allocate memory", "not enough memory", "out of memory")
    return isinstance(failure, RuntimeError) and any(text in str(failure) for text in texts)


def arrays_of(reconstruction: Reconstruction) -> dict[str, np.ndarray]:
    """A reconstruction as named arrays; what a solver added stands under ``aux.<name>``.

    Raises:
        PrbenchError: where it added something that is neither an array nor a number nor text.
    """
    extra = {f"aux.{name}": value for name, value in reconstruction.aux.items() if value is not None}
    return plain_arrays({**dict(reconstruction.items()), **extra})


def reconstruction_of(arrays: Mapping[str, Any]) -> Reconstruction:
    """The inverse of :func:`arrays_of`.

    Raises:
        BadInput: for arrays that are none of a reconstruction's.
    """
    named = {name: array for name, array in arrays.items() if not name.startswith("aux.")}
    unknown = sorted(named.keys() - set(FIELDS))
    if unknown:
        raise BadInput(
            f"stored arrays of a reconstruction are {', '.join(FIELDS)} and aux.<name>, got {one_line(unknown[0], 60)}"
        )
    aux = {name[4:]: array if array.ndim else array.item() for name, array in arrays.items() if name.startswith("aux.")}
    return Reconstruction(**named, aux=aux)
