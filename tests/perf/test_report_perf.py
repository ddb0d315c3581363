"""What the report costs: to write, and to open in a browser."""

import os
import subprocess
import sys
import time

import pytest
from _chromium import MISSING, Browser, find
from kernels_framework import synthetic_store

from prbench.reporting.html import write_report
from prbench.running.store.results import ResultSet

RECORDS = 10_000


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Ten thousand records."""
    return synthetic_store(tmp_path_factory.mktemp("report"), RECORDS)


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
