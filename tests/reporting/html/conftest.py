import sys
from pathlib import Path

import pytest
from _chromium import MISSING, Browser, find


@pytest.fixture(scope="session")
def browser():
    if find() is None or sys.platform == "win32":
        pytest.skip(MISSING)
    with Browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def written(results, tmp_path_factory):
    from prbench.reporting.html import write_report

    return write_report(results, tmp_path_factory.mktemp("written") / "report.html")


@pytest.fixture
def page(browser, written):
    """The report, open; ``page.address`` is its URL."""
    page = browser.page()
    page.size(1280, 900)
    page.address = Path(written.path).as_uri()
    page.open(page.address, READY)
    yield page
    page.close()


READY = "document.documentElement?.dataset.ready"
