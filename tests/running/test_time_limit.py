"""A file that a library reads for ever ends with one line."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from prbench.running.local.time_limit import how_it_ended


def test_a_process_that_never_ends_is_ended(tmp_path: Path) -> None:
    code = (
        "from prbench.running.local import time_limit\n"
        "time_limit._LEAST_S = 1\n"
        f"time_limit.limit_time(['{tmp_path}/absent'])\n"
        "while True: pass\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=100)
    assert done.returncode == -signal.SIGXCPU
    assert "SIGXCPU" in how_it_ended(done.returncode)


def test_a_death_is_told_by_its_signal_or_code() -> None:
    assert "SIGSEGV" in how_it_ended(-signal.SIGSEGV)
    assert "code 3" in how_it_ended(3)
