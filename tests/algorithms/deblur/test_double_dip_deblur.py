import dataclasses

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity as known_similarity

import prbench
from prbench.algorithms.deblur._kernel import centring, conjugate_gradients, estimated_kernel
from prbench.algorithms.deblur._noise import noise_level
from prbench.algorithms.deblur._similarity import structural_similarity
from prbench.algorithms.deblur._variation import deconvolved
from prbench.backend import get_backend
from prbench.core import Problem, Provenance, Reconstruction, build_plugin
from prbench.tasks.deblur import BlurredImage
from prbench.tasks.deblur.metrics import kernel_similarity

TORCH = get_backend("torch", "double")
SIGMA = 0.01
QUICK = {"iterations": 30, "channels": 4, "scales": 3}


def cartoon(shape, seed=0):
    """Pieces of constant grey with curved edges."""
    rng = np.random.default_rng(seed)
    fields = [gaussian_filter(rng.standard_normal(shape), 4) for _ in range(4)]
    return 0.1 + 0.2 * sum((field > 0).astype(float) for field in fields)


def problem(shape=(72, 80), sizes=(9, 13), noise=SIGMA, **changes):
    """A line of seven pixels, told a larger size."""
    kernel = np.zeros(sizes)
    for step in np.linspace(-3, 3, 25):
        kernel[sizes[0] // 2 + round(step / 2), sizes[1] // 2 + round(step)] += 1 / 25
    image = cartoon([n + k - 1 for n, k in zip(shape, sizes, strict=True)])
    blank = BlurredImage(np.ones(shape), sizes)
    seen = blank.blur(image, kernel) + noise * np.random.default_rng(1).standard_normal(shape)
    y = BlurredImage(seen, sizes, **{"noise_sigma": noise, **changes})
    return Problem(y, Reconstruction(image=image, kernel=kernel), "line", "tune", Provenance("made here", "none"))


def solver(**settings):
    return dataclasses.replace(build_plugin("solver", "double-dip-deblur"), **{**QUICK, **settings})


@pytest.fixture(scope="module")
def line():
    return problem()


def test_the_noise_of_a_smooth_image_is_found():
    rng = np.random.default_rng(0)
    smooth = gaussian_filter(rng.standard_normal((96, 96)), 6)
    noisy = smooth + 0.03 * rng.standard_normal(smooth.shape)
    assert noise_level(BlurredImage(noisy, (5, 5)).to(TORCH)) == pytest.approx(0.03, rel=0.05)
    assert noise_level(BlurredImage(smooth, (5, 5)).to(TORCH)) < 0.001
    mask = np.ones(smooth.shape, bool)
    mask[20:40, 30:60] = False
    noisy[~mask] = rng.standard_normal((~mask).sum())
    assert noise_level(BlurredImage(noisy, (5, 5), mask=mask).to(TORCH)) == pytest.approx(0.03, rel=0.05)
    assert noise_level(BlurredImage(np.ones((2, 9)), (1, 1)).to(TORCH)) == 0


def test_the_similarity_is_the_usual_one():
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 40, 30))
    expected = known_similarity(a, b, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    assert float(structural_similarity(torch.tensor(a), torch.tensor(b))) == pytest.approx(expected)
    assert float(structural_similarity(torch.tensor(a), torch.tensor(a))) == pytest.approx(1)


def test_conjugate_gradients_solve():
    matrix = torch.tensor(np.random.default_rng(0).standard_normal((6, 6)))
    matrix = matrix @ matrix.T + torch.eye(6)
    b = torch.arange(6, dtype=torch.float64)
    found = conjugate_gradients(lambda x: matrix @ x, b, torch.zeros(6, dtype=torch.float64), 20)
    torch.testing.assert_close(matrix @ found, b, rtol=1e-3, atol=1e-3)


def test_a_kernel_is_moved_to_its_centre_of_mass():
    kernel = torch.zeros((7, 9))
    kernel[1, 6] = kernel[2, 6] = 0.5
    kernel[1, 7] = 0.2
    moves = centring(kernel)
    assert moves == [2, -2]
    assert centring(kernel.roll(moves, (0, 1))) == [0, 0]


def test_a_kernel_is_found_from_edges(line):
    y = line.measurement.to(TORCH)
    kernel = estimated_kernel(y, 1.0)
    assert kernel.shape == (9, 13)
    assert float(kernel.sum()) == pytest.approx(1)
    assert float(kernel.min()) >= 0
    assert kernel_similarity(line.truth.kernel, kernel.numpy()) > 0.9
    assert y.counters.operators > 0


def test_an_image_without_edges_tells_of_no_blur():
    y = BlurredImage(np.ones((24, 24)), (5, 5)).to(TORCH)
    kernel = estimated_kernel(y, 1.0)
    assert float(kernel[2, 2]) == 1
    found = prbench.solve(solver(iterations=3), BlurredImage(np.ones((24, 24)), (5, 5))).reconstruction
    np.testing.assert_allclose(found.image, 1, atol=0.1)


def test_a_known_kernel_is_deconvolved(line):
    y, truth = line.measurement.to(TORCH), torch.tensor(line.truth.image)
    found = deconvolved(y, torch.tensor(line.truth.kernel), 1e-3, 1.0)
    inner = (slice(4, -4), slice(6, -6))
    assert (found - truth)[inner].norm() < 0.6 * (y.image - truth[inner]).norm()


def test_a_blurred_image_gets_sharper(line):
    found = prbench.solve(solver(iterations=60), line.measurement)
    scores = prbench.score(found.reconstruction, line)
    assert scores["psnr_gain"] > 3
    assert scores["kernel_similarity"] > 0.9
    assert found.reconstruction.aux["noise_sigma"] == SIGMA


def test_it_begins_with_what_the_edges_say(line):
    y = line.measurement.to(TORCH)
    one = solver()
    state = one.init(y, np.random.default_rng(0))
    kernel = estimated_kernel(y, float(y.image.max() - y.image.min()))
    torch.testing.assert_close(state.blur_kernel(y), kernel, atol=0.01, rtol=0)
    assert float(y.residual(*(getattr(one.estimate(y, state), name) for name in ("image", "kernel")))) < 0.1


def test_the_kernel_is_held_and_then_fitted(line):
    y = line.measurement.to(TORCH)
    one = solver(hold=0.5)
    state = one.init(y, np.random.default_rng(0))
    first = state.blur_kernel(y).detach()
    for _ in range(15):
        state = one.step(y, state)
    assert torch.equal(state.blur_kernel(y).detach(), first)
    for _ in range(15):
        state = one.step(y, state)
    assert not torch.equal(state.blur_kernel(y).detach(), first)


def test_it_ends_where_the_misfit_is_the_noise():
    made = problem(noise=0.05)
    known = prbench.solve(solver(iterations=200), made.measurement)
    assert 60 <= known.cost.iterations < 200  # the kernel is held for 60
    none = dataclasses.replace(made.measurement, noise_sigma=0.0)
    assert prbench.solve(solver(), none).cost.iterations == 30


@pytest.mark.parametrize("changes", [{"warm": False}, {"warm": False, "similarity_from": 0.5, "variation": 0.0, "jitter": 0.0}])
def test_as_published_it_begins_with_noise_and_learns(line, changes):
    found = prbench.solve(solver(iterations=100, averaging=0.8, **changes), line.measurement)
    residuals = [point.residual for point in found.curve]
    assert residuals[-1] < 0.6 * residuals[0]
    assert found.reconstruction.kernel.min() > 0


def test_what_is_masked_is_not_looked_at(line):
    y = line.measurement
    mask = np.ones(y.shape, bool)
    mask[30:36, 40:46] = False
    answers = []
    for value in (0.0, 50.0):
        image = y.image.copy()
        image[~mask] = value
        masked = dataclasses.replace(y, image=image, mask=mask)
        answers.append(prbench.solve(solver(), masked).reconstruction)
    np.testing.assert_array_equal(answers[0].image, answers[1].image)
    np.testing.assert_array_equal(answers[0].kernel, answers[1].kernel)


def test_the_unit_of_the_image_does_not_matter(line):
    y = line.measurement
    scaled = dataclasses.replace(y, image=1000 * y.image, noise_sigma=1000 * SIGMA)
    plain, again = (prbench.solve(solver(), one, backend=TORCH).reconstruction for one in (y, scaled))
    np.testing.assert_allclose(again.image, 1000 * plain.image, atol=30)
    np.testing.assert_allclose(again.kernel, plain.kernel, atol=0.01)


def test_torchs_randomness_is_left_alone(line):
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    y = line.measurement.to(get_backend("torch"))
    one = solver()
    one.step(y, one.init(y, np.random.default_rng(0)))
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize(("shape", "sizes"), [((16, 16), (5, 5)), ((17, 20), (1, 3)), ((12, 12), (1, 1))])
def test_small_images_and_kernels_are_taken(shape, sizes):
    y = BlurredImage(cartoon(shape), sizes)
    found = prbench.solve(build_plugin("solver", "double-dip-deblur[iterations=3]"), y)
    y.check(found.reconstruction)
    assert found.reconstruction.finite()
