"""What the gate catches of planted work, and that it lets an unchanged version pass: ``pytest tests/perf/test_gate_perf.py``.

Each of 20 runs compares two versions of one solver on eight samples, as ``prbench check --base-python`` does, while ten processes
keep the machine busy. The counts are printed with the benchmark; 19 of 20 are asked for at +20 % and 20 of 20 without a change.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from prbench.gate.checking import in_turn
from prbench.running.request.spec import Matrix

RUNS = int(os.environ.get("GATE_RUNS", "20"))
BUSY = int(os.environ.get("GATE_BUSY", "10"))
SOLVER = f"{Path(__file__).with_name('gate_planted.py')}:Planted"


@pytest.fixture
def busy_machine():
    """Processes that do nothing but compete."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: sum(range(1000))"]) for _ in range(BUSY)]
    yield
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.usefixtures("busy_machine")
@pytest.mark.parametrize("work", [1.0, 1.1, 1.2])
def test_planted_work(benchmark, tmp_path, work):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPLANTED_WORK={work} exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    cells = Matrix.of("planted", solvers=[SOLVER], datasets=["crystal2d[size=16]"], samples=8, backend="numpy").cells()
    found, loads = [], []

    def check():
        found.append({finding.what for finding in in_turn(cells, {"base": None, "head": str(python)}, 4).regressions})
        loads.append(os.getloadavg()[0])

    benchmark.pedantic(check, rounds=RUNS)
    benchmark.extra_info.update(
        work=work, runs=RUNS, slower=sum("time" in what for what in found), others=sum(bool(what - {"time"}) for what in found)
    )
    benchmark.extra_info.update(load=round(sum(loads) / len(loads), 1))
    assert len(found) == RUNS
