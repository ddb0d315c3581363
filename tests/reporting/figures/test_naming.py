"""Names in figures: told apart, and on lines that fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prbench.reporting.figures.naming import headings, short_names, wrapped
from prbench.reporting.figures.task_report import spread_over

SETTINGS = {
    "sandpaper[geometry=cuboid]": ("sandpaper", {"geometry": "cuboid", "images": 10, "photons": 1000.0}),
    "sandpaper[geometry=cuboid,images=2]": ("sandpaper", {"geometry": "cuboid", "images": 2, "photons": 1000.0}),
    "sandpaper[images=2]": ("sandpaper", {"geometry": "fibre", "images": 2, "photons": 1000.0}),
    "warped[blur=0.5]": ("warped", {"blur": 0.5}),
    "<odd>": ("warped", {"blur": 0.5}),
}


def test_a_heading_says_what_differs_defaults_too():
    found = headings(list(SETTINGS), SETTINGS)
    assert list(found.values()) == [
        "sandpaper: cuboid, images=10",
        "sandpaper: cuboid, images=2",
        "sandpaper: fibre, images=2",
        "warped",
        "<odd>",
    ]


def test_words_keep_their_setting_where_there_are_two():
    known = {f"d[a={a},b={b}]": ("d", {"a": a, "b": b}) for a in ("x", "y") for b in ("x", "y")}
    assert headings(list(known), known)["d[a=x,b=y]"] == "d: a=x, b=y"


@given(st.lists(st.sampled_from([*SETTINGS, "x" * 200, "x" * 201, "d[path='a, b']"]), unique=True))
def test_headings_are_told_apart(names):
    found = headings(names, SETTINGS)
    assert set(found) == set(names)
    assert len(set(found.values())) == len(names)


@given(st.text(min_size=1, max_size=200), st.floats(0.3, 7), st.floats(4, 20))
def test_lines_fit_and_are_few(text, inches, font):
    lines = wrapped(text, inches, font).replace(r"\$", "$").split("\n")
    assert len(lines) <= 4
    assert all(len(line) <= max(8, inches * 72 / (0.68 * font)) for line in lines)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("sandpaper: cuboid, images=10", ["sandpaper: cuboid,", "images=10"]),
        ("lcs-umpa[dark_field=true]", ["lcs-umpa", "[dark_field=true]"]),
        ("unet[dark_field=true,images=20]", ["unet", "[dark_field=true,", "images=20]"]),
        ("plain", ["plain"]),
    ],
)
def test_lines_end_between_settings(text, lines):
    assert wrapped(text, 20 * 0.68 * 8 / 72, 8).split("\n") == lines


def test_what_is_cut_says_so():
    assert wrapped("a" * 100, 0.5, 8).endswith("…")
    assert "…" in short_names(["a" * 100])["a" * 100]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 99)), unique=True), st.integers(1, 12))
def test_panels_are_spread_over_plugins(pairs, most):
    names = [f"{plugin}[n={n}]" for plugin, n in sorted(pairs)]
    selection = spread_over(names, most)
    assert selection == [name for name in names if name in selection]
    assert len(selection) == min(most, len(names))
    counts = {plugin: sum(name.startswith(plugin) for name in selection) for plugin in "abc"}
    for plugin in "abc":
        there = sum(name.startswith(plugin) for name in names)
        assert counts[plugin] == there or counts[plugin] >= max(counts.values()) - 1


def test_paths_are_told_by_the_folders_in_which_they_differ():
    names = ["net", *(f"net[weights=results/{one}/weights.safetensors]" for one in ("first", "second")), "net[weights=own]"]
    assert list(short_names(names).values()) == ["net", "net[weights=first]", "net[weights=second]", "net[weights=own]"]
    assert short_names(["net", "net[weights=results/first.safetensors]"])["net[weights=results/first.safetensors]"] == (
        "net[weights=first.safetensors]"
    )
