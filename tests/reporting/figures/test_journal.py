"""What journals ask of figures: letters, words, scale bars, doses, no empty panels, and the level without noise apart."""

import numpy as np
import pytest

from prbench.core import load_plugin
from prbench.reporting.figures.physical import object_pixel_m, photons, scale_bar
from prbench.reporting.figures.robustness import _in_words, _set_apart
from prbench.reporting.figures.style import STYLES, styled
from prbench.reporting.figures.task_report import grid, letter_panels
from prbench.reporting.variations import axes


def problem_of(name, **settings):
    plugin = load_plugin("dataset", name)
    return plugin.from_params({**plugin.example, **settings}).problem(0)


@pytest.mark.parametrize(
    ("panels", "shape"), [(1, (1, 1)), (2, (1, 2)), (3, (1, 3)), (4, (2, 2)), (5, (2, 3)), (6, (2, 3)), (9, (3, 3))]
)
def test_panels_fill_their_figure(panels, shape):
    with styled(STYLES["paper"]):
        figure, made = grid(STYLES["paper"], panels, 1.5)
        spec = made[0].get_subplotspec().get_gridspec()
        assert (spec.nrows, spec.ncols) == shape
        assert len(figure.axes) == panels
        letter_panels(figure)
        letters = [text.get_text() for axis in made for text in axis.texts]
        assert letters == ([] if panels == 1 else [f"({letter})" for letter in "abcdefghi"[:panels]])


def test_twin_axes_are_one_panel():
    with styled(STYLES["paper"]):
        figure, made = grid(STYLES["paper"], 2, 1.5)
        twins = [axis.twinx() for axis in made]
        letter_panels(figure)
        assert [[text.get_text() for text in axis.texts] for axis in (*made, *twins)] == [["(a)"], ["(b)"], [], []]


@pytest.mark.parametrize(
    ("pixels", "pixel_m", "length", "label"),
    [
        (100, None, 20, "20 px"),
        (96, 5e-6, 20, "100 µm"),
        (64, 3e-8, 200e-9 / 3e-8, "200 nm"),
        (7, None, 1, "1 px"),
    ],
)
def test_scale_bars_are_about_a_quarter_and_round(pixels, pixel_m, length, label):
    bar, text = scale_bar(pixels, pixel_m)
    assert text == label
    assert bar == pytest.approx(length)
    assert 0.09 * pixels <= bar <= 0.25 * pixels + 1e-9


def test_pixels_and_doses_are_those_of_the_measurement():
    near = problem_of("near-field-image", photons=100)
    assert object_pixel_m(near, "map") == near.measurement.pixel_m
    dose = float(photons(near).partition(" ")[0])
    assert dose == pytest.approx(float(np.mean(near.measurement.intensity)) / near.measurement.gain, rel=0.01)
    assert photons(problem_of("near-field-image")) == ""
    assert object_pixel_m(problem_of("crystal2d"), "complex") is None


def test_the_level_without_noise_stands_behind_a_line():
    datasets = {f"crystal2d[photons={n}]": ("crystal2d", {"size": 32, "photons": n}) for n in (10.0, 100.0)}
    datasets["crystal2d"] = ("crystal2d", {"size": 32, "photons": None})
    (axis,) = axes("dataset", datasets)
    with styled(STYLES["paper"]):
        _, (panel,) = grid(STYLES["paper"], 1, 1.5)
        _set_apart(panel, axis)
        (line,) = panel.lines
    at = axis.positions()
    assert 100 < line.get_xdata()[0] < at["crystal2d"]
    assert "photons" in _in_words(axis)
    assert "_" not in _in_words(axis)
