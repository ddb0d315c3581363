import dataclasses
import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from prbench.core import SPECKLE_MAPS, Case, Problem, Provenance, Reconstruction, load_plugin
from prbench.errors import BadInput
from prbench.metrics import judged_region, outlier_fraction, relative_difference, root_mean_square_error
from prbench.metrics.image import psnr, ssim
from prbench.tasks.speckle import SpeckleStack

SHAPE = (64, 72)
TRUTH = ("displacement_rmse", "displacement_outliers", "transmission_rmse", "phase_rmse", "dark_field_rmse")


def speckles(images=3):
    rng = np.random.default_rng(0)
    ripple = gaussian_filter(rng.standard_normal((images, *SHAPE)), (0, 1.7, 1.7))
    return 1000 * (1 + 0.2 * ripple / ripple.std())


def answer(**changes):
    rows, columns = np.meshgrid(*(np.linspace(-1, 1, n) for n in SHAPE), indexing="ij")
    bump = np.exp(-3 * (rows**2 + columns**2))
    maps = {
        "displacement": np.stack([0.8 * rows * bump, -0.6 * columns * bump]),
        "transmission": 1 - 0.2 * bump,
        "phase": -5 * bump,
        "dark_field": 0.4 * bump,
    }
    return Reconstruction(**{**maps, **changes})


def make_case(found=None, **problem):
    truth, reference = answer(), speckles()
    still = SpeckleStack(reference, reference, energy_ev=25e3, distance_m=1.0, pixel_m=6.5e-6)
    y = dataclasses.replace(still, sample=still.forward(truth))
    made = Problem(y, truth, "0", "test", Provenance("made here", "CC0"))
    return Case(truth if found is None else found, dataclasses.replace(made, **problem))


def score(name, case):
    return load_plugin("metric", name)(case)


def test_the_truth_has_no_error():
    for name in TRUTH:
        assert score(name, make_case()) == 0
    assert score("stack_residual", make_case()) < 1e-6
    assert psnr(make_case()) == math.inf
    assert ssim(make_case()) == pytest.approx(1, abs=1e-12)


def test_a_sample_that_does_nothing_leaves_the_whole_residual():
    nothing = answer(displacement=np.zeros((2, *SHAPE)), transmission=np.ones(SHAPE), dark_field=None)
    assert score("stack_residual", make_case(nothing)) == pytest.approx(1, abs=1e-6)
    assert math.isnan(score("stack_residual", make_case(nothing, measurement=idle())))


def idle():
    y = make_case().problem.measurement
    return dataclasses.replace(y, sample=y.reference)


def test_a_blur_stronger_than_the_speckles_survive_is_that_blur():
    y = make_case().problem.measurement
    gone = float(y.dark_field_of(np.zeros((1, 1))).max())
    scores = [score("stack_residual", make_case(answer(dark_field=np.full(SHAPE, blur)))) for blur in (gone, 1e12)]
    assert scores[0] == scores[1]


def test_scoring_is_no_work_of_the_solvers():
    case = make_case()
    before = case.problem.measurement.counters.operators
    score("stack_residual", case)
    assert case.problem.measurement.counters.operators == before


def test_a_displacement_that_is_off_by_a_constant_is_off_by_that_a_component():
    found = answer(displacement=answer().displacement + np.array([0.3, -0.4])[:, None, None])
    assert score("displacement_rmse", make_case(found)) == pytest.approx(math.sqrt((0.09 + 0.16) / 2))
    assert score("displacement_outliers", make_case(found)) == 0


@pytest.mark.parametrize("name", ["phase_rmse", "psnr", "ssim"])
def test_the_constant_of_the_phase_does_not_matter(name):
    rng = np.random.default_rng(1)
    found = answer().phase + 0.1 * rng.standard_normal(SHAPE)
    plain, moved = (score(name, make_case(answer(phase=found + offset))) for offset in (0.0, 12.3))
    assert plain == pytest.approx(moved)
    assert score("phase_rmse", make_case(answer(phase=found))) == pytest.approx(0.1, rel=0.1)


def test_a_whole_turn_in_part_of_the_frame_is_an_error():
    turned = answer().phase + 2 * np.pi * (np.arange(SHAPE[1]) > 36)
    assert score("phase_rmse", make_case(answer(phase=turned))) > 3


def test_psnr_of_a_known_error_against_the_range_of_the_truth():
    error = 0.2 * (-1.0) ** np.indices(SHAPE).sum(axis=0)
    case = make_case(answer(phase=answer().phase + error))
    region = judged_region(case.problem)
    assert psnr(case) == pytest.approx(20 * math.log10(np.ptp(answer().phase[region]) / 0.2))
    assert case.notes["image"] == "phase"
    assert case.notes["image_data_range"] == pytest.approx(np.ptp(answer().phase[region]))


def test_a_phase_without_range_has_neither_psnr_nor_ssim():
    flat = make_case(answer(), truth=answer(phase=np.zeros(SHAPE)))
    assert math.isnan(psnr(flat))
    assert math.isnan(ssim(flat))


def test_the_fraction_of_lost_pixels_is_the_fraction_lost():
    displacement = answer().displacement.copy()
    displacement[0, 20:24, 20:25] += 0.9
    displacement[1, 20:24, 20:25] += 0.9  # 1.27 px as a vector
    displacement[:, 30:34, 30:35] += 0.6  # 0.85 px
    case = make_case(answer(displacement=displacement))
    assert score("displacement_outliers", case) == pytest.approx(20 / judged_region(case.problem).sum())
    assert outlier_fraction(answer().displacement, displacement, limit_px=0.8) == pytest.approx(40 / (64 * 72))


@pytest.mark.parametrize("name", [*TRUTH, "stack_residual", "psnr", "ssim"])
def test_what_lies_outside_the_region_does_not_count(name):
    region = np.zeros(SHAPE, bool)
    region[24:40, 24:44] = True
    wild = np.where(region, 0, 7.0)
    maps = {field: getattr(answer(), field) + wild for field in ("displacement", "phase", "transmission", "dark_field")}
    case, exact = (make_case(found, object_region=region) for found in (answer(**maps), answer()))
    if name == "ssim":
        assert score(name, case) == pytest.approx(1)
    elif name == "psnr":
        assert score(name, case) > 250
    else:
        assert score(name, case) == pytest.approx(score(name, exact), abs=1e-9)


def test_without_a_region_the_rim_is_left_out_and_what_was_not_measured():
    mask = np.ones(SHAPE, bool)
    mask[30:34, 30:34] = False
    case = make_case()
    assert judged_region(case.problem).sum() == (64 - 32) * (72 - 32)
    y = dataclasses.replace(case.problem.measurement, mask=mask)
    assert judged_region(dataclasses.replace(case.problem, measurement=y)).sum() == 32 * 40 - 16


def test_a_solver_without_dark_field_has_no_score_for_one():
    assert math.isnan(score("dark_field_rmse", make_case(answer(dark_field=None))))
    assert math.isnan(score("dark_field_rmse", make_case(truth=answer(dark_field=None))))


def test_images_are_those_given_unless_the_solver_says_fewer():
    assert score("images_used", make_case()) == 3
    assert score("images_used", make_case(answer(aux={"images_used": np.array(1)}))) == 1


def test_the_published_dark_field_is_compared_far_inside():
    shape = (160, 150)
    rng = np.random.default_rng(0)
    published = 1 + rng.random(shape)
    y = SpeckleStack(1 + rng.random((1, *shape)), np.ones((1, *shape)), energy_ev=25e3, distance_m=1.0, pixel_m=6.5e-6)
    problem = Problem(y, None, "0", "test", Provenance("made here", "CC0"), reference={"dark_field": published})
    found = np.where(np.pad(np.ones((32, 22), bool), 64), 1.02 * published, 0)
    maps = {"displacement": np.zeros((2, *shape)), "transmission": np.ones(shape), "phase": np.zeros(shape)}
    case = Case(Reconstruction(dark_field=found, **maps), problem)
    metric = load_plugin("metric", "dark_field_difference")
    assert metric.applies(case, SPECKLE_MAPS)
    assert metric(case) == pytest.approx(0.02)
    assert math.isnan(metric(Case(Reconstruction(**maps), problem)))
    assert math.isnan(metric(make_case(reference={"dark_field": answer().dark_field})))  # all of it is rim
    assert not metric.applies(make_case(), SPECKLE_MAPS)


def test_maps_that_do_not_fit_are_refused():
    with pytest.raises(BadInput, match=r"\(4, 4\), \(4, 5\)"):
        root_mean_square_error(np.zeros((4, 4)), np.zeros((4, 5)))
    with pytest.raises(BadInput, match="empty"):
        root_mean_square_error(np.zeros((4, 4)), np.zeros((4, 4)), np.zeros((4, 4), bool))
    assert math.isnan(relative_difference(np.zeros((4, 4)), np.ones((4, 4))))


@pytest.mark.parametrize("name", [*TRUTH, "stack_residual", "images_used", "psnr", "ssim"])
def test_no_metric_changes_its_case(name):
    found = answer()
    kept = {field: array.copy() for field, array in found.items()}
    case = make_case(found)
    assert score(name, case) == score(name, make_case(answer()))
    for field, array in found.items():
        np.testing.assert_array_equal(array, kept[field])
