"""SLURM jobs as the run that submitted them sees them: which have come, which have gone, and what their logs end with.

A job whose workers came and went, as at the end of its walltime, is submitted again while cells are left. A job that ends before
a worker of it has come is not: its reason is in its log, and the next one would end in the same way.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from prbench.errors import UsageError, one_line

LOOK_EVERY_S = 10.0
"""Seconds between two questions to SLURM, asked only while some job has no worker."""
_ASK_S = 60.0
_LOG_LINES = 3
_GONE = "invalid job id"


@dataclass
class Jobs:
    """The jobs of one cluster.

    Attributes:
        ids: SLURM's number of each job, by the name of its workers; called at every look, since jobs are submitted again.
        wanted: how many there shall be.
        resubmit: submits jobs until there are ``wanted`` again.
        log_directory: where the jobs' logs are; the working folder where None.
    """

    ids: Callable[[], Mapping[str, str]]
    wanted: int
    resubmit: Callable[[], object]
    log_directory: str | None = None
    _seen: set[str] = field(default_factory=set)
    _dead: dict[str, str] = field(default_factory=dict)
    _asked: float = field(default_factory=time.monotonic)
    _finished: int = -1

    def poll(self, workers: Collection[str], finished: int) -> str | None:
        """Take note of the workers that are there.

        Args:
            workers: their names, each its job's name, with a number behind it where the job has several.
            finished: how many cells have ended so far.

        Returns:
            A line for the user, where something has happened.

        Raises:
            UsageError: where all jobs have ended and none is worth another; its line ends with the end of a log.
        """
        ids = self.ids()
        self._seen |= {ids[name] for name in ids if any(worker == name or worker.startswith(f"{name}-") for worker in workers)}
        if time.monotonic() - self._asked < LOOK_EVERY_S:
            return None
        self._asked = time.monotonic()
        waiting = {number for number in ids.values() if number not in self._seen}
        gone = waiting - self._dead.keys() - self._alive(waiting) if waiting else set()
        for number in gone:
            self._dead[number] = self._end_of_log(number)
        if not workers and waiting <= self._dead.keys() and (self._dead or finished == self._finished):
            number, log = next(iter(self._dead.items()), ("", "no log was found"))
            raise UsageError(
                f"all {len(ids) or self.wanted} SLURM jobs have ended and no worker is left"
                + (f"; job {number}: {log}" if number else "; none ended a cell before it went")
                + "; what has finished stays, and the same command resumes"
            )
        if len(ids) < self.wanted and finished != self._finished:
            self._finished = finished
            self.resubmit()
            return f"{self.wanted - len(ids)} of {self.wanted} SLURM jobs have ended with their time; they are submitted again"
        if gone:
            number = next(iter(gone))
            return f"{len(self._dead)} of {self.wanted} SLURM jobs ended before a worker came; job {number}: {self._dead[number]}"
        return None

    def _alive(self, numbers: Collection[str]) -> set[str]:
        """Which of the jobs SLURM still has, waiting or running; all where it does not answer."""
        call = ["squeue", "--noheader", "--format=%i", f"--jobs={','.join(sorted(numbers))}"]
        try:
            told = subprocess.run(call, capture_output=True, text=True, timeout=_ASK_S, check=False)  # noqa: S603 - SLURM's own
        except (OSError, subprocess.TimeoutExpired):
            return set(numbers)
        if told.returncode and _GONE not in told.stderr.lower():
            return set(numbers)
        return {line.strip().partition("_")[0] for line in told.stdout.splitlines()}

    def _end_of_log(self, number: str) -> str:
        """The last lines of what a job has printed, in one."""
        folder = Path(self.log_directory or os.curdir)
        for path in sorted({*folder.glob(f"*-{number}.err"), *folder.glob(f"*-{number}.out")}):
            lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
            if lines:
                return f"{path} ends with: {one_line(' / '.join(lines[-_LOG_LINES:]), 300)}"
        return f"no log of it in {folder.absolute()}"
