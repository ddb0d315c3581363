"""Stations as a remote executor's worker sees them: one for each run and cell at a time, started when it is needed.

What a station is, :mod:`.station` says. This module imports nothing that takes time: a worker of a cluster is quick to begin.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any

from prbench.errors import PrbenchError
from prbench.running.local.process_environment import environment_of


class RemoteHost:
    """A station as the worker that started it sees it.

    Attributes:
        setup: ``run`` (which run it serves), ``store``, ``folder`` (the working folder), ``marker``, ``threads``,
            ``memory_bytes``, ``hard_limit_s``, ``attempts`` (how often a cell is begun whose worker is lost each time) and
            ``variables``, which are set where the environment does not have them.
    """

    def __init__(self, setup: Mapping[str, Any]) -> None:
        self.setup = dict(setup)
        self._connection, theirs = multiprocessing.Pipe()
        call = f"from prbench.running.remote.station import main; main({theirs.fileno()}, {os.getpid()})"
        self._process = subprocess.Popen(  # noqa: S603 - our own module under the same interpreter
            [sys.executable, "-P", "-c", call],
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
            env={**setup["variables"], **environment_of(setup["threads"])},
        )
        theirs.close()
        self._connection.send_bytes(json.dumps(self.setup).encode())

    def compute(self, cells: list[Any]) -> list[Any]:
        """Compute a batch; see :func:`compute`.

        Raises:
            EOFError, OSError: where the station has ended.
            PrbenchError: where it cannot work, with its reason.
        """
        self._connection.send_bytes(json.dumps(cells).encode())
        reply: dict[str, Any] = json.loads(self._connection.recv_bytes())
        if "error" in reply:
            self.close()
            raise PrbenchError(reply["error"])
        return list(reply["ended"])

    @property
    def ending(self) -> str:
        """How the computation ended."""
        return f"exit code {self._process.returncode}"

    def close(self) -> None:
        """End it, and with it the worker process that it watches."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


_stations: dict[str, list[RemoteHost]] = {}
_idle: dict[str, list[RemoteHost]] = {}
_changing = threading.Lock()


def compute(setup: Mapping[str, Any], cells: list[Any]) -> list[Any]:
    """Compute cells at a station of this machine for the run that ``setup`` names; called by an executor's worker.

    Several threads may call it at a time; each is served by a station of its own.

    Args:
        setup: as :class:`RemoteHost` has it.
        cells: pairs of a cell's spec and the stamp of its record when the run began (:meth:`Store.stamp`);
            a cell whose stamp has changed since has ended, in a batch that was lost on its way back, and is not computed again.

    Returns:
        For each cell its status and seconds.

    Raises:
        PrbenchError: where records cannot be written, or the run was stopped.
    """
    for attempt in (0, 1):
        station = _take(setup)
        try:
            ended = station.compute(cells)
        except (EOFError, OSError) as failure:  # it had ended for want of work, or has been stopped
            station.close()
            if not _drop(station):
                raise PrbenchError("this run was stopped") from failure
            if attempt:
                raise PrbenchError(f"the process that computes its cells ended twice ({station.ending})") from failure
        except PrbenchError:
            _drop(station)
            raise
        else:
            with _changing:
                _idle.setdefault(setup["run"], []).append(station)
            return ended
    raise AssertionError


def _take(setup: Mapping[str, Any]) -> RemoteHost:
    with _changing:
        for run in [run for run in _stations if run != setup["run"]]:
            for other in _idle.pop(run, []):  # of a run that has ended, it seems
                other.close()
                _stations[run].remove(other)
            if not _stations[run]:
                del _stations[run]
        idle = _idle.setdefault(setup["run"], [])
        if idle:
            return idle.pop()
        station = RemoteHost(setup)
        _stations.setdefault(setup["run"], []).append(station)
        return station


def _drop(station: RemoteHost) -> bool:
    """Forget a station; False where it had been stopped."""
    with _changing:
        known = _stations.get(station.setup["run"], [])
        if station in known:
            known.remove(station)
            return True
        return False


def stop(run: str) -> None:
    """End the stations of a run, in the middle of a cell as well."""
    with _changing:
        _idle.pop(run, None)
        ending = _stations.pop(run, [])
    for station in ending:
        station.close()
