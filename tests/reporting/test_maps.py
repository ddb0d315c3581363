import dataclasses

import numpy as np
import pytest
from matplotlib.image import imread

from prbench.core import Problem, Provenance, Reconstruction
from prbench.reporting.maps import draw_maps
from prbench.reporting.pictures import save_picture
from prbench.tasks.speckle import SpeckleStack

SHAPE = (64, 80)


def maps(shape=SHAPE):
    rows, columns = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    bump = np.exp(-3 * (rows**2 + columns**2))
    return Reconstruction(
        displacement=np.stack([3 * rows * bump, -columns * bump]), transmission=1 - bump, phase=-9 * bump, dark_field=bump
    )


def problem(shape=SHAPE, **changes):
    reference = 1 + np.random.default_rng(0).random((2, *shape))
    y = SpeckleStack(reference, reference, energy_ev=25e3, distance_m=1.0, pixel_m=6.5e-6)
    return dataclasses.replace(Problem(y, maps(shape), "0", "test", Provenance("made here", "CC0")), **changes)


def panels(figure):
    """Title, image and limits of what is drawn."""
    return {
        axes.get_title(): (drawn.get_array(), drawn.get_clim())
        for axes in figure.axes
        for drawn in axes.images
        if axes.get_title()
    }


def rows_of(figure):
    """The panels of each row of the grid, in order."""
    found = {}
    for axes in figure.axes:
        if axes.images and axes.get_title():
            found.setdefault(round(-axes.get_position().y0, 6), []).append(axes)
    return [found[row] for row in sorted(found)]


@pytest.mark.parametrize("shape", [(64, 80), (40, 200), (150, 44)])
@pytest.mark.parametrize("known", [True, False])
def test_pictures_are_small_pngs(tmp_path, shape, known):
    asked = problem(shape) if known else problem(shape, truth=None)
    path = save_picture(tmp_path / "best.png", asked, maps(shape), "umpa on folder[path='a$b$_c'], sample 0")
    assert imread(path).std() > 0.05
    assert path.stat().st_size < 1_000_000


def test_truth_and_reconstruction_share_a_scale_and_the_error_is_their_difference():
    found = dataclasses.replace(maps(), transmission=maps().transmission + 0.25)
    drawn = rows_of(draw_maps(problem(), found))
    assert len(drawn) == 5
    for truth, answer, error in drawn:
        assert truth.images[0].get_clim() == answer.images[0].get_clim()
        low, high = error.images[0].get_clim()
        assert low == -high
        difference = np.asarray(answer.images[0].get_array()) - np.asarray(truth.images[0].get_array())
        shown = np.ma.filled(error.images[0].get_array(), np.nan)
        inside = np.isfinite(shown)
        assert inside.sum() == (64 - 32) * (80 - 32)
        np.testing.assert_allclose(shown[inside], difference[inside], atol=1e-12)
    row = next(row for row in drawn if row[0].get_title().startswith("transmission"))
    assert row[2].get_title() == "error, rms 0.25"


def test_the_constant_of_the_phase_is_not_drawn():
    moved = dataclasses.replace(maps(), phase=maps().phase + 40)
    row = next(row for row in rows_of(draw_maps(problem(), moved)) if row[0].get_title().startswith("phase"))
    np.testing.assert_allclose(row[0].images[0].get_array(), row[1].images[0].get_array(), atol=1e-9)


def test_what_a_solver_left_out_is_told():
    drawn = panels(draw_maps(problem(), dataclasses.replace(maps(), dark_field=None)))
    assert any(title.startswith("dark ") and ": truth" in title and "reconstructed" in title for title in drawn)


def test_a_truth_without_range_is_drawn_on_the_reconstructions():
    flat = dataclasses.replace(maps(), dark_field=np.zeros(SHAPE))
    row = next(row for row in rows_of(draw_maps(problem(truth=flat), maps())) if row[0].get_title().startswith("dark"))
    assert row[0].images[0].get_clim()[1] == pytest.approx(maps().dark_field.max(), rel=0.1)
    assert len(rows_of(draw_maps(problem(truth=flat), dataclasses.replace(maps(), dark_field=None)))) == 4


def test_without_truth_stand_the_maps_the_published_and_a_measured_image():
    published = 2 * maps().dark_field
    drawn = panels(draw_maps(problem(truth=None, reference={"dark_field": published}), maps()))
    assert {"phase", "transmission", "displacement, rows", "dark field: published", "first sample image"} <= drawn.keys()
    np.testing.assert_array_equal(drawn["dark field: published"][0], published)


def test_units_stand_at_the_colour_bars():
    figure = draw_maps(problem(truth=None), maps())
    labels = {axes.get_ylabel() for axes in figure.axes}
    assert {"px", "rad", "px²"} <= labels


def test_degenerate_maps_are_drawn(tmp_path):
    flat = Reconstruction(
        displacement=np.zeros((2, *SHAPE)), transmission=np.ones(SHAPE), phase=np.zeros(SHAPE), dark_field=np.zeros(SHAPE)
    )
    assert save_picture(tmp_path / "a.png", problem(truth=flat), flat, "nothing").exists()
    assert save_picture(tmp_path / "b.png", problem(truth=None), flat, "nothing").exists()
    assert draw_maps(problem(), Reconstruction()) is not None  # of the truth alone
    assert draw_maps(problem(truth=None), Reconstruction()) is None
