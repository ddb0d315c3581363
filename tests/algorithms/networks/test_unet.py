import pytest
import torch

from prbench.algorithms.networks.unet import UNet, extended, folded
from prbench.core.network_size import network_flops, parameter_count


def parameters_of_the_published_network(width, inputs, outputs):
    widths = [width * 2**n for n in range(5)]
    pairs = zip([inputs, *widths], widths, strict=False)
    down = sum(9 * a * b + b + 9 * b * b + b for a, b in pairs)
    up = sum(4 * 2 * w * w + w + 9 * 2 * w * w + w + 9 * w * w + w for w in widths[:-1])
    return down + up + width * outputs + outputs


@pytest.mark.parametrize(("width", "inputs", "outputs"), [(64, 1, 2), (16, 2, 2), (32, 1, 1)])
def test_it_has_the_published_number_of_parameters(width, inputs, outputs):
    with torch.device("meta"):
        network = UNet(inputs, outputs, width=width)
    assert parameter_count(network) == parameters_of_the_published_network(width, inputs, outputs)


@pytest.mark.parametrize("options", [{}, {"norm": "batch"}, {"norm": "group", "activation": "leaky"}, {"levels": 3}])
@pytest.mark.parametrize("shape", [(32, 32), (33, 50), (5, 7)])
def test_images_of_any_size_come_back_in_their_size(options, shape):
    torch.manual_seed(0)
    network = UNet(2, 3, width=4, **options).eval()
    with torch.inference_mode():
        found = network(torch.rand(2, 2, *shape))
    assert found.shape == (2, 3, *shape)
    assert torch.isfinite(found).all()


def test_an_extension_is_a_mirror_and_leaves_the_image_in_place():
    x = torch.arange(30.0).reshape(1, 1, 5, 6)
    found = extended(x, 4)
    assert found.shape == (1, 1, 8, 8)
    assert torch.equal(found[..., :5, :6], x)
    assert torch.equal(found[..., 5, :6], x[..., 3, :])
    assert extended(found, 4) is found


def test_it_sees_as_far_as_its_levels_reach():
    """A change in one corner reaches the other through the coarsest level, and what is near it through the finest."""
    torch.manual_seed(0)
    network = UNet(1, 1, width=4).double().eval()
    x = torch.rand(1, 1, 64, 64, dtype=torch.double)
    other = x.clone()
    other[..., 0, 0] += 1
    with torch.inference_mode():
        change = (network(other) - network(x)).abs()[0, 0]
    assert change[0, 0] > 0
    assert change[:40, :40].gt(0).any()


def test_folding_batch_norm_changes_nothing():
    torch.manual_seed(0)
    network = UNet(2, 2, width=4, norm="batch").double()
    for _ in range(3):
        network(torch.rand(4, 2, 32, 32, dtype=torch.double))  # the norms learn means and variances
    network.eval()
    x = torch.rand(1, 2, 32, 32, dtype=torch.double)
    with torch.inference_mode():
        expected = network(x)
        found = folded(network.requires_grad_(False))(x)
    torch.testing.assert_close(found, expected)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())


def test_operations_grow_with_the_pixels():
    network = UNet(2, 2, width=4)
    assert network_flops(network, (1, 2, 64, 64)) == 4 * network_flops(network, (1, 2, 32, 32))
