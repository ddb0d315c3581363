import numpy as np
import pytest
import torch

from prbench.backend import get_backend, library_pair, plans

SHAPES = [(8, 6), (7, 5), (64, 64), (3, 4, 5), (8, 8, 8)]
needs_plans = pytest.mark.skipif(plans._mkl() is None, reason="this torch has no MKL")


def noise(shape, precision, batch=2, seed=0):
    rng = np.random.default_rng(seed)
    host = rng.standard_normal((batch, *shape)) + 1j * rng.standard_normal((batch, *shape))
    return torch.asarray(host, dtype=torch.complex64 if precision == "single" else torch.complex128)


def axes(shape):
    return tuple(range(-len(shape), 0))


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_plan_gives_what_torch_gives(shape, precision):
    backend, x, ndim = get_backend("torch", precision), noise(shape, precision), len(shape)
    forward, inverse = torch.fft.fftn(x, dim=axes(shape)), torch.fft.ifftn(x, dim=axes(shape))
    close = {"rtol": 0.0, "atol": 1e-3 if precision == "single" else 1e-11}
    torch.testing.assert_close(backend.fftn(x, ndim), forward, **close)
    torch.testing.assert_close(backend.ifftn(x, ndim), inverse, **close)
    torch.testing.assert_close(backend.rfftn(x.real.contiguous(), ndim), torch.fft.rfftn(x.real, dim=axes(shape)), **close)
    half = torch.fft.rfftn(x.real, dim=axes(shape))
    torch.testing.assert_close(backend.irfftn(half.clone(), shape, hermitian=True), x.real.contiguous(), **close)
    in_place = x.clone()
    assert backend.fftn(in_place, ndim, out=in_place) is in_place
    torch.testing.assert_close(in_place, forward, **close)


@needs_plans
def test_a_transform_takes_a_plan_and_leaves_its_argument_alone():
    x = noise((8, 6), "single")
    before, out = x.clone(), torch.empty_like(x)
    assert plans.complex_transform(x, 2, out, inverse=False) is out
    torch.testing.assert_close(x, before, rtol=0, atol=0)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda x: x.transpose(1, 2),
        lambda x: x.conj(),
        lambda x: x.requires_grad_(),
        lambda x: x[:, :, ::2],
        lambda x: x[:0],
        lambda x: x.real.contiguous(),
    ],
    ids=["transposed", "conjugated", "followed", "strided", "empty", "real"],
)
def test_tensors_that_are_not_plain_are_left_to_torch(spoil):
    x = spoil(noise((8, 6), "single"))
    assert plans.complex_transform(x, 2, None, inverse=False) is None
    if x.is_complex() and x.numel():
        torch.testing.assert_close(get_backend("torch").fftn(x, 2), torch.fft.fftn(x, dim=(-2, -1)))


def test_gradients_go_through_a_transform():
    x = noise((8, 6), "double").requires_grad_()
    get_backend("torch", "double").fftn(x, 2).abs().square().sum().backward()
    torch.testing.assert_close(x.grad, 2 * 48 * x.detach())


def test_an_out_that_does_not_fit_is_left_to_torch():
    x = noise((8, 6), "single")
    assert plans.complex_transform(x, 2, torch.empty((2, 8, 6), dtype=torch.complex128), inverse=False) is None


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_the_pair_of_a_library_is_there_and_back(library):
    backend = get_backend(library)
    found = backend.to_numpy(library_pair(backend, (6, 8), starts=3)())
    np.testing.assert_allclose(found, np.full((3, 6, 8), 48.0), rtol=1e-5)


def test_the_pair_does_not_use_plans(monkeypatch):
    """A unit of cost must not become cheaper with what it measures."""
    monkeypatch.setattr(plans, "complex_transform", lambda *_, **__: pytest.fail("a plan was used"))
    library_pair(get_backend("torch"), (8, 8))()
