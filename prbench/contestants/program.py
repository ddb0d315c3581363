"""One running program: started, asked, watched, and ended."""

from __future__ import annotations

import contextlib
import os
import platform
import resource
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from prbench.errors import MissingDependency, PrbenchError, ProgramDied, one_line

from .link import BadAnswer, Link
from .memory_reader import MemoryReader

_KEPT = 16_384
"""Bytes kept of what a program prints last."""
_LOOK_EVERY_S = 0.5
_QUOTED = 400
_LINUX = platform.system() == "Linux"
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_HIDDEN = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "PRBENCH_DATA", "PRBENCH_TUNED")
"""Variables that a program does not inherit: prbench's own packages and folders are none of its business."""


class ProgramError(PrbenchError):
    """A program has answered that it failed.

    Attributes:
        kind: name of the exception, as the program says.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Program:
    """A process that answers requests one after another.

    Args:
        name: of the contestant, for messages.
        call: program and arguments; ``{channel}`` stands for the folder of the link.
        threads: CPU threads that its libraries are told to use.

    Raises:
        MissingDependency: where there is no such program.
    """

    def __init__(self, name: str, call: Sequence[str], threads: int) -> None:
        self.name, self.owner = name, os.getpid()
        self._link = Link()
        self._printed = bytearray()
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        words = [word.replace("{channel}", str(self._link.folder)) for word in call]
        inherited = {key: value for key, value in os.environ.items() if key not in _HIDDEN}
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the program that the user has chosen
                words,
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                cwd=tempfile.gettempdir(),
                env={**inherited, **dict.fromkeys(_THREADS, str(threads))},
            )
        except OSError as error:
            os.close(reading)
            self._link.close()
            raise MissingDependency(f"{name}: {words[0]} cannot be started: {error.strerror}") from error
        finally:
            os.close(writing)
        self._output: int | None = reading
        self._named = True

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can be asked: it runs, and this process has started it."""
        return self.owner == os.getpid() and self._output is not None and self._process.poll() is None

    def ask(
        self, request: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Send a request and wait for its answer.

        Raises:
            ProgramError: where it says that it failed.
            ProgramDied: where it has ended.
            BadAnswer: where it answers what is no answer; it is ended then.
        """
        self._link.send({**request, "in_place": self._link.reader is not None}, arrays)
        try:
            header, found = self._wait()
        except BadAnswer as failure:
            self.end()
            raise BadAnswer(f"{self.name}: {failure}") from failure
        if self._named:
            self._link.remove_names()
            self._named = False
        held = header.pop("memory", None)
        if held is not None and (reader := MemoryReader(self.pid)).finds(held):
            self._link.reader = reader
        if isinstance(error := header.get("error"), dict):
            kind, message, trace = (str(error.get(key, "")) for key in ("type", "message", "traceback"))
            refusal = ProgramError(kind, f"{self.name}: {kind}: {one_line(message, 1000) or 'no reason given'}")
            refusal.add_note(trace)  # which tracebacks show, and messages leave out
            raise refusal
        return header, found

    def _wait(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        waiting = select.poll()
        waiting.register(self._link.answers, select.POLLIN)
        if self._output is not None:
            waiting.register(self._output, select.POLLIN)
        while True:
            ready = [fd for fd, _ in waiting.poll(1e3 * _LOOK_EVERY_S)]
            if self._output in ready and not self._drain():
                waiting.unregister(self._output)
            if (answer := self._link.take()) is not None:
                return answer
            if self._process.poll() is not None:
                self._drain()
                if (answer := self._link.take()) is not None:
                    return answer
                code = self._process.returncode
                words = self._last_words()
                self.end()
                raise ProgramDied(f"{self.name}: the program {_how(code)}{words}")

    def _drain(self) -> bool:
        """Read what it has printed, at most a mebibyte; False at its end."""
        assert self._output is not None
        for _ in range(16):
            try:
                piece = os.read(self._output, 1 << 16)
            except BlockingIOError:
                return True
            if not piece:
                return False
            self._printed += piece
            del self._printed[:-_KEPT]
        return True

    def _last_words(self) -> str:
        said = one_line(self._printed[-_QUOTED:].decode("utf-8", errors="replace"), _QUOTED)
        return f"; it said last: {said}" if said else ", and said nothing"

    def processor_seconds(self) -> float:
        """Processor time that it has taken so far, as the system says."""
        if _LINUX:
            try:
                return time.clock_gettime((~self.pid << 3) | 2)  # the processor clock of another process
            except OSError:
                return 0.0
        import psutil

        try:
            times = psutil.Process(self.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return float(times.user + times.system)

    def share_memory_limit(self) -> None:
        """Let it allocate as much more than it has as this process may; nothing where there is no limit, or no way to set one."""
        soft, _ = resource.getrlimit(resource.RLIMIT_DATA)
        if soft == resource.RLIM_INFINITY or not hasattr(resource, "prlimit"):
            return
        mine, its = _data_bytes("self"), _data_bytes(str(self.pid))
        if mine is not None and its is not None:
            with contextlib.suppress(OSError, ValueError):  # it has just ended, which the next question tells
                _, hard = resource.prlimit(self.pid, resource.RLIMIT_DATA)
                resource.prlimit(self.pid, resource.RLIMIT_DATA, (its + max(0, soft - mine), hard))

    def end(self) -> None:
        """End it, and give back what it held here."""
        if self.owner != os.getpid():
            return  # a fork's copy; the program is its parent's
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._output is not None:
            os.close(self._output)
            self._output = None
        self._link.close()


def _data_bytes(pid: str) -> int | None:
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("VmData:")), None)


def _how(code: int) -> str:
    if code >= 0:
        return f"ended itself with exit code {code}"
    text = f"ended with signal {-code} ({signal.Signals(-code).name})"
    return f"{text}, as the kernel ends what takes the last memory" if code == -signal.SIGKILL else text
