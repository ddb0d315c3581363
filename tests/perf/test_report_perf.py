"""What the report costs: to write, and to open in a browser."""

import dataclasses
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from _chromium import MISSING, Browser, find

from prbench.reporting.html import write_report
from prbench.running.cell import find_plugin, make_cell
from prbench.running.record import Record
from prbench.running.results import ResultSet
from prbench.running.store import Store

RECORDS = 10_000
SOLVERS = ("er", "hio", "raar", "rrr", "difference-map", "hio[beta=0.8]", "raar[beta=0.8]", "hio-er", "hio-er[starts=4]", "ml")
DATASETS = ("crystal2d", *(f"crystal2d[photons={n}]" for n in (1, 10, 100, 1000)))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of records as a run leaves them: one file each, with curves, a few failures, and a few arrays."""
    store = Store(tmp_path_factory.mktemp("report"))
    rng = np.random.default_rng(0)
    environment = store.write_environment({"python": "3.11"})
    solvers, datasets = [find_plugin("solver", s) for s in SOLVERS], [find_plugin("dataset", d) for d in DATASETS]
    cells = [make_cell(s, d, sample=0, seed=0, backend="numpy") for s in solvers for d in datasets]
    steps = list(range(0, 1020, 20))
    for number in range(RECORDS):
        turn = number // len(cells)
        cell = dataclasses.replace(cells[number % len(cells)], sample=turn // 10, seed=turn % 10)
        curve = {"iteration": steps, "seconds": [1e-3 * s for s in steps], "residual": list(10 ** rng.normal(-2, 1, len(steps)))}
        metrics = {name: float(10 ** rng.normal(-2, 1)) for name in ("sa_nmse", "r_factor", "psnr", "ssim", "frc", "sa_mse")}
        cost = {name: float(1e3 * rng.random()) for name in ("latency_s", "latency_fft", "fft_pair_s", "peak_memory_host")}
        done = {"environment": environment, "started": "2026-01-01T00:00:00", "ended": "2026-01-01T00:00:01", "code_id": "0" * 32}
        arrays = {"object": rng.normal(size=(64, 64)).astype(np.complex64)} if turn == 0 else None
        if rng.random() < 0.02:
            error = {"stage": "solving", "type": "ValueError", "message": f"{number % 40}", "traceback": "x" * 2000}
            store.write(Record.of(cell, "error", error=error, **done))
        else:
            store.write(Record.of(cell, "ok", metrics=metrics, cost=cost, curve=curve, **done), arrays)
    return store


def test_writing_a_report(benchmark, store, tmp_path):
    path = tmp_path / "report.html"
    code = "from prbench.cli import main; main()"
    command = [sys.executable, "-c", code, "report", str(store.path), "--out", str(path)]

    def report():
        return subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})

    before = os.times()
    benchmark.pedantic(report, rounds=3)
    after = os.times()
    cpu = (after.children_user + after.children_system - before.children_user - before.children_system) / 3
    written = write_report(ResultSet(store), path)
    benchmark.extra_info.update(
        records=RECORDS, cpu_s=cpu, megabytes=written.bytes_ / 1e6, picture_megabytes=written.picture_bytes / 1e6
    )
    assert written.records == RECORDS
    assert written.bytes_ - written.picture_bytes < 3e6
    assert cpu < 10.0  # the processor's time: others may share the machine


@pytest.mark.skipif(find() is None, reason=MISSING)
def test_opening_a_report(benchmark, store, tmp_path):
    path = tmp_path / "report.html"
    write_report(ResultSet(store), path)
    with Browser() as browser:
        page = browser.page()
        page.size(1280, 900)

        def opened():
            page.open(path.as_uri(), "document.documentElement?.dataset.ready")

        benchmark.pedantic(opened, rounds=5, warmup_rounds=1)
        begun = time.perf_counter()
        page.evaluate("document.querySelector('#far-field-cells').open = true")
        page.wait("document.querySelectorAll('#far-field-cells tbody tr').length > 10")
        benchmark.extra_info.update(records=RECORDS, listing_every_cell_s=time.perf_counter() - begun)
        assert page.problems() == []
    assert benchmark.stats.stats.median < 2.0
