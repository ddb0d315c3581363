"""What many records cost to read, and what it costs to keep new ones safe from power cuts.

Processor time stands beside an FFT pair of 256 x 256 complex64 numbers timed in the same process, 0.4 ms where nothing else runs
on the machine of reference, so that numbers of a busy one can be read. ``PRBENCH_RECORDS`` and ``PRBENCH_COMPACTED`` say how
many.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from prbench.running.request.cell import Cell
from prbench.running.store.folder import Store
from prbench.running.store.record import Record

sys.path.insert(0, str(Path(__file__).parent))
import synthetic_records

LOOSE = int(os.environ.get("PRBENCH_RECORDS", "70000"))
COMPACTED = int(os.environ.get("PRBENCH_COMPACTED", "1000000"))
MEASURE = str(Path(__file__).with_name("measured_command.py"))


def measured(benchmark, *words: object) -> dict[str, float]:
    """What a command cost, noted in the benchmark."""
    call = [sys.executable, MEASURE, *map(str, words)]
    done = benchmark.pedantic(lambda: subprocess.run(call, capture_output=True, text=True, check=True), rounds=1)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    found["processor_s_at_0.4_ms"] = found["processor_s"] * 4e-4 / found["fft_pair_s"]
    benchmark.extra_info.update(found)
    assert found["exit_code"] == 0
    return found


@pytest.fixture(scope="module")
def loose(tmp_path_factory):
    """Records in files of their own."""
    folder = tmp_path_factory.mktemp("loose")
    synthetic_records.write(LOOSE, folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def compacted(tmp_path_factory):
    """Records in tables."""
    folder = tmp_path_factory.mktemp("compacted")
    synthetic_records.write_tables(COMPACTED, folder)
    yield folder
    shutil.rmtree(folder)


def test_first_status_of_loose_records(benchmark, loose):
    """Reads every file and leaves the tables: less than 10 s of processor time at 0.4 ms, and 400 MB."""
    assert measured(benchmark, "status", loose)["peak_bytes"] < 400e6


def test_second_status(benchmark, loose):
    """Reads tables alone."""
    measured(benchmark, "status", loose)


@pytest.mark.parametrize("command", ["status", "leaderboard"])
def test_compacted_records(benchmark, compacted, command):
    """A million: less than 5 s and 500 MB for ``status``, less than 15 s for ``leaderboard``."""
    peak = measured(benchmark, command, compacted)["peak_bytes"]
    assert peak < (500e6 if command == "status" else 4e9)


def test_outcomes_of_compacted_records(benchmark, compacted):
    """What a run that resumes holds of the records that are there: bytes per record."""
    before = psutil.Process().memory_info().rss
    found = benchmark.pedantic(Store(compacted).outcomes, rounds=1)
    benchmark.extra_info.update(records=len(found), bytes_per_record=(psutil.Process().memory_info().rss - before) / len(found))
    assert len(found) == COMPACTED // 256 * 256


@pytest.mark.parametrize("flushed", [True, False])
def test_writing(benchmark, tmp_path, flushed):
    """Seconds to write a record with a reconstruction of 64 x 64 after a cell of 20 ms, with and without waiting for the disk."""
    store, count, pause_s = Store(tmp_path), 300, 0.02
    arrays = {"object": np.ones((64, 64), np.complex64)}
    if not flushed:
        store._flushing.before_rename = lambda file: None
    spent = []

    def write_all():
        for number in range(count):
            time.sleep(pause_s)
            record = Record(Cell("hio", {}, "dots", {}, "far-field", sample=number), "ok", "hio", "dots")
            began = time.perf_counter(), time.process_time()
            store.write(record, arrays)
            if flushed:
                store.flush_soon()
            spent.append((time.perf_counter() - began[0], time.process_time() - began[1]))

    benchmark.pedantic(write_all, rounds=1)
    clock, processor = np.mean(spent, axis=0)
    benchmark.extra_info.update(seconds_per_record=clock, processor_s_per_record=processor)
