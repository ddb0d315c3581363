import math

import numpy as np
import pytest

from prbench.errors import BadInput
from prbench.metrics.image import peak_signal_to_noise, picture, psnr, ssim, structural_similarity


def test_exact_and_symmetric_copies_are_perfect(crystal, copy_of, make_case):
    x = crystal()
    assert psnr(make_case(x, x)) > 300
    assert peak_signal_to_noise(picture(abs(x), abs(x))) == math.inf
    assert ssim(make_case(x, x)) == pytest.approx(1, abs=1e-12)
    assert psnr(make_case(x, copy_of(x))) > 200
    assert ssim(make_case(x, copy_of(x))) == pytest.approx(1, abs=1e-9)


def test_psnr_of_a_known_error(crystal):
    x = crystal()
    rng = np.random.default_rng(0)
    error = rng.choice([-0.1, 0.1], x.shape)
    image = picture(x, x * np.exp(1j * error))
    span = np.ptp(np.angle(x * np.conj(x.sum()))[x != 0])
    assert image.kind == "phase"
    assert image.data_range == pytest.approx(span)
    assert peak_signal_to_noise(image) == pytest.approx(20 * math.log10(span / 0.1))


def test_a_wrap_is_not_an_error(crystal):
    x = crystal(spread=9.0)
    image = picture(x, x * np.exp(0.01j))
    assert np.abs(image.estimate - image.truth).max() == pytest.approx(0.01)
    assert structural_similarity(image) > 0.99


@pytest.mark.parametrize("angle", [0.0, 1.0, math.pi, -3.0])
def test_the_global_phase_of_the_truth_does_not_matter(crystal, make_case, angle):
    x, found = crystal(), crystal(seed=0.1)
    turned = make_case(np.exp(1j * angle) * x, found)
    assert psnr(turned) == pytest.approx(psnr(make_case(x, found)))
    assert ssim(turned) == pytest.approx(ssim(make_case(x, found)))


def test_what_is_left_empty_is_not_right(crystal):
    x = crystal()
    image = picture(x, np.zeros_like(x))
    assert np.sqrt(np.mean((image.estimate - image.truth)[image.region] ** 2)) == pytest.approx(math.pi / math.sqrt(3))


def test_a_constant_phase_is_judged_by_magnitude(make_case, crystal):
    x = np.abs(crystal()) * (1 + np.linspace(0, 1, 32)) * np.exp(1j)
    case = make_case(x, 1.1 * x)
    assert psnr(case) == pytest.approx(10 * math.log10(np.abs(x).max() ** 2 / np.mean((0.1 * np.abs(x)) ** 2)))
    assert case.notes["image"] == "magnitude"
    assert case.notes["image_data_range"] == pytest.approx(np.abs(x).max())


def test_no_phase_is_asked_for_where_there_is_next_to_nothing(crystal):
    x = crystal()
    faint = np.zeros(x.shape, bool)
    faint[10:20, 10:20] = True
    x[faint] *= 0.01
    image = picture(x, np.where(faint, -x, x))
    assert not image.region[faint].any()
    assert peak_signal_to_noise(image) > 300


def test_only_the_region_counts(crystal, make_case):
    x = crystal()
    region = np.zeros(x.shape, bool)
    region[10:20, 10:20] = True
    found = np.where(region, x, 0.5 * x)
    assert psnr(make_case(x, found, object_region=region)) > 300
    assert ssim(make_case(x, found, object_region=region)) == pytest.approx(1)


def test_more_noise_is_worse_and_three_dimensions_work():
    rng = np.random.default_rng(1)
    x = np.exp(1j * np.cumsum(rng.normal(scale=0.1, size=(14, 13, 12)), axis=0))
    scores = [picture(x, x * np.exp(1j * s * rng.normal(size=x.shape))) for s in (0.01, 0.1, 0.5)]
    for score in (peak_signal_to_noise, structural_similarity):
        values = [score(image) for image in scores]
        assert values == sorted(values, reverse=True)


def test_not_defined_where_the_window_does_not_fit_and_refusals():
    x = np.exp(1j * np.arange(80.0).reshape(8, 10) / 80)
    assert math.isnan(structural_similarity(picture(x, x)))
    with pytest.raises(BadInput, match=r"\(8, 10\).*\(7, 10\)"):
        picture(x, x[1:])
    with pytest.raises(BadInput, match=r"\btruth .*\bzero\b"):
        picture(np.zeros((4, 4)), np.ones((4, 4)))
