"""Results that lack most of what a report shows."""

import dataclasses
import shutil

import pytest

from prbench.reporting.html import write_report
from prbench.running.request.cell import find_plugin, make_cell
from prbench.running.store.folder import Store
from prbench.running.store.record import Record
from prbench.running.store.results import ResultSet

READY = "document.documentElement?.dataset.ready"


@pytest.fixture
def opened(browser, tmp_path):
    """Write results and open them; the page, which must have no problem."""
    page = browser.page()

    def opened(results):
        page.open(write_report(results, tmp_path / "report.html").path.as_uri(), READY)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.problems() == []
        return page

    yield opened
    page.close()


@pytest.fixture
def cell():
    return make_cell(find_plugin("solver", "er"), find_plugin("dataset", "crystal2d[size=16]"), sample=0, seed=0, backend="numpy")


def test_nothing_ran_to_an_end(opened, cell, tmp_path):
    store = Store(tmp_path / "a")
    store.write(Record.of(cell, "skipped", error={"stage": "problem", "type": "DataNotFound", "message": "unreachable"}))
    page = opened(ResultSet(store))
    assert page.evaluate("document.querySelector('#far-field-leaderboard')") is None
    assert page.evaluate("document.querySelectorAll('#far-field > p.note').length") == 1
    assert "unreachable" in page.evaluate("document.querySelector('#failures').textContent")


def test_everything_failed(opened, cell, tmp_path):
    store = Store(tmp_path / "a")
    for sample in range(3):
        store.write(Record.of(dataclasses.replace(cell, sample=sample), "crashed", error={"output": "SIGSEGV"}))
    page = opened(ResultSet(store))
    assert "∞" in page.evaluate("document.querySelector('#far-field-leaderboard table').textContent")
    assert "SIGSEGV" in page.evaluate("document.querySelector('#failures pre').textContent")


def test_a_table_travels_alone(opened, results, tmp_path):
    results.store.compact()
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(results.store.path / "records.parquet", alone)
    page = opened(ResultSet(Store(alone)))
    assert page.evaluate("document.querySelector('#far-field-gallery')") is None
    assert page.evaluate("document.querySelectorAll('#far-field-leaderboard tbody').length") == 4
