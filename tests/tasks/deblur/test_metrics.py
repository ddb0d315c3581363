import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.ndimage import shift as moved_by

from prbench.core import Case, Problem, Provenance, Reconstruction, load_plugin, plugin_names
from prbench.errors import BadInput
from prbench.tasks.deblur import BlurredImage
from prbench.tasks.deblur.deconvolution import sparse_deconvolution
from prbench.tasks.deblur.metrics import kernel_similarity, moved_to_truth, register_image

MARGIN = (4, 3)
KERNEL = (9, 7)
METRICS = ("image_psnr", "psnr_gain", "image_ssim", "kernel_similarity", "blur_residual")


def smooth(shape=(48, 40), seed=0):
    picture = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 1.5, mode="wrap")
    return 0.5 + 0.2 * picture / picture.std()


def a_case(noise=0.05, roll=(0, 0)):
    """A noisy truth, rolled, and its kernel rolled the other way, so that both make the same blurred image but at the edges."""
    rng = np.random.default_rng(3)
    x = smooth()
    kernel = np.zeros(KERNEL)
    kernel[3:6, 2:5] = rng.random((3, 3))
    kernel += kernel[::-1, ::-1]  # so that its centre of mass is in the middle
    kernel /= kernel.sum()
    y = BlurredImage(np.ones((x.shape[0] - 8, x.shape[1] - 6)), KERNEL)
    y = BlurredImage(y.blur(x, kernel), KERNEL)
    truth = Reconstruction(image=x, kernel=kernel)
    problem = Problem(y, truth, "one", "test", Provenance("made here", "none"))
    image = np.roll(x + noise * rng.standard_normal(x.shape), roll, axis=(0, 1))
    return Case(Reconstruction(image=image, kernel=np.roll(kernel, [-r for r in roll], axis=(0, 1))), problem)


def test_whole_translations_are_found_exactly():
    x = smooth()
    for shift in ((0, 0), (2, -3), (-4, 3)):
        found = register_image(x, np.roll(x, shift, axis=(0, 1)), MARGIN)
        assert found.shift == (-shift[0], -shift[1])
        np.testing.assert_array_equal(found.estimate, found.truth)


def test_the_whole_translation_is_the_nearest_of_all():
    x, found = smooth(), smooth(seed=1)
    inner = x[4:-4, 3:-3]
    rows, columns = x.shape
    least = min(
        np.sum((found[4 - r : rows - 4 - r, 3 - c : columns - 3 - c] - inner) ** 2) for r in range(-4, 5) for c in range(-3, 4)
    )
    assert np.sum((register_image(x, found, MARGIN).estimate - inner) ** 2) <= least


def test_quarters_of_a_pixel_are_found():
    x = smooth()
    moved = moved_by(x, (1.25, -0.5), order=5, mode="wrap")
    found = register_image(x, moved, MARGIN)
    assert found.shift == (-1.25, 0.5)
    assert np.abs(found.estimate - found.truth)[3:-3, 3:-3].max() < 0.01


def test_a_margin_must_leave_something():
    with pytest.raises(BadInput, match=r"\(8, 8\), \(8, 8\), \(4, 1\)"):
        register_image(np.zeros((8, 8)), np.zeros((8, 8)), (4, 1))
    with pytest.raises(BadInput, match=r"\(8, 8\), \(8, 9\), \(1, 1\)"):
        register_image(np.zeros((8, 8)), np.zeros((8, 9)), (1, 1))


def test_similar_kernels_are_those_equal_but_for_a_translation():
    rng = np.random.default_rng(0)
    kernel, other = np.zeros((2, 9, 9))
    kernel[2:5, 3:6] = rng.random((3, 3))
    other[4, :] = 1
    assert kernel_similarity(kernel, np.roll(kernel, (2, -1), axis=(0, 1))) == pytest.approx(1)
    assert kernel_similarity(kernel, 3 * kernel) == pytest.approx(1)
    assert kernel_similarity(kernel, other) < 0.9
    assert kernel_similarity(kernel, other) == pytest.approx(kernel_similarity(other, kernel))
    assert np.isnan(kernel_similarity(kernel, 0 * kernel))


@pytest.mark.parametrize("name", METRICS)
def test_no_metric_sees_image_and_kernel_move_against_each_other(name):
    assert name in plugin_names("metric")
    metric = load_plugin("metric", name)
    still, moved = a_case(), a_case(roll=(2, -1))
    assert metric(still) == pytest.approx(metric(moved), rel=2e-3 if name != "blur_residual" else 0.5)


def test_the_truth_scores_best():
    score = {name: load_plugin("metric", name)(a_case(noise=0)) for name in METRICS}
    assert score["image_psnr"] == score["psnr_gain"] == np.inf
    assert score["image_ssim"] == pytest.approx(1)
    assert score["kernel_similarity"] == pytest.approx(1)
    assert score["blur_residual"] < 1e-6


def test_the_gain_is_over_the_blurred_image():
    case = a_case()
    y, span = case.problem.measurement, np.ptp(case.problem.truth.image[4:-4, 3:-3])
    inner = case.problem.truth.image[4:-4, 3:-3]
    blurred = 10 * np.log10(span**2 / np.mean((y.image - inner) ** 2))
    found = 10 * np.log10(span**2 / np.mean((case.reconstruction.image[4:-4, 3:-3] - inner) ** 2))
    assert load_plugin("metric", "image_psnr")(case) == pytest.approx(found)
    assert load_plugin("metric", "psnr_gain")(case) == pytest.approx(found - blurred)
    assert case.notes["shift_rows"] == 0


def test_a_picture_shows_image_and_kernel_where_the_truth_is():
    case = a_case(noise=0, roll=(2, -1))
    moved, truth = moved_to_truth(case.problem, case.reconstruction), case.problem.truth
    np.testing.assert_allclose(moved.image[4:-4, 3:-3], truth.image[4:-4, 3:-3], atol=1e-6)
    np.testing.assert_allclose(moved.kernel, truth.kernel, atol=1e-6)


def test_the_error_ratio_judges_the_kernel_alone():
    ratio = load_plugin("metric", "error_ratio")
    case = a_case(noise=1.0)
    assert ratio(case) == 1  # whatever the image
    assert ratio(a_case(roll=(2, -1))) == pytest.approx(1, rel=0.1)
    point = np.zeros(KERNEL)
    point[4, 3] = 1
    wrong = Case(Reconstruction(image=case.problem.truth.image, kernel=point), case.problem)
    assert ratio(wrong) > 2


def test_deconvolution_finds_a_picture_of_few_edges():
    x = np.zeros((48, 40))
    x[12:30, 10:22], x[20:40, 26:34] = 1.0, 0.5
    kernel = np.full((5, 3), 1 / 15)
    y = BlurredImage(BlurredImage(np.ones((44, 38)), (5, 3)).blur(x, kernel), (5, 3))
    found = sparse_deconvolution(y, kernel)
    assert found.shape == x.shape
    blurred = np.abs(np.asarray(y.image) - x[2:-2, 1:-1]).mean()
    assert np.abs(found - x)[2:-2, 1:-1].mean() < 0.15 * blurred
    holes = np.ones(y.shape, bool)
    holes[15:18, 15:18] = False
    masked = BlurredImage(np.where(holes, y.image, 7.0), (5, 3), mask=holes)
    assert np.abs(sparse_deconvolution(masked, kernel) - x)[2:-2, 1:-1].mean() < 0.2 * blurred
