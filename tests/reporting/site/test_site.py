"""A site of two runs, read as its files and in a browser."""

import csv
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from prbench.analysis import leaderboards
from prbench.errors import UsageError
from prbench.reporting.site import build_site
from prbench.running.request.cell import find_plugin, make_cell
from prbench.running.store.folder import Store
from prbench.running.store.record import Record
from prbench.running.store.results import ResultSet

SOLVERS = ("er", "hio", "raar[beta=0.8]")
DATASETS = ("crystal2d[size=16]", "cell2d[size=16]")


def store_of(folder, version, samples, factor, skip=()):
    store = Store(folder)
    environment = store.write_environment({"processor": "a <b>processor", "packages": {"prbench": version}})
    for s, solver in enumerate(SOLVERS):
        for dataset in DATASETS:
            for sample in range(samples):
                if (solver, dataset) in skip and sample:
                    continue
                cell = make_cell(
                    find_plugin("solver", solver), find_plugin("dataset", dataset), sample=sample, seed=0, backend="numpy"
                )
                metrics = {"sa_nmse": factor * (1 + s) * 1e-3 * (1 + 0.01 * sample), "r_factor": 0.1}
                cost = {"latency_s": 0.1, "latency_fft": 100.0 * (1 + s), "iterations": 10}
                times = {"started": f"2026-0{samples}-01T00:00:00", "ended": f"2026-0{samples}-01T00:00:01"}
                store.write(Record.of(cell, "ok", metrics=metrics, cost=cost, environment=environment, code_id="0" * 32, **times))
    return ResultSet(store)


@pytest.fixture(scope="module", name="runs")
def _runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    old = store_of(root / "old", "0.1.0", 3, 1.0)
    new = store_of(root / "new <i>run", "0.2.0", 8, 0.5, skip=[("er", "cell2d[size=16]")])
    (root / "old" / "submission.json").write_text(json.dumps({"name": "old", "submitter": "Ada & co", "note": "first"}))
    return [old, new]


@pytest.fixture(scope="module", name="site")
def _site(runs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "out"
    build_site(runs, folder, bibliography=lambda results: f"% {len(results)} runs\n", kinds={"hio": "contestant"}, pictures=0)
    return folder


class Links(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.found = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        self.found += [
            value for name, value in attrs if name in ("href", "src") and value and not value.startswith(("data:", "#"))
        ]


def test_there_is_a_page_of_everything(site):
    names = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert {"index.html", "history.html", "compare.html", "gaps.html"} <= names
    assert {"task/far-field.html", "solver/er.html", "solver/hio.html", "solver/raar.html", "dataset/cell2d.html"} <= names
    assert {"run/old.html", "run/new-i-run.html", "report/old.html", "compare/old--new-i-run.html"} <= names


def test_no_link_is_broken_and_none_leads_elsewhere(site):
    for page in site.rglob("*.html"):
        if page.parent.name == "report":
            continue
        for link in Links(page).found:
            assert not re.match(r"[a-z]+:|//", link), link
            assert (page.parent / link).resolve().is_file(), f"{page.name}: {link}"


def test_its_numbers_are_those_of_the_leaderboard(site, runs):
    (board,) = leaderboards(runs[1].frame)
    rows = list(csv.DictReader((site / "data" / "new-i-run.csv").read_text("utf-8").splitlines()))
    assert [float(row["median"]) for row in rows] == pytest.approx(list(board.rows["median"]))
    page = (site / "task" / "far-field.html").read_text("utf-8")
    best = board.rows.iloc[0]
    assert f"{best['median']:.3g}" in page


def test_names_from_records_are_text(site):
    for page in site.rglob("*.html"):
        assert "<i>run" not in page.read_text("utf-8").replace("\\u003ci\\u003e", "")
    assert "a &lt;b&gt;processor" in (site / "index.html").read_text("utf-8")
    assert "Ada &amp; co" in (site / "index.html").read_text("utf-8")


def test_history_runs_from_the_oldest_to_the_newest(site):
    text = (site / "solver" / "hio.html").read_text("utf-8")
    assert text.index("0.1.0") < text.index("0.2.0")
    assert "<polyline" in text
    assert "Contestant hio" in text


def test_what_changed_between_two_runs_is_judged(site):
    text = (site / "compare" / "old--new-i-run.html").read_text("utf-8")
    assert "×0.5" in text
    assert "sa_nmse" in text


def test_what_is_missing_is_listed(site):
    rows = re.findall(
        r"<tr data-solver=\"er\" data-dataset=\"cell2d\[size=16\]\".*?</tr>", (site / "gaps.html").read_text("utf-8"), re.DOTALL
    )
    assert any(">7<" in row for row in rows)


def test_it_is_the_same_again_and_overwrites_only_a_site(site, runs, tmp_path):
    again = tmp_path / "again"
    build_site(runs, again, bibliography=lambda results: f"% {len(results)} runs\n", kinds={"hio": "contestant"}, pictures=0)
    for path in site.rglob("*"):
        if path.is_file():
            assert (again / path.relative_to(site)).read_bytes() == path.read_bytes(), path
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match=rf"{tmp_path / 'mine'} .*--out"):
        build_site(runs, tmp_path / "mine", bibliography=lambda _: "")


def test_a_view_can_be_linked_to(site):
    chromium = pytest.importorskip("_chromium")
    if chromium.find() is None:
        pytest.skip(chromium.MISSING)
    with chromium.Browser() as browser:
        page = browser.page()
        page.open(f"{(site / 'task' / 'far-field.html').as_uri()}?solver=hio", "document.documentElement?.dataset.ready")
        shown = "[...document.querySelectorAll('tbody tr')].filter(r => r.offsetParent).map(r => r.dataset.solver)"
        assert set(json.loads(page.evaluate(f"JSON.stringify({shown})"))) == {"hio"}
        assert page.evaluate("document.querySelector('[data-permalink]').href").endswith("?solver=hio")
        assert page.problems() == []
        if path := os.environ.get("PRBENCH_AXE"):
            page.evaluate(Path(path).read_text("utf-8") + "; 0")
            page.evaluate("axe.run().then(f => { window.found = JSON.stringify(f.violations.map(v => [v.impact, v.id])); }); 0")
            page.wait("window.found")
            violations = json.loads(page.evaluate("window.found"))
            assert [rule for impact, rule in violations if impact in ("moderate", "serious", "critical")] == []
