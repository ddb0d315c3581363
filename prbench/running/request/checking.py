"""Reading users' files once before a run, in a process of its own: a library that a damaged file crashes takes nothing along."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

from prbench import errors
from prbench.errors import PrbenchError, UsageError, one_line
from prbench.running.environment import available_memory
from prbench.running.local.memory import limit_memory
from prbench.running.local.process_environment import environment_of
from prbench.running.local.time_limit import how_it_ended, limit_time

from .cell import Cell


def check_inputs(cells: Iterable[Cell]) -> dict[str, list[str]]:
    """Make a problem from every user's file in every way asked for, so that a bad one is told before anything is written.

    Returns:
        What is suspicious, by dataset as spelled, where anything is.

    Raises:
        UsageError: in one line, for a file that is not what it must be, or that brings down what reads it.
    """
    distinct = {(cell.dataset, cell.inputs, *cell.dataset_params.values()): cell for cell in cells if cell.inputs}
    if not distinct:
        return {}
    call = [sys.executable, "-P", "-c", "from prbench.running.request.checking import main; main()"]
    specs = json.dumps([cell.to_plain() for cell in distinct.values()]).encode()
    done = subprocess.run(call, input=specs, capture_output=True, check=False, env=environment_of(1))  # noqa: S603 - our own module
    if done.returncode == 0:
        reply: dict[str, Any] = json.loads(done.stdout or b"{}")
        if "error" in reply:
            kind = getattr(errors, reply["kind"], UsageError)
            raise (kind if issubclass(kind, PrbenchError) else UsageError)(reply["error"])
        return dict(reply.get("warnings", {}))
    at = (done.stderr.rpartition(b"\0at ")[2].partition(b"\n")[0]).decode("utf-8", errors="replace")
    raise UsageError(f"{one_line(at, 200)}: {how_it_ended(done.returncode)}")


def main() -> None:
    """Make the problems of the cells on stdin, and answer on stdout."""
    answer = os.dup(1)
    os.dup2(2, 1)  # what libraries print is not the answer
    limit_memory(int(0.9 * available_memory()))
    reply: dict[str, Any] = {}
    said: dict[str, list[str]] = {}
    try:
        cells = [Cell.from_plain(spec) for spec in json.load(sys.stdin)]
        limit_time(path for cell in cells for path in cell.build_dataset().inputs)
        for cell in cells:
            os.write(2, f"\0at {one_line(cell.dataset_spelled, 180)}\n".encode())
            lines = said.setdefault(cell.dataset_spelled, [])
            lines += [line for line in cell.public_problem().warnings if line not in lines]
        reply = {"warnings": {name: lines for name, lines in said.items() if lines}}
    except PrbenchError as failure:
        reply = {"kind": type(failure).__name__, "error": str(failure)}
    except MemoryError:
        reply = {
            "kind": "BadInput",
            "error": f"{cell.dataset_spelled}: reading it takes more memory than there is; crop it first",
        }
    except Exception as failure:  # noqa: BLE001 - a stranger's dataset may raise anything
        text = f"{cell.dataset_spelled}: {type(failure).__name__}: {one_line(failure)}"
        reply = {"kind": "UsageError", "error": text}
    os.write(answer, json.dumps(reply).encode())
