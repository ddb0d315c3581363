"""The scores themselves: published values, what the packages give, and laws."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import gamma

from prbench.metrics import _brisque, _niqe
from prbench.metrics._brisque import BRISQUE_WORST, brisque
from prbench.metrics._natural_scenes import NUMBERS, AsymmetricGaussian, gaussian_shape, halved, mirrored
from prbench.metrics._niqe import NIQE_WORST, niqe

# Made once with piq 0.8.0 (in single precision, its default; torch 2.13.0 on an x86-64 CPU with AVX2) and pyiqa 0.1.16, from the
# numbers that come with prbench. Another of torch's convolutions moves piq's values by up to 0.04, that of "page" by 0.3.
GOLDEN = {
    "camera": (-7.2613525390625, 3.0959380852160243),
    "moon": (13.2652587890625, 9.117514727960186),
    "brick": (42.63153076171875, 9.482674477124823),
    "gravel": (21.80059814453125, 4.333704382696775),
    "grass": (38.19134521484375, 6.492928752971383),
    "text": (36.6204833984375, 10.197891760514818),
    "page": (16.43048095703125, 8.780170283289587),
    "cell": (75.2596435546875, 10.978811743730207),
}
"""By picture of skimage.data, BRISQUE of piq and NIQE of pyiqa; "page" has 191x384 pixels, "text" 172x448."""


def photograph(name):
    return getattr(pytest.importorskip("skimage.data"), name)()


@pytest.mark.parametrize("name", GOLDEN)
def test_pictures_get_the_scores_of_the_packages(name):
    expected_brisque, expected_niqe = GOLDEN[name]
    assert brisque(photograph(name)) == pytest.approx(expected_brisque, rel=1e-3)
    assert niqe(photograph(name)) == pytest.approx(expected_niqe, rel=1e-6)


def test_photographs_get_the_published_scores():
    camera = photograph("camera")
    assert niqe(camera) == pytest.approx(3.096, abs=0.01)
    assert brisque(camera) == pytest.approx(-7.26, abs=0.01)


@pytest.mark.parametrize("judge", [brisque, niqe])
def test_noise_makes_a_photograph_worse(judge):
    camera = photograph("camera")
    noise = np.random.default_rng(0).normal(scale=40, size=camera.shape)
    noisy = np.clip(camera + noise, 0, 255).astype(np.uint8)
    assert judge(noisy) > judge(camera) + 1


@pytest.mark.parametrize("judge", [brisque, niqe])
def test_noise_and_blur_make_a_small_photograph_worse(judge):
    from scipy.ndimage import gaussian_filter

    small = photograph("camera")[200:290, 200:290]
    noisy = np.clip(small + np.random.default_rng(0).normal(scale=40, size=small.shape), 0, 255).astype(np.uint8)
    blurred = gaussian_filter(small, 3)
    assert judge(noisy) > judge(small) + 1
    assert judge(blurred) > judge(small) + 1


def degenerate():
    """Images at the edge of what has statistics, by name."""
    rng = np.random.default_rng(0)
    rows, columns = np.indices((192, 192))
    one = np.full((192, 192), 128)
    one[50, 60] = 129
    impulses = np.where((rows % 16 == 0) & (columns % 16 == 0), 255, 0)
    images = {
        "black": 0 * rows,
        "grey": 0 * rows + 7,
        "one pixel": one,
        "halves": np.where(columns < 96, 0, 255),
        "stripes": columns % 2 * 255,
        "checkerboard": (rows + columns) % 2 * 255,
        "ramp": columns,
        "impulses": impulses,
        "salt": (rng.random((192, 192)) < 0.01) * 255,
        "two levels": 128 + rng.integers(0, 2, (192, 192)),
        "noise": rng.integers(0, 256, (192, 192)),
    }
    return {name: image.astype(np.uint8) for name, image in images.items()}


@pytest.mark.parametrize("name", degenerate())
def test_every_image_has_a_finite_score_and_none_is_worse_than_a_flat_one(name):
    image = degenerate()[name]
    flat = name in ("black", "grey")
    for judge, worst in ((brisque, BRISQUE_WORST), (niqe, NIQE_WORST)):
        score = judge(image)
        assert score == worst if flat else np.isfinite(score) and score <= worst


@pytest.mark.parametrize("name", ["halves", "stripes", "checkerboard"])
def test_products_of_one_sign_have_no_statistics(name):
    image = degenerate()[name]
    assert (brisque(image), niqe(image)) == (BRISQUE_WORST, NIQE_WORST)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (31, 33), (32, 32), (95, 97)])
def test_no_image_is_too_small(shape):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert np.isfinite([brisque(image), niqe(image)]).all()


def test_the_worst_brisque_is_the_largest_value_of_the_regression():
    model = _brisque._model()
    low, high = model["range"].T

    def descent(scaled):
        return -_brisque._regression(low + (scaled + 1) / 2 * (high - low))

    far = low + 1000 * (high - low)
    assert _brisque._regression(far) == pytest.approx(153.591)
    starts = model["sv"][np.argsort(-model["sv_coef"])[:3]]
    tops = [-minimize(descent, start, method="L-BFGS-B").fun for start in starts]
    assert max(tops) == pytest.approx(BRISQUE_WORST, abs=1e-2)
    assert max(tops) <= BRISQUE_WORST


def test_the_worst_niqe_is_out_of_reach_of_any_features():
    photographs = _niqe._photographs()
    weight = np.exp(-(np.arange(-3, 4) ** 2) / (2 * (7 / 6) ** 2))
    weight = (weight / weight.sum()).max() ** 2
    farthest = np.sqrt((1 - weight) / weight)  # of a pixel from its mean, in standard deviations: a lone pixel
    scale = np.sqrt(gamma(1 / 10) / gamma(3 / 10))
    direction = [(0.2, 10), (-(farthest**2), farthest**2), (0, farthest**2 * scale), (0, farthest**2 * scale)]
    low, high = np.array(2 * [(0.2, 10), (0, farthest * scale), *4 * direction]).T
    mean = photographs["mu"].ravel()
    corner = np.maximum(np.abs(low - mean), np.abs(high - mean))
    narrowest = np.linalg.eigvalsh(photographs["cov"])[0]
    bound = np.sqrt(2 / narrowest * (corner @ corner))
    assert bound <= NIQE_WORST
    assert pytest.approx(bound, rel=1e-5) == NIQE_WORST


def test_one_block_with_structure_is_enough():
    image = np.full((192, 192), 90, np.uint8)
    image[:96, :96] = np.random.default_rng(0).integers(0, 256, (96, 96))
    assert 3 < niqe(image) < NIQE_WORST


@pytest.mark.parametrize(("shape", "draw"), [(1.0, "laplace"), (2.0, "normal")])
def test_the_shape_of_a_distribution_is_found(shape, draw):
    samples = getattr(np.random.default_rng(0), draw)(size=(1, 400_000))
    assert gaussian_shape(np.mean(samples**2), np.mean(np.abs(samples))) == pytest.approx(shape, rel=0.01)
    fit = AsymmetricGaussian.fit(np.where(samples < 0, samples, 3 * samples))
    assert fit.right[0] / fit.left[0] == pytest.approx(3, rel=0.02)
    same = AsymmetricGaussian.fit(samples)
    assert same.shape[0] == pytest.approx(shape, rel=0.02)
    assert same.mean()[0] == pytest.approx(0, abs=0.01)


def test_a_fit_is_that_of_each_row_alone():
    samples = np.random.default_rng(0).normal(size=(5, 1000)) * np.arange(1, 6)[:, None]
    together = AsymmetricGaussian.fit(samples)
    for i in range(5):
        alone = AsymmetricGaussian.fit(samples[i : i + 1])
        assert (alone.shape[0], alone.left[0], alone.right[0]) == (together.shape[i], together.left[i], together.right[i])


@pytest.mark.parametrize("shape", [(64, 48), (63, 49), (7, 200)])
def test_halving_keeps_constants_and_the_middle_of_ramps(shape):
    half = halved(np.full(shape, 3.0))
    assert half.shape == (shape[0] // 2, shape[1] // 2)
    assert np.allclose(half, 3)
    ramp = halved(np.broadcast_to(np.arange(200.0), (8, 200)))
    assert np.allclose(ramp[:, 4:-4], 2 * np.arange(100)[4:-4] + 0.5)


def test_halving_suppresses_what_would_alias():
    stripes = np.broadcast_to(np.arange(64) % 2 * 1.0, (64, 64))
    assert np.ptp(halved(stripes)[:, 4:-4]) < 0.05


def test_mirroring_repeats_the_border():
    assert mirrored(np.array([[1, 2, 3]]), 3).tolist() == 3 * [[1, 2, 3, 3, 2, 1, 1, 2, 3]]


def test_numbers_come_with_the_package_and_with_a_notice():
    notice = (NUMBERS / "NOTICE").read_text(encoding="utf-8")
    for file in NUMBERS.glob("*.npz"):
        assert file.name in notice
        with np.load(file, allow_pickle=False) as arrays:
            assert all(array.dtype.kind == "f" for array in arrays.values())
    assert notice.count("COPYRIGHT NOTICE STARTS") == 2
