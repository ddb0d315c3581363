"""A process that makes processes for solvers: warm, and with nothing in it that a solver must not see.

It is started from scratch, or forked from a worker that has imported libraries and been told nothing. It never imports a solver's
code, has one thread, and forks: a fresh process is there within milliseconds. Where forks are not safe (macOS),
:class:`~prbench.running.local.starters.Spawner` starts processes from scratch, one ahead of its use.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import json
import os
import resource
import signal
import socket
import sys
import time
import warnings
from typing import Any

from .channel import Channel
from .children import adopt_orphans, end_with_parent
from .solving_process import HEAVY, serve

REQUEST_BYTES = 4096
_ENDING_S = 1.0
"""How long a process may take from closing its channel to its end."""


def main(control_fd: int, trace_fd: int, parent: int) -> None:
    """Fork and reap on request until the control socket closes.

    Args:
        control_fd: a socket; requests and replies are JSON, descriptors come along.
        trace_fd: pipe for the stacks that a crash or SIGUSR1 leaves.
        parent: process id of the parent.
    """
    end_with_parent(parent)
    prepare_process(trace_fd)
    importlib.import_module("prbench.running.executing")  # imported here, it is watched in every process
    control = socket.socket(fileno=control_fd)
    control.set_inheritable(False)
    while True:
        data, fds, _, _ = socket.recv_fds(control, REQUEST_BYTES, 4)
        if not data:
            return
        asked = json.loads(data)
        if asked["do"] == "kill":
            os.kill(asked["pid"], signal.SIGKILL)
        if asked["do"] in ("reap", "kill"):
            control.sendall(json.dumps({"code": _reap(asked["pid"])}).encode())
            continue
        for name in asked["preload"]:
            if name in HEAVY:
                importlib.import_module(name)
        gc.collect()
        gc.freeze()
        server = os.getpid()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # OpenBLAS ends its own threads before a fork
            pid = os.fork()
        if pid == 0:
            control.close()
            _be_solver(fds, asked, server)
        for fd in fds:
            os.close(fd)
        control.sendall(json.dumps({"pid": pid}).encode())


def prepare_process(trace_fd: int) -> None:
    """What every process that runs a solver's code begins with: stacks on request, no core files, no interruption."""
    os.set_inheritable(trace_fd, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable(file=trace_fd, all_threads=True)
    faulthandler.register(signal.SIGUSR1, file=trace_fd, all_threads=True, chain=False)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _be_solver(fds: list[int], asked: dict[str, Any], server: int) -> None:
    code = 1
    try:
        end_with_parent(server)
        adopt_orphans()
        channel = Channel(fds[0], fds[0], fds[1], fds[2])
        serve(channel, asked["threads"], asked["memory_bytes"])
        code = 0
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _reap(pid: int) -> int:
    """How a process that closes its channel has ended: an exit code, or minus a signal; it is killed where it does not end."""
    until = time.monotonic() + _ENDING_S
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done or time.monotonic() > until:
            break
        time.sleep(0.001)
    if not done:
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)
