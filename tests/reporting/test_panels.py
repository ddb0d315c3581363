import io

import numpy as np
import pytest
from PIL import Image

from prbench.core import Problem, Provenance, Reconstruction
from prbench.reporting.panels import LARGEST_SIDE, Plane, strip, views, wheel
from prbench.running.request.cell import find_plugin


@pytest.fixture(scope="module")
def problem():
    return find_plugin("dataset", "crystal2d[size=32]").built.problem(0)


def test_the_truth_itself_has_no_error_whatever_its_symmetric_copy(problem):
    truth = np.asarray(problem.truth.object)
    twin = np.conj(np.roll(truth, (2, -1), (0, 1))[::-1, ::-1]) * np.exp(0.7j)
    (view,) = views(problem, [Reconstruction(object=truth), Reconstruction(object=twin), Reconstruction(object=0.5 * truth)])
    assert view.kind == "complex"
    assert view.errors[0].pixels.max() == 0
    assert view.errors[1].pixels.max() <= 1
    np.testing.assert_allclose(view.estimate[1].pixels.astype(int), view.truth.pixels, atol=2)
    assert view.errors[2].pixels.max() == 255
    assert view.error_high == pytest.approx(0.5, rel=0.01)


def test_without_truth_nothing_is_compared(problem):
    blind = Problem(problem.measurement, None, "x", "test", Provenance("here", "none"))
    (view,) = views(blind, [Reconstruction(object=np.asarray(problem.truth.object))])
    assert view.truth is None
    assert view.errors == [None]
    assert view.estimate[0] is not None


def test_a_solver_that_lacks_a_quantity_has_a_gap(problem):
    (view,) = views(problem, [Reconstruction(object=np.asarray(problem.truth.object)), Reconstruction()])
    assert view.estimate[1] is None
    assert view.errors[1] is None


def test_maps_share_the_scale_of_the_truth_and_have_no_offset():
    warped = find_plugin("dataset", "warped-speckle").built.problem(0)
    truth = warped.truth
    displaced = Reconstruction(displacement=np.asarray(truth.displacement) + 0.1, phase=np.asarray(truth.phase) + 5.0)
    found = {view.name: view for view in views(warped, [displaced])}
    rows = found["displacement, rows"]
    assert rows.low == -rows.high
    assert rows.error_low == -rows.error_high
    assert rows.error_high == pytest.approx(0.1, rel=0.1)
    assert np.ptp(found["phase"].errors[0].pixels.astype(int)) <= 1


def test_a_truth_without_range_is_shown_in_that_of_what_was_found():
    warped = find_plugin("dataset", "warped-speckle").built.problem(0)
    assert not np.ptp(np.asarray(warped.truth.dark_field))
    blurred = np.random.default_rng(0).uniform(0, 3, np.shape(warped.truth.dark_field))
    found = {view.name: view for view in views(warped, [Reconstruction(), Reconstruction(dark_field=blurred)])}
    view = found["dark field"]
    assert 0 <= view.low < 0.1
    assert 2.9 < view.high <= 3


def test_png_is_what_the_plane_is():
    rng = np.random.default_rng(0)
    grey = Plane(rng.integers(0, 256, (5, 7), dtype=np.uint8), "viridis")
    colour = Plane(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8))
    for plane in (grey, colour, strip("gray"), wheel(16)):
        image = Image.open(io.BytesIO(plane.png()))
        assert not image.info
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), plane.rgb())


def test_large_objects_are_shown_small():
    rng = np.random.default_rng(0)
    big = find_plugin("dataset", "crystal2d[size=512]").built.problem(0)
    (view,) = views(big, [Reconstruction(object=rng.normal(size=(512, 512)) + 0j)])
    assert max(view.truth.pixels.shape[:2]) <= LARGEST_SIDE
