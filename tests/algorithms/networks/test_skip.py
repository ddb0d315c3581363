"""The untrained prior's network: shapes, size, and that starts side by side do not mix."""

import pytest
import torch

from prbench.algorithms.networks.skip import SkipNetwork, Wrapped

SMALL = {"channels": 6, "scales": 2, "skip_channels": 2}


def test_the_published_size():
    network = SkipNetwork(2, 32, 3)
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(2.2e6, rel=0.05)


@pytest.mark.parametrize("shape", [(16, 16), (13, 18), (9, 12, 7)])
@pytest.mark.parametrize("upsample", ["nearest", "linear"])
@pytest.mark.parametrize("skip_channels", [0, 2])
def test_the_output_has_the_inputs_shape(shape, upsample, skip_channels):
    torch.manual_seed(0)
    network = SkipNetwork(len(shape), 3, 2, channels=6, scales=2, skip_channels=skip_channels, upsample=upsample)
    assert network(torch.rand(1, 3, *shape)).shape == (1, 2, *shape)


@pytest.mark.parametrize("shape", [(12, 10), (8, 8, 8)])
def test_starts_side_by_side_are_the_networks_alone(shape):
    torch.manual_seed(0)
    ndim, starts = len(shape), 3
    batch = SkipNetwork(ndim, 2, 1, **SMALL, starts=starts)
    z = torch.rand(1, starts * 2, *shape)
    together = batch(z)
    for s in range(starts):
        alone = SkipNetwork(ndim, 2, 1, **SMALL)
        for mine, theirs in zip(alone.parameters(), batch.parameters(), strict=True):
            per_start = theirs.shape[0] // starts
            mine.data.copy_(theirs.data[s * per_start : (s + 1) * per_start])
        found = alone(z[:, 2 * s : 2 * s + 2])
        torch.testing.assert_close(found[:, 0], together[:, s], rtol=1e-4, atol=1e-5)


def test_a_loss_on_one_start_leaves_the_others_alone():
    torch.manual_seed(0)
    network = SkipNetwork(2, 2, 1, **SMALL, starts=2)
    network(torch.rand(1, 4, 12, 12))[:, 0].square().sum().backward()
    for parameter in network.parameters():
        half = parameter.shape[0] // 2
        assert parameter.grad[half:].abs().max() < 1e-12
    assert any(p.grad[: p.shape[0] // 2].abs().max() > 0 for p in network.parameters())


@pytest.mark.parametrize(("ndim", "channels"), [(1, 8), (4, 8), (2, (8, 8))])
def test_what_cannot_be_built_is_refused(ndim, channels):
    with pytest.raises(ValueError, match=rf"\bndim 2 or 3\b.*\b3 scales\b.*\b{ndim}\b"):
        SkipNetwork(ndim, 1, 1, channels=channels, scales=3)


@pytest.mark.parametrize("shape", [(16, 24), (8, 8, 12)])
def test_periodic_networks_know_no_place(shape):
    torch.manual_seed(0)
    network = SkipNetwork(len(shape), 2, 1, **SMALL, starts=2, boundary="periodic").double()
    z = torch.rand(1, 4, *shape, dtype=torch.float64)
    axes, by = tuple(range(2, z.ndim)), (4, -8, 4)[: len(shape)]
    torch.testing.assert_close(network(torch.roll(z, by, axes)), torch.roll(network(z), by, axes))


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4)])
def test_periodic_padding_is_torchs_with_its_gradient(shape):
    torch.manual_seed(0)
    x = torch.rand(2, 3, *shape, dtype=torch.float64, requires_grad=True)
    wrapped = Wrapped()
    torch.testing.assert_close(wrapped(x), torch.nn.functional.pad(x, [1] * 2 * len(shape), mode="circular"))
    assert torch.autograd.gradcheck(wrapped, x)
