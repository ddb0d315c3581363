import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest

from prbench.running.request.cell import find_plugin, make_cell
from prbench.running.store.index import TABLE
from prbench.running.store.parquet import write_table
from prbench.running.store.record import Record

RECORDS = 100_000


@pytest.fixture(scope="module")
def compacted(tmp_path_factory):
    """A store of which only the table is there, as `prbench compact` leaves it."""
    folder = tmp_path_factory.mktemp("compacted")
    rng = np.random.default_rng(0)
    solvers = [find_plugin("solver", name) for name in ("er", "hio", "raar", "hio-er", "hio-er[starts=4]")]
    datasets = [find_plugin("dataset", name) for name in ("crystal2d", "crystal2d[photons=100]")]
    cells = [make_cell(s, d, sample=0, seed=0, backend="numpy") for s in solvers for d in datasets]
    texts = {}
    for number in range(RECORDS):
        cell = dataclasses.replace(cells[number % len(cells)], sample=number // len(cells) // 10, seed=number // len(cells) % 10)
        metrics = {"sa_nmse": 10 ** rng.normal(-2, 1), "r_factor": rng.random(), "psnr": rng.random(), "ssim": rng.random()}
        record = Record.of(cell, "ok", metrics=metrics, cost={"latency_s": rng.random(), "latency_fft": 1e3 * rng.random()})
        texts[record.key] = record.to_json()
    with (folder / TABLE).open("wb") as file:
        write_table(file, texts, dict.fromkeys(texts, 0), {})
    return folder


@pytest.mark.parametrize("verb", ["leaderboard", "status"])
def test_compacted_records_are_told(benchmark, compacted, verb):
    code = "from prbench.cli import main; main()"
    command = [sys.executable, "-c", code, verb, str(compacted)]

    def tell():
        return subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "100"}).stdout

    assert "hio-er[starts=4]" in tell()
    benchmark.extra_info["records"] = RECORDS
    benchmark.pedantic(tell, rounds=3)
    assert benchmark.stats.stats.min < 3.0
