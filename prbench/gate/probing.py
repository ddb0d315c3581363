"""Measuring cells with a Python of one's choice, in a process that may crash or hang."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Any, Self

from prbench.errors import PrbenchError, one_line
from prbench.running.request.cell import Cell

_SCRIPT = Path(__file__).with_name("probe.py")
_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}
"""Freed memory is kept, as workers keep it: returning pages and faulting them in again costs much, by chance."""
_GRACE_S = 30.0
_NO_LIMIT_S = 600.0
"""How long a cell without a time limit may take: a gate that hangs is no gate."""


class Probe:
    """A process that solves cells with the prbench of one Python.

    Args:
        python: the interpreter; the running one where None.
        threads: CPU threads of the solver, the same for every probe that is compared.
    """

    def __init__(self, python: str | Path | None = None, threads: int = 1) -> None:
        self.python = str(python or sys.executable)
        self._threads = threads
        self._process: subprocess.Popen[str] | None = None
        self._errors: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def cpu_class(self) -> dict[str, Any]:
        """What decides the last bits of this probe's results, see :func:`prbench.gate.probe.cpu_class`.

        Raises:
            PrbenchError: where the process cannot tell.
        """
        answer = self._answer({"what": "cpu_class"}, _NO_LIMIT_S)
        if "processor" not in answer:
            raise PrbenchError(f"{self.python} does not tell its class of processor: {one_line(answer.get('error', ''), 300)}")
        return answer

    def ask(self, cell: Cell, what: str = "cost", repeat_s: float = 0.0) -> dict[str, Any]:
        """Solve ``cell`` once and tell what it cost; see :mod:`prbench.gate.probe` for the answer.

        A process that dies or hangs is an answer too, with status ``crashed`` or ``killed``; the next question starts another.

        Args:
            cell: what to solve.
            what: ``cost``; ``time``, the same without scores; or ``allocations``, memory alone, which is traced and slow.
            repeat_s: solve again until so much processor time is spent, and tell the fastest solve's.

        Raises:
            PrbenchError: where this Python cannot be started.
        """
        limit = _NO_LIMIT_S if cell.time_limit_s is None else 1.5 * cell.time_limit_s
        return self._answer({**_question(cell, what), "repeat_s": repeat_s}, limit)

    def _answer(self, question: dict[str, Any], limit: float) -> dict[str, Any]:
        process = self._started()
        killed = threading.Event()

        def kill() -> None:
            killed.set()
            process.kill()

        timer = threading.Timer(2 * limit + _GRACE_S, kill)  # a first solve warms up besides
        timer.start()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        said = self._end()
        return {"status": "killed" if killed.is_set() else "crashed", "error": said}

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            # OMP_NUM_THREADS is read by torch, MKL and prbench alike, in older versions of prbench too.
            environment = {**os.environ, **_KEEP_MEMORY, "OMP_NUM_THREADS": str(self._threads)}
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
            try:
                self._process = subprocess.Popen(  # noqa: S603 - the interpreter that the user named
                    [self.python, "-P", str(_SCRIPT)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._errors,
                    text=True,
                    encoding="utf-8",
                    env=environment,
                )
            except OSError as error:
                self._errors.close()
                raise PrbenchError(f"{self.python}: {error.strerror}; name the Python of an environment with prbench") from error
        return self._process

    def _end(self) -> str:
        """Stop the process; returns the end of what it wrote to standard error."""
        process, errors, self._process, self._errors = self._process, self._errors, None, None
        if process is None or errors is None:
            return ""
        process.kill()
        process.communicate()
        errors.seek(0)
        said = errors.read()[-4000:].decode("utf-8", "replace")
        errors.close()
        return f"exit code {process.returncode}\n{said}"


def _question(cell: Cell, what: str) -> dict[str, Any]:
    return {
        "what": what,
        "solver": cell.solver_spelled,
        "dataset": cell.dataset_spelled,
        "sample": cell.sample,
        "split": cell.split,
        "seed": cell.seed,
        "backend": cell.backend,
        "precision": cell.precision,
        "time_limit_s": cell.time_limit_s,
    }
