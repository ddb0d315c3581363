"""A solver's process started from scratch, where forks are not safe."""

from __future__ import annotations

import importlib
import os
import select
import signal
import threading

from .channel import Channel
from .children import adopt_orphans, end_with_parent
from .fork_server import prepare_process
from .solving_process import HEAVY, serve


def main(
    socket_fd: int,
    sent_fd: int,
    received_fd: int,
    trace_fd: int,
    parent: int,
    threads: int,
    memory_bytes: int | None,
    heavy: list[str],
) -> None:
    """Serve one channel until it closes; see :func:`prbench.running.local.solving_process.serve`.

    Args:
        socket_fd: the channel's socket.
        sent_fd: the memory file that this side writes.
        received_fd: the one that it reads.
        trace_fd: pipe for the stacks that a crash or SIGUSR1 leaves.
        parent: process id of the parent.
        threads: CPU threads.
        memory_bytes: what may be allocated.
        heavy: libraries to import before the first request.
    """
    end_with_parent(parent)
    prepare_process(trace_fd)
    adopt_orphans()
    for fd in (socket_fd, sent_fd, received_fd):
        os.set_inheritable(fd, False)
    threading.Thread(target=_end_with_channel, args=(socket_fd,), daemon=True, name="prbench-parent-watch").start()
    for name in heavy:
        if name in HEAVY:
            importlib.import_module(name)
    serve(Channel(socket_fd, socket_fd, sent_fd, received_fd), threads, memory_bytes)
    os._exit(0)


def _end_with_channel(fd: int) -> None:
    """End this process when the other side has gone, also in the middle of a solve."""
    poll = select.poll()
    poll.register(fd, 0)  # reports nothing but the other end's disappearance
    poll.poll()
    os.kill(os.getpid(), signal.SIGKILL)
