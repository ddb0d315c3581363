import numpy as np
import pytest

import prbench
from prbench.datasets.deblur._kernels import draw_kernel
from prbench.datasets.deblur.blurred_picture import KERNELS, PICTURES
from prbench.errors import UsageError


def centre_of_mass(kernel):
    return np.array([(grid * kernel).sum() for grid in np.indices(kernel.shape)]) / kernel.sum()


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("size", [5, 15, 31])
def test_kernels_sum_to_one_with_their_centre_of_mass_in_the_middle(name, size):
    for seed in range(5):
        kernel = draw_kernel(name, size, np.random.default_rng(seed))
        assert kernel.shape == (size, size)
        assert kernel.min() >= 0
        assert kernel.sum() == pytest.approx(1)
        np.testing.assert_allclose(centre_of_mass(kernel), size // 2, atol=1e-9)
        assert kernel.max() < 1


def test_a_line_is_straight_and_a_shake_is_not():
    """The smaller eigenvalue of the second moments is that of a pixel's own width where the path is straight."""

    def width(name, seed):
        kernel = draw_kernel(name, 31, np.random.default_rng(seed))
        offset = np.indices(kernel.shape) - 15.0
        moments = np.einsum("irc,jrc,rc->ij", offset, offset, kernel)
        return np.linalg.eigvalsh(moments)[0]

    assert max(width("line", seed) for seed in range(10)) < 0.5
    assert np.median([width("shake", seed) for seed in range(10)]) > 1


def test_a_gaussian_has_its_width():
    kernel = draw_kernel("gaussian", 41, np.random.default_rng(0))
    rows = np.indices(kernel.shape)[0] - 20.0
    assert (rows**2 * kernel).sum() == pytest.approx((41 / 8) ** 2, rel=0.01)


def test_every_picture_meets_every_kernel():
    data = prbench.get_dataset("blurred-picture[size=32,kernel=5]")
    ids = [data.problem(index).id for index in range(data.samples)]
    pairs = {tuple(one.split("-")[2:4]) for one in ids}
    assert pairs == {(picture, kernel) for picture in PICTURES["test"] for kernel in KERNELS}
    assert not set(PICTURES["test"]) & set(PICTURES["tune"])


def test_noise_and_the_size_told_change_nothing_else():
    def made(**settings):
        spelled = ",".join(f"{name}={value}" for name, value in {"size": 48, "kernel": 7, **settings}.items())
        return prbench.get_dataset(f"blurred-picture[{spelled}]").problem(5)

    clear, noisy = made(noise=0), made(noise=0.02)
    np.testing.assert_array_equal(clear.truth.image, noisy.truth.image)
    np.testing.assert_array_equal(clear.truth.kernel, noisy.truth.kernel)
    difference = noisy.measurement.image - clear.measurement.image
    assert difference.std() == pytest.approx(0.02, rel=0.05)
    assert abs(difference.mean()) < 0.002
    assert noisy.measurement.noise_sigma == 0.02
    told = made(oversize=2)
    assert told.measurement.kernel_shape == (15, 15)
    np.testing.assert_array_equal(told.truth.kernel[3:-3, 3:-3], clear.truth.kernel[1:-1, 1:-1])


def test_a_kernel_has_a_middle():
    with pytest.raises(UsageError, match=r"^blurred-picture: kernel .*\b8\b.*\b7 or 9\b"):
        prbench.get_dataset("blurred-picture[kernel=8]")
