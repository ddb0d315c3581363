import numpy as np
import pytest

import prbench
from prbench.datasets.deblur.shaken_picture import SIZES


def test_each_picture_meets_eight_kernels_that_are_the_same_for_all():
    data = prbench.get_dataset("shaken-picture[size=32]")
    assert data.samples == 64
    assert (min(SIZES), max(SIZES), len(SIZES)) == (13, 27, 8)
    first, second = ([data.problem(8 * picture + number) for number in range(8)] for picture in (0, 5))
    for number, (one, other) in enumerate(zip(first, second, strict=True)):
        assert one.measurement.kernel_shape == (SIZES[number],) * 2
        assert one.truth.kernel.sum() == pytest.approx(1)
        np.testing.assert_array_equal(one.truth.kernel, other.truth.kernel)
    assert len({problem.truth.kernel.tobytes() for problem in first}) == 8
    np.testing.assert_array_equal(data.problem(3, seed=1).truth.kernel, first[3].truth.kernel)
    assert not np.array_equal(data.problem(3, split="tune").truth.kernel, first[3].truth.kernel)


def test_a_shake_fills_its_frame_and_is_no_line():
    """Both second moments are well above a pixel's own, and the path reaches a third of the side."""
    for number in range(8):
        kernel = prbench.get_dataset("shaken-picture[size=32]").problem(number).truth.kernel
        offset = np.indices(kernel.shape) - kernel.shape[0] // 2
        least, most = np.linalg.eigvalsh(np.einsum("irc,jrc,rc->ij", offset, offset, kernel))
        assert least > 0.4, number
        assert most > (kernel.shape[0] / 10) ** 2, number
