"""Figures of results: the same bytes whenever they are made, with their fonts, and nothing left to say who made them when."""

import io
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from prbench.errors import BadInput, UsageError
from prbench.reporting.figures import draw_figures
from prbench.reporting.figures.pareto import front
from prbench.reporting.figures.published import COLUMNS, quoted_for, read_published
from prbench.reporting.figures.style import COLOURS, line_styles, short_names
from prbench.running.scoring import find_metrics
from prbench.running.store.results import ResultSet

FORMATS = ("pdf", "svg", "png")
QUOTED = f"""{",".join(COLUMNS)}
far-field,Theirs $x_1$,sa_nmse,0.02,,as here,crystal2d[size=16],"A, B (2020), doi:10.1/x"
far-field,Elsewhere,sa_nmse,0.5,,other objects,,"C (2021), arXiv:1"
"""


@pytest.fixture(scope="module")
def quoted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    (folder / "far-field.csv").write_text(QUOTED, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def some(results):
    """Two datasets of the results."""
    frame = results.frame
    return list(frame["key"][frame["dataset"].isin(["crystal2d[size=16]", "crystal2d[size=16,photons=10]"])])


@pytest.fixture(scope="module")
def drawn(results, some, quoted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    drawn = draw_figures(ResultSet(results.store, some), folder, formats=FORMATS, published=quoted)
    return {path.name: path for path in drawn}


def test_there_is_a_figure_of_every_kind_and_a_table(drawn):
    kinds = ("quality", "pareto", "profiles", "robustness", "convergence", "gallery-crystal2d-size-16")
    assert {f"far-field-{kind}.{form}" for kind in kinds for form in FORMATS} <= set(drawn)
    assert {f"far-field-{name}.tex" for name in ("leaderboard", "metrics", "published")} <= set(drawn)
    assert "far-field-captions.md" in drawn
    assert all(path.stat().st_size for path in drawn.values())


def test_the_bounds_that_noise_sets_are_drawn_and_told(drawn):
    lines = drawn["far-field-captions.md"].read_text(encoding="utf-8").splitlines()
    told = {line.partition(": ")[0] for line in lines}
    assert {metric.info.header for metric in find_metrics(["noise_bound", "noise_bound_uniform"])} <= told


def test_two_runs_give_the_same_bytes(drawn, results, some, quoted, tmp_path):
    again = list(draw_figures(ResultSet(results.store, some), tmp_path, formats=FORMATS, published=quoted))
    assert {path.name for path in again} == set(drawn)
    assert [path.name for path in again if path.read_bytes() != drawn[path.name].read_bytes()] == []


def test_fonts_are_in_the_files(drawn):
    for name, path in drawn.items():
        if path.suffix == ".pdf":
            inside = _pdf(path)
            assert b"/FontFile2" in inside, name
            assert b"/Type3" not in inside
        if path.suffix == ".svg":
            text = path.read_text(encoding="utf-8")
            assert "<text" not in text
            assert "font-family" not in text


def _pdf(path):
    """All of a PDF, its compressed streams opened."""
    raw = path.read_bytes()
    found = [raw]
    for match in re.finditer(rb"stream\r?\n(.*?)endstream", raw, re.DOTALL):
        try:
            found.append(zlib.decompress(match[1]))
        except zlib.error:
            continue  # a stream that is not deflated
    return b"".join(found)


def test_files_do_not_say_when_or_by_what(drawn):
    for path in drawn.values():
        raw = path.read_bytes()
        if path.suffix == ".png":
            assert set(Image.open(io.BytesIO(raw)).info) <= {"dpi"}
        else:
            assert not re.search(rb"CreationDate|/Producer|/Creator|dc:date|dc:creator|Matplotlib v", raw), path.name


def test_tables_are_whole_and_escaped(drawn):
    for name in ("leaderboard", "metrics", "published"):
        text = drawn[f"far-field-{name}.tex"].read_text(encoding="utf-8")
        assert text.count(r"\begin{table}") == text.count(r"\end{table}") > 0
        assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")
        assert not re.search(r"(?<!\\)[_#%]", text)
    assert r"Theirs \$x\_1\$" in text


def test_every_solver_of_the_figures_is_named_in_full(drawn, results):
    text = drawn["far-field-captions.md"].read_text(encoding="utf-8")
    assert r"hio-er\[starts=4\]" in text


@pytest.mark.parametrize(
    ("change", "message"), [({"style": "poster"}, "style 'poster'"), ({"formats": ("gif",)}, "gif"), ({"formats": ()}, "none")]
)
def test_what_cannot_be_drawn_is_refused(results, tmp_path, change, message):
    with pytest.raises(UsageError, match=message):
        list(draw_figures(results, tmp_path / "x", **change))
    assert not (tmp_path / "x").exists()


def test_published_figures_are_drawn_only_where_conditions_agree(quoted):
    rows = read_published(quoted)
    assert [row.method for row in quoted_for(rows, "far-field", "crystal2d[size=16]", "sa_nmse")] == ["Theirs $x_1$"]
    assert quoted_for(rows, "far-field", "crystal2d", "sa_nmse") == []
    assert read_published(quoted / "nothing") == []


@pytest.mark.parametrize(
    "text", ["a,b\n1,2\n", QUOTED.replace("0.02", "good"), QUOTED.replace("0.02", "nan"), QUOTED + "far-field,short\n"]
)
def test_a_file_of_published_figures_must_be_right(tmp_path, text):
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"x\.csv"):
        read_published(tmp_path)


def test_the_published_figures_of_the_project_can_be_read():
    rows = read_published(Path(__file__).parents[3] / "results" / "published")
    assert rows
    assert all(re.search(r"doi:10\.\d+/|arXiv:\d", row.source) for row in rows)


@given(
    st.lists(st.tuples(st.floats(0.1, 100), st.floats(-10, 10)), min_size=1, max_size=30), st.sampled_from(["lower", "higher"])
)
def test_nothing_beats_the_front_and_the_front_beats_the_rest(points, better):
    sign = 1 if better == "lower" else -1
    kept = front(points, better)
    for index, (cost, quality) in enumerate(points):
        beaten = any(c <= cost and sign * q <= sign * quality and (c, q) != (cost, quality) for c, q in points)
        assert (index in kept) == (not beaten and index == points.index((cost, quality)))


@given(
    st.lists(
        st.sampled_from(["er", "hio[beta=0.9]", "hio[beta=0.8]", "hio[beta=0.8,starts=4]", "<odd>", "x" * 60, "x" * 61]),
        unique=True,
    )
)
def test_short_names_are_told_apart(names):
    found = short_names(names)
    assert list(found) == names or set(found) == set(names)
    assert len(set(found.values())) == len(names)


def test_solvers_look_different():
    found = line_styles([f"s{i}" for i in range(64)])
    assert len({(style.colour, style.marker) for style in found.values()}) == 64


def test_neighbouring_colours_differ_for_the_colour_blind():
    """In the cone space of Smith and Pokorny without the red (protan) or green (deutan) cones, after Vienot et al. (1999)."""
    rgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in COLOURS])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    lms = linear @ np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]]).T
    protan, deutan = lms.copy(), lms.copy()
    protan[:, 0] = 2.02344 * lms[:, 1] - 2.52581 * lms[:, 2]
    deutan[:, 1] = 0.494207 * lms[:, 0] + 1.24827 * lms[:, 2]
    for seen in (lms, protan, deutan):
        difference = np.abs(np.log(seen + 0.05)[1:] - np.log(seen + 0.05)[:-1]).max(axis=1)
        assert difference.min() > 0.15
