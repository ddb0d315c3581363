import dataclasses
import re

import numpy as np
import pytest
from scipy.signal import convolve2d

from prbench.backend import get_backend
from prbench.core import Reconstruction
from prbench.errors import BadInput, PrbenchError
from prbench.tasks.deblur import BlurredImage

LIBRARIES = ("numpy", "torch")
SHAPE, SIZES = (20, 17), (5, 3)


def blurred(library="numpy", **changes):
    image = np.random.default_rng(0).random(SHAPE)
    return BlurredImage(**{"image": image, "kernel_shape": SIZES, **changes}).to(get_backend(library, "double"))


def drawn(y, *shapes):
    rng = np.random.default_rng(1)
    return [y.backend.asarray(rng.standard_normal(shape)) for shape in shapes]


@pytest.mark.parametrize("library", LIBRARIES)
def test_it_is_the_convolution_where_that_knows_all_it_needs(library):
    y = blurred(library)
    x, kernel = drawn(y, y.object_shape, SIZES)
    expected = convolve2d(y.backend.to_numpy(x), y.backend.to_numpy(kernel), mode="valid")
    np.testing.assert_allclose(y.backend.to_numpy(y.blur(x, kernel)), expected, atol=1e-12)
    assert expected.shape == y.shape
    assert y.counters.operators == 1


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_adjoints_are(library):
    y = blurred(library)
    x, kernel, residual = drawn(y, y.object_shape, SIZES, SHAPE)
    inner = float((y.blur(x, kernel) * residual).sum())
    assert float((x * y.blur_adjoint(residual, kernel)).sum()) == pytest.approx(inner)
    assert float((kernel * y.kernel_adjoint(residual, x)).sum()) == pytest.approx(inner)
    assert y.counters.operators == 3


@pytest.mark.parametrize("library", LIBRARIES)
def test_several_are_blurred_at_once(library):
    y = blurred(library)
    x, kernel = drawn(y, (3, *y.object_shape), (3, *SIZES))
    together = y.backend.to_numpy(y.blur(x, kernel))
    for n in range(3):
        np.testing.assert_allclose(together[n], y.backend.to_numpy(y.blur(x[n], kernel[n])), atol=1e-12)


def test_torch_differentiates_it():
    y = blurred("torch")
    x, kernel, residual = drawn(y, y.object_shape, SIZES, SHAPE)
    x.requires_grad_()
    kernel.requires_grad_()
    (y.blur(x, kernel) * residual).sum().backward()
    np.testing.assert_allclose(x.grad, y.blur_adjoint(residual, kernel).detach(), atol=1e-12)
    np.testing.assert_allclose(kernel.grad, y.kernel_adjoint(residual, x).detach(), atol=1e-12)


def test_image_and_kernel_can_move_against_each_other():
    y = blurred()
    (wide,) = drawn(y, (SHAPE[0] + 10, SHAPE[1] + 10))
    kernel = np.zeros(SIZES)
    kernel[1:4, 1] = 1 / 3
    rows, columns = y.object_shape
    here = wide[3 : 3 + rows, 3 : 3 + columns]
    moved = wide[4 : 4 + rows, 3 : 3 + columns]
    np.testing.assert_allclose(y.blur(here, kernel), y.blur(moved, np.roll(kernel, 1, axis=0)), atol=1e-12)


def test_the_residual_is_relative_and_asks_measured_pixels_only():
    y = blurred()
    x, kernel = drawn(y, y.object_shape, SIZES)
    assert float(y.residual(0 * x, kernel)) == pytest.approx(1)
    exact = dataclasses.replace(y, image=y.blur(x, kernel))
    assert float(exact.residual(x, kernel)) < 1e-14
    broken, mask = exact.image.copy(), np.ones(SHAPE, bool)
    broken[5:8, 5:8], mask[5:8, 5:8] = np.nan, False
    masked = dataclasses.replace(exact, image=broken, mask=mask)
    assert np.isfinite(masked.image).all()
    assert float(masked.residual(x, kernel)) < 1e-14


def test_what_is_not_a_blurred_image_is_refused():
    for changes, message in (
        ({"image": np.zeros((3, 4, 5))}, r"^image .*\(3, 4, 5\)"),
        ({"image": np.full(SHAPE, np.nan)}, r"^image .*\b340 .*\bfinite\b"),
        ({"image": np.zeros(SHAPE)}, r"^image .*\bzero\b"),
        ({"kernel_shape": (4, 3)}, r"^kernel_shape .*\(4, 3\)"),
        ({"kernel_shape": (21, 3)}, r"^kernel_shape .*\(21, 3\)"),
        ({"kernel_shape": (3,)}, r"^kernel_shape .*\(3,\)"),
        ({"mask": np.ones((3, 3))}, r"^mask .*\(3, 3\)"),
        ({"mask": np.zeros(SHAPE)}, r"^mask .*\bpixel"),
        ({"noise_sigma": -1.0}, r"^noise_sigma .*-1\.0"),
    ):
        with pytest.raises(BadInput, match=message):
            blurred(**changes)


def test_an_answer_has_the_shapes_and_the_sum_of_its_kernel():
    y = blurred()
    kernel = np.full(SIZES, 1 / 15)
    good = Reconstruction(image=np.zeros(y.object_shape), kernel=kernel)
    y.check(good)
    for changes, message in (
        ({"image": np.zeros(SHAPE)}, rf"\bimage .*\breal\b.*{re.escape(str(SHAPE))}"),
        ({"kernel": None}, r"\bkernel .*\breal\b.*\bNoneType\b"),
        ({"kernel": 2 * kernel}, r"\bkernel .*\b2$"),
    ):
        with pytest.raises(PrbenchError, match=message):
            y.check(dataclasses.replace(good, **changes))


def test_its_description_is_plain():
    described = blurred(noise_sigma=0.01).describe()
    assert described == {"task": "deblur", "shape": [20, 17], "kernel_shape": [5, 3], "noise_sigma": 0.01}
