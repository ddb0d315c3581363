"""The report as a reader meets it: opened from a file in a real browser."""

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest

from prbench.reporting.html import write_report
from prbench.running.request.cell import find_plugin, make_cell
from prbench.running.store.folder import Store
from prbench.running.store.record import Record
from prbench.running.store.results import ResultSet

READY = "document.documentElement?.dataset.ready"
BOARD = "#far-field-leaderboard"


def texts(page, selector):
    return json.loads(page.evaluate(f"JSON.stringify([...document.querySelectorAll({selector!r})].map(n => n.textContent))"))


def solvers(page):
    """The solvers of each block of the leaderboard, from top to bottom."""
    code = f"[...document.querySelectorAll('{BOARD} tbody')].map(b => [...b.querySelectorAll('.solver')].map(n => n.textContent))"
    return json.loads(page.evaluate(f"JSON.stringify({code})"))


def click(page, selector):
    page.evaluate(f"document.querySelector({selector!r}).click()")


def through_the_page(page):
    """Scroll to the end, so that everything lazy is drawn."""
    page.evaluate("document.querySelectorAll('.chart').forEach(c => c.scrollIntoView({behavior: 'instant'}))")
    page.wait(
        "[...document.querySelectorAll('.chart')].every(c => (c.scrollIntoView({behavior: 'instant'}), c.querySelector('svg')))"
    )


def test_it_opens_without_an_error_and_asks_for_nothing(page):
    through_the_page(page)
    assert page.problems() == []
    assert [url for url in page.requests() if not url.startswith(("file:", "data:", "blob:"))] == []
    assert page.evaluate("document.querySelector('h1').textContent") == "o'brien <b>results"
    assert page.evaluate("document.querySelectorAll('.chart svg.marks').length") >= 7


DRAWN = "document.documentElement.dataset.drawn"


def count(page, selector):
    return page.evaluate(f"document.querySelectorAll({selector!r}).length")


def test_every_chart_is_drawn_without_being_scrolled_to(page):
    page.wait(DRAWN)
    assert count(page, ".draw") == count(page, ".draw svg.marks") >= 7
    assert page.call("Page.printToPDF")["data"]


def test_an_axis_of_one_point_has_a_length(page):
    page.wait(DRAWN)
    charts = "[...document.querySelectorAll('#far-field-cost .chart')].find(c => c.textContent.includes('onerror'))"
    labels = f"[...{charts}.querySelectorAll('.role-axis-label text')].filter(t => t.textContent).length"
    assert page.evaluate(labels) >= 4


def test_it_opens_on_an_overview(page):
    assert page.evaluate("document.querySelector('main > section').id") == "overview"
    assert texts(page, "#overview tbody td:first-child") == ["far-field"]
    assert "6 samples" in page.evaluate("document.querySelector('#far-field .banner').textContent")


def test_a_chart_is_named_and_can_be_saved(page):
    page.wait(DRAWN)
    charts = count(page, ".draw")
    assert count(page, ".draw[role=img][aria-label]") == charts
    assert count(page, ".draw :is(button, summary, a, [tabindex])") == 0
    assert count(page, ".save button[aria-label]") == 2 * charts


def test_axe_finds_nothing_serious(page):
    """The rules of axe-core, which CI fetches from the npm registry."""
    path = os.environ.get("PRBENCH_AXE")
    if not path:
        pytest.skip("PRBENCH_AXE names axe.min.js of axe-core")
    page.wait(DRAWN)
    page.evaluate(Path(path).read_text("utf-8") + "; 0")
    page.evaluate("axe.run().then(found => { window.found = JSON.stringify(found.violations.map(v => [v.impact, v.id])); }); 0")
    page.wait("window.found")
    assert [
        rule for impact, rule in json.loads(page.evaluate("window.found")) if impact in ("serious", "critical", "moderate")
    ] == []


def test_nothing_shown_can_run(page):
    for part in ("#failures", "#reproduce", "#environment"):
        page.evaluate(f"document.querySelectorAll('{part} details').forEach(d => d.open = true)")
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0
    assert "ValueError: </pre></script><script>window.hacked=1</script><!--" in texts(page, "#failures pre")[0]


def test_a_tooltip_shows_names_as_text(page):
    through_the_page(page)
    point = json.loads(
        page.evaluate(
            "(() => { const charts = [...document.querySelectorAll('#far-field-cost .chart')];"
            "const dot = charts.find(c => c.textContent.includes('onerror')).querySelector('.mark-symbol path');"
            "dot.scrollIntoView({block: 'center', behavior: 'instant'}); const box = dot.getBoundingClientRect();"
            "return JSON.stringify([box.x + box.width / 2, box.y + box.height / 2]); })()"
        )
    )
    for step in (1, 0):
        page.call("Input.dispatchMouseEvent", type="mouseMoved", x=point[0] + step, y=point[1])
    page.wait("document.querySelector('#vg-tooltip-element')?.textContent.includes('onerror')")
    assert page.evaluate("document.querySelectorAll('#vg-tooltip-element img').length") == 0
    assert page.evaluate("window.hacked") is None


def test_code_from_elsewhere_is_refused(page):
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.hacked = 2'}))")
    assert page.evaluate("window.hacked") is None
    assert any("Security" in problem for problem in page.problems())


def test_columns_sort_within_each_dataset(page):
    assert len(solvers(page)) == 4
    usual = solvers(page)
    click(page, f"{BOARD} [data-sort=solver]")
    assert solvers(page) == [sorted(block) for block in usual]
    assert page.evaluate(f"document.querySelector('{BOARD} th[aria-sort=ascending]').textContent") == "solver"
    click(page, f"{BOARD} [data-sort=solver]")
    assert solvers(page) == [sorted(block, reverse=True) for block in usual]
    assert page.evaluate(
        f"document.activeElement === document.body || !!document.querySelector('{BOARD} th[aria-sort=descending]')"
    )


def test_the_keyboard_sorts_too(page):
    usual = solvers(page)
    page.evaluate(f"document.querySelector('{BOARD} [data-sort=solver]').focus()")
    page.press("Enter", 13, "\r")
    assert solvers(page) == [sorted(block) for block in usual]
    assert page.evaluate("document.activeElement.dataset.sort") == "solver"


def test_every_control_can_be_reached_and_is_named(page):
    nameless = page.evaluate(
        "[...document.querySelectorAll('button, a[href], select, input')]"
        ".filter(n => !(n.textContent.trim() || n.getAttribute('aria-label') || n.closest('label')?.textContent.trim())).length"
    )
    assert nameless == 0
    assert page.evaluate("document.querySelectorAll('[onclick], div[tabindex=\"-1\"] button').length") == 0
    assert page.evaluate("[...document.images].every(i => i.alt)")


def test_filtering_and_the_dataset_narrow_the_table(page):
    page.evaluate(
        f"(() => {{ const i = document.querySelector('{BOARD} input[type=search]'); i.value = 'hio';"
        "i.dispatchEvent(new Event('input')); })()"
    )
    assert all("hio" in name for block in solvers(page) for name in block)
    page.evaluate(
        "(() => { const s = document.querySelector('#far-field > .lead select'); s.value = 'crystal2d[size=16,photons=10]';"
        "s.dispatchEvent(new Event('change')); })()"
    )
    assert len(solvers(page)) == 1
    assert sorted(solvers(page)[0]) == ["hio", "hio-er[starts=4]"]
    assert "far-field.filter=hio" in page.evaluate("location.hash")


def test_a_link_restores_what_was_seen(page):
    click(page, f"{BOARD} [data-sort=median]")
    click(page, f"{BOARD} [data-sort=median]")
    click(page, f"{BOARD} details.menu input[value=success]")
    click(page, ".legend button")
    click(page, "#far-field-cost .group button:last-child")
    nodes = "[...document.querySelectorAll('table th, table td, .legend button, .group button')]"
    seen = f"JSON.stringify({nodes}.map(n => [n.textContent, n.ariaPressed]))"
    before, link = page.evaluate(seen), page.evaluate("location.href")
    page.open(link, READY)
    assert page.evaluate(seen) == before
    assert "success %" not in texts(page, f"{BOARD} th")
    page.evaluate("location.hash = ''")
    page.wait(f"document.querySelector('{BOARD} [data-sort=success]')")
    assert page.problems() == []


def test_a_link_that_makes_no_sense_does_no_harm(page):
    page.open(
        f"{page.address}#far-field.sort=-nothing&far-field.dataset=%3Cb%3E&far-field.cost=x&far-field.hide=99.z&at=zz", READY
    )
    assert len(solvers(page)) == 4
    assert page.problems() == []


def test_the_cells_behind_a_number_are_listed(page):
    click(page, f"{BOARD} tbody:last-of-type td .link")
    page.wait(
        "document.querySelector('#far-field-cells').open && document.querySelectorAll('#far-field-cells tbody td.text').length"
    )
    assert "3 cells" in texts(page, "#far-field-cells [role=status]")
    assert len(texts(page, "#far-field-cells tbody tr:not(.gap)")) == 3
    click(page, "#far-field-cells [data-sort=sa_nmse]")
    column = texts(page, "#far-field-cells th").index("sa NMSE") + 1
    scores = [float(text) for text in texts(page, f"#far-field-cells tbody tr:not(.gap) td:nth-child({column})")]
    assert scores == sorted(scores)


def test_the_gallery_blinks_and_enlarges(page):
    click(page, "#far-field-gallery .card:nth-child(2) .pair button")
    page.wait("document.querySelector('#viewer').open")
    first = page.evaluate("document.querySelector('#viewer img.large').src")
    page.press("2", 50, "2")
    assert page.evaluate("document.querySelector('#viewer img.large').src") != first
    page.press("1", 49, "1")
    assert page.evaluate("document.querySelector('#viewer img.large').src") == first
    page.wait("document.querySelector('#viewer img.large').clientWidth")
    width = page.evaluate("document.querySelector('#viewer img.large').clientWidth")
    page.press("+", 187, "+")
    assert page.evaluate("document.querySelector('#viewer img.large').clientWidth") > width
    click(page, "#viewer [data-act=blink]")
    page.wait(f"document.querySelector('#viewer img.large').src !== {first!r}")
    page.press("Escape", 27)
    page.wait("!document.querySelector('#viewer').open")
    assert page.problems() == []


def test_what_is_downloaded_is_what_prbench_writes(page, results):
    from prbench.analysis import leaderboards
    from prbench.reporting.leaderboards import as_csv, as_latex

    page.evaluate("window.kept = []; URL.createObjectURL = (blob) => { kept.push(blob.text()); return 'blob:none'; }")
    click(page, f"{BOARD} tbody:last-of-type td .link")
    page.wait("document.querySelector('[data-download=cells]')")
    for name in ("csv", "tex", "cells", "matrix"):
        click(page, f"[data-download={name}]")
    boards = [board for board in leaderboards(results.frame) if board.task == "far-field"]
    assert page.evaluate("kept[0]") == as_csv(boards) + "\n"
    assert page.evaluate("kept[1]") == as_latex(boards) + "\n"
    cells = page.evaluate("kept[2]").splitlines()
    assert cells[0].startswith("record,solver,dataset,sample,seed,status,")
    assert len(cells) == 4
    assert page.evaluate("kept[3]").startswith("name: ")


def test_a_phone_scrolls_in_one_direction(page):
    page.size(390, 844, phone=True)
    page.open(page.address, READY)
    through_the_page(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.problems() == []


def test_the_dark_scheme_redraws_the_charts(page):
    through_the_page(page)
    before = page.evaluate("document.querySelector('.chart svg.marks').outerHTML")
    page.colours("dark")
    through_the_page(page)
    page.wait(f"document.querySelector('.chart svg.marks').outerHTML !== {json.dumps(before)}")
    assert page.problems() == []


def test_a_leaderboard_of_very_many_datasets_is_shown_in_part_until_asked(browser, tmp_path):
    rng = np.random.default_rng(0)
    store = Store(tmp_path)
    cell = make_cell(find_plugin("solver", "er"), find_plugin("dataset", "crystal2d[size=16]"), sample=0, seed=0, backend="numpy")
    for number in range(350):
        stored = dataclasses.replace(cell, dataset_params={**cell.dataset_params, "domains": number})
        metrics = {"sa_nmse": rng.random()}
        store.write(
            Record(stored, "ok", "er", f"crystal2d[size=16,domains={number}]", metrics=metrics, started="2026", ended="2026")
        )
    page = browser.page()
    page.open(write_report(ResultSet(store), tmp_path / "wide.html", pictures=0).path.as_uri(), READY)
    assert len(solvers(page)) < 350
    click(page, f"{BOARD} [data-all]")
    assert len(solvers(page)) == 350
    assert page.problems() == []
    page.close()
