"""What stands in figures: words that neither leave the page nor run into one another, and keys that say what colours mean."""

import dataclasses

import numpy as np
import pytest

from prbench.analysis import leaderboards
from prbench.errors import UsageError
from prbench.metrics import metric_infos
from prbench.reporting.cell_table import gather
from prbench.reporting.figures import STYLES, draw_figures
from prbench.reporting.figures.galleries import galleries
from prbench.reporting.figures.pareto import pareto
from prbench.reporting.figures.published import Quoted
from prbench.reporting.figures.quality import quality
from prbench.reporting.figures.robustness import robustness
from prbench.reporting.figures.sheet import Sheet
from prbench.reporting.figures.style import COLOURS, colour, styled
from prbench.reporting.figures.task_report import TaskReport
from prbench.running.store.results import ResultSet


@pytest.fixture(scope="module")
def report(results):
    clean = results.frame["dataset"].str.startswith("crystal2d")
    part = ResultSet(results.store, list(results.frame["key"][clean]))
    (board,) = leaderboards(part.frame)
    theirs = [Quoted("far-field", f"A method {n}", "sa_nmse", 0.01 * n, "", "", "crystal2d[size=16]", "x") for n in (1, 2)]
    return TaskReport(part, board, gather(part), metric_infos(), theirs, STYLES["paper"])


def written(figure):
    """The boxes of all words, in pixels, once the figure is laid out."""
    from matplotlib.text import Text

    figure.draw_without_rendering()

    hidden = set()
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
        hidden |= {tick.label1 for tick in ticks if not axis.axes.axison or not low <= tick.get_loc() <= high}
    words = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible() and text not in hidden]
    return [(text.get_text(), text.get_window_extent()) for text in words]


@pytest.mark.parametrize("kind", [quality, pareto, robustness, "gallery"])
def test_words_stay_on_the_page_and_apart(report, kind):
    with styled(report.style):
        figure = next(galleries(report))[1] if kind == "gallery" else kind(report)
        boxes = written(figure)
    width, height = figure.bbox.width, figure.bbox.height
    assert boxes
    for text, box in boxes:
        assert min(box.x0, box.y0, width - box.x1, height - box.y1) >= -1, text
    for n, (text, box) in enumerate(boxes):
        for other, its in boxes[:n]:
            across = min(box.x1, its.x1) - max(box.x0, its.x0)
            down = min(box.y1, its.y1) - max(box.y0, its.y0)
            assert across <= 1 or down <= 1, (text, other)


def joined(figure):
    """By panel, the ends (x, y) of the steps that join its front."""
    lines = [next(line for line in axes.lines if line.get_drawstyle() == "steps-post") for axes in figure.axes if axes.axison]
    return [set(zip(*line.get_data(), strict=True)) for line in lines]


def test_what_is_set_apart_counts_for_no_front(report):
    cost = "latency_fft"
    with styled(report.style):
        whole = joined(pareto(report))
        for solver in report.solvers:
            fronts = joined(pareto(dataclasses.replace(report, apart=frozenset([solver]))))
            for dataset, before, now in zip(report.datasets, whole, fronts, strict=True):
                own = {(row[cost], row["median"]) for row in report.rows(dataset) if row["solver"] == solver}
                assert not own & now
                assert before - own <= now
                assert own <= before or now == before


def test_a_gallery_tells_its_metric_once_and_a_score_a_solver(report):
    with styled(report.style):
        name, figure = next(galleries(report))
    words = [text.get_text() for text in figure.axes[0].texts]
    assert sum("sa NMSE" in " ".join(word.split()) for word in words) == 1
    assert {"truth", "er", "hio", "object", "phase"} <= set(words)
    assert report.titles[name].split(":")[0] in words[0]


def test_a_solver_keeps_its_row_height(report):
    with styled(report.style):
        figure = quality(report)
    figure.get_layout_engine().execute(figure)
    rows = [axes for axes in figure.axes if axes.axison]
    heights = [axes.get_window_extent().height / abs(np.subtract(*axes.get_ylim())) for axes in rows]
    assert max(heights) < 1.25 * min(heights)


def test_colours_repeat_lighter_and_darker():
    assert [colour(n) for n in range(8)] == list(COLOURS)
    assert len({colour(n) for n in range(24)}) == 24


def test_a_bar_has_numbers_within_its_ends():
    with styled(STYLES["paper"]):
        sheet = Sheet(2.0, 2.0, 8.0)
        sheet.bar((0.5, 0.5, 0.1, 1.0), "viridis", -3.3, 12.0)
    told = [float(text.get_text().replace("\N{MINUS SIGN}", "-")) for text in sheet.figure.axes[0].texts]
    assert len(told) >= 2
    assert all(-3.3 <= value <= 12 for value in told)
    for text, value in zip(sheet.figure.axes[0].texts, told, strict=True):
        assert text.get_position()[1] == pytest.approx(1.5 - (value + 3.3) / 15.3)


def test_only_the_datasets_asked_for(results, tmp_path):
    drawn = {path.name for path in draw_figures(results, tmp_path, formats=("png",), datasets=["photons=100]"])}
    assert "far-field-gallery-crystal2d-size-16-photons-100.png" in drawn
    assert not any(name.endswith("size-16.png") for name in drawn)
    text = (tmp_path / "far-field-captions.md").read_text(encoding="utf-8")
    assert "photons=100" in text.replace("\\", "")
    assert "photons=10\\]" not in text
    with pytest.raises(UsageError, match=rf"{results.store.path} .*'nothing'.*\bcrystal2d\b"):
        list(draw_figures(results, tmp_path / "x", datasets=["nothing"]))
