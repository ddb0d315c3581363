import pytest
import torch

from prbench.algorithms.networks.u2net import U2Net
from prbench.core.network_size import parameter_count


@pytest.mark.parametrize(("size", "millions"), [("published", 44.01), ("small", 1.131)])
def test_it_has_the_published_number_of_parameters(size, millions):
    with torch.device("meta"):
        network = U2Net(3, 1, size=size)
    assert parameter_count(network) == pytest.approx(millions * 1e6, rel=1e-3)


@pytest.mark.parametrize("size", ["published", "small"])
def test_residual_connections_add_projections_where_widths_differ_and_nothing_else(size):
    with torch.device("meta"):
        plain, residual = U2Net(3, 1, size=size), U2Net(3, 1, size=size, residual=True)
    shortcuts = [stage.shortcut for stage in (*residual.down, *residual.up)]
    assert len(shortcuts) == 11
    added = sum(s.in_channels * s.out_channels for s in shortcuts if not isinstance(s, torch.nn.Identity))
    assert parameter_count(residual) - parameter_count(plain) == added > 0


def test_without_shortcuts_it_is_the_plain_network():
    torch.manual_seed(0)
    residual = U2Net(2, 1, residual=True).double()
    plain = U2Net(2, 1).double()
    plain.load_state_dict({k.replace(".block.", "."): v for k, v in residual.state_dict().items() if "shortcut" not in k})
    x = torch.rand(1, 2, 40, 40, dtype=torch.double)
    whole = residual(x)
    for stage in (*residual.down, *residual.up):
        stage.shortcut = Nothing()
    torch.testing.assert_close(residual(x), plain(x))
    assert not torch.allclose(residual(x), whole)


class Nothing(torch.nn.Module):
    def forward(self, x):
        return 0.0


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("shape", [(32, 32), (33, 50), (5, 7)])
def test_images_of_any_size_come_back_in_their_size_and_can_be_fitted(residual, shape):
    torch.manual_seed(0)
    network = U2Net(2, 3, residual=residual)
    found = network(torch.rand(1, 2, *shape))
    assert found.shape == (1, 3, *shape)
    found.square().mean().backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters())


def test_it_sees_the_whole_image():
    """A change in one corner reaches the other through the coarsest stage."""
    torch.manual_seed(0)
    network = U2Net(1, 1).double().eval()
    x = torch.rand(1, 1, 64, 64, dtype=torch.double)
    other = x.clone()
    other[..., 0, 0] += 1
    with torch.inference_mode():
        change = (network(other) - network(x)).abs()[0, 0]
    assert change[0, 0] > 0
    assert change[-8:, -8:].max() > 0
