"""How much time the job has left that a worker is in."""

from __future__ import annotations

import math
import os
import time

ENDS = "PRBENCH_JOB_ENDS"
"""The variable with the time at which a worker's job is ended, in seconds since 1970; jobs of :mod:`.cluster` set it."""


def rest_s() -> float:
    """Seconds until the job's walltime is over; infinite where nobody says. SLURM tells its own time, from version 22.05 on."""
    for name in (ENDS, "SLURM_JOB_END_TIME"):
        try:
            return float(os.environ[name]) - time.time()
        except (KeyError, ValueError):
            continue
    return math.inf
