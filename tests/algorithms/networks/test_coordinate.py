"""The network of coordinates: shapes, its first functions, derivatives, and that starts side by side do not mix."""

from __future__ import annotations

import pytest
import torch

from prbench.algorithms.networks.coordinate import CoordinateNetwork
from prbench.algorithms.networks.starts import from_seeds, narrowed

ENCODINGS = ["sine", "fourier"]


def grid(*shape: int, starts: int = 1) -> torch.Tensor:
    axes = [torch.linspace(-1, 1, n).double() for n in shape]
    return torch.stack(torch.meshgrid(*axes, indexing="ij")).repeat(starts, *[1] * len(shape))[None]


def network(ndim: int, outputs: int, **settings) -> CoordinateNetwork:
    return CoordinateNetwork(ndim, outputs, **{"channels": 8, "layers": 2, **settings}).double()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("shape", [(16, 16), (13, 18), (5, 6, 7)])
@pytest.mark.parametrize("layers", [1, 3])
def test_the_output_has_the_shape_of_the_points(encoding, shape, layers):
    drawn = network(len(shape), 2, encoding=encoding, layers=layers, starts=3)(grid(*shape, starts=3))
    assert drawn.shape == (1, 6, *shape)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("shape", [(12, 10), (4, 5, 6)])
def test_starts_side_by_side_are_the_networks_alone(encoding, shape):
    def make(starts: int) -> CoordinateNetwork:
        return network(len(shape), 2, encoding=encoding, starts=starts)

    z = torch.rand(1, 3 * len(shape), *shape, generator=torch.Generator().manual_seed(2)).double()
    together = from_seeds(make, [3, 1, 2])(z)
    for row, seed in enumerate([3, 1, 2]):
        alone = from_seeds(make, [seed])(z[:, row * len(shape) : (row + 1) * len(shape)])
        torch.testing.assert_close(alone[0], together[0, 2 * row : 2 * row + 2])
    assert not torch.allclose(together[0, :2], together[0, 2:4])


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_starts_that_go_on_keep_their_weights_and_frequencies(encoding):
    def make(starts: int) -> CoordinateNetwork:
        return network(2, 1, encoding=encoding, starts=starts)

    whole = from_seeds(make, [1, 2, 3])
    (some,), _ = narrowed([whole], [make], 3, [2, 0], torch.optim.Adam(whole.parameters()))
    torch.testing.assert_close(some(grid(6, 6, starts=2))[0], whole(grid(6, 6, starts=3))[0, [2, 0]])


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_loss_on_one_start_leaves_the_others_alone(encoding):
    torch.manual_seed(0)
    both = network(2, 1, encoding=encoding, starts=2)
    both(grid(6, 6, starts=2))[:, 0].square().sum().backward()
    for parameter in both.parameters():
        assert parameter.grad[1].abs().max() == 0
        assert parameter.grad[0].abs().max() > 0


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_derivatives_are_those_of_differences(encoding):
    torch.manual_seed(0)
    small = network(2, 1, encoding=encoding, channels=4, frequency=3.0)
    points = grid(3, 4).requires_grad_()
    weights = {name: p.detach().clone().requires_grad_() for name, p in small.named_parameters()}

    def drawn(x, *values):
        return torch.func.functional_call(small, dict(zip(weights, values, strict=True)), (x,))

    assert torch.autograd.gradcheck(drawn, (points, *weights.values()))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("layers", [1, 3])
def test_first_functions_have_unit_deviation(encoding, layers):
    torch.manual_seed(0)
    many = network(2, 1, encoding=encoding, channels=64, layers=layers, starts=200)
    with torch.no_grad():
        drawn = many(grid(8, 8, starts=200))
    assert 0.8 < float(drawn.std()) < 1.2


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_frequencies_set_how_fast_the_first_function_varies(encoding):
    def roughness(frequency: float) -> float:
        torch.manual_seed(0)
        with torch.no_grad():
            drawn = network(2, 1, encoding=encoding, frequency=frequency, starts=20)(grid(64, 64, starts=20))
        return float(drawn.diff(dim=-1).square().mean())

    assert roughness(2.0) < roughness(6.0) < roughness(18.0)


def test_a_network_without_hidden_layers_is_refused():
    with pytest.raises(ValueError, match=r"^layers .*\b1\b.*\b0\b"):
        CoordinateNetwork(2, 1, layers=0)
