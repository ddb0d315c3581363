"""The decoder of chosen links, its supernet, its sparsity loss, and its fast form."""

import math

import numpy as np
import pytest
import torch

from prbench.algorithms.networks.links import Links
from prbench.algorithms.networks.mobilenet_v2 import STRIDES, TAPS
from prbench.algorithms.networks.sparse_decoder import (
    MergedDecoder,
    SparseDecoder,
    SuperDecoder,
    resized_sum,
    sparsity_loss,
)
from prbench.algorithms.networks.sparse_net import SparseNet, merged
from prbench.core.network_size import network_flops, parameter_count
from prbench.errors import BadInput

CHANNELS = tuple(c // 8 for c in TAPS)
KINDS = {
    "u": Links.u_shape(),
    "full": Links.full(),
    "few": Links.of({"D1": ["E3", "D4", "G"], "D4": ["E4", "E5", "D7"], "D7": ["G"]}),
    "random": Links.random(20, 3),
}


def features(batch=2, side=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(batch, c, side // s, side // s, generator=generator) for c, s in zip(CHANNELS, STRIDES, strict=True)]


def plainly(decoder, seen):
    """The definition word by word: every link resized for itself."""
    named = {f"E{i + 1}": x for i, x in enumerate(seen)} | {"G": seen[-1].mean(dim=(2, 3), keepdim=True)}
    for stage, fed_by in decoder.table.items():
        shape = seen[int(stage[1:]) - 1].shape[-2:]
        total = 0
        for source in fed_by:
            x = decoder.convolutions[f"{stage}_{source}"](named[source].clamp(0, 6))
            total = total + torch.nn.functional.interpolate(x, size=shape, mode="bilinear", align_corners=False)
        named[stage] = decoder.norms[stage](total)
    return named["D1"].clamp(0, 6)


def trained(links):
    """A decoder whose norms have something to fold."""
    torch.manual_seed(0)
    decoder = SparseDecoder(links, CHANNELS, width=8)
    for norm in decoder.norms.values():
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.normal_(norm.bias)
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    return decoder.eval()


@pytest.mark.parametrize("kind", KINDS)
def test_it_computes_its_definition_and_its_fast_form_the_same(kind):
    decoder, seen = trained(KINDS[kind]), features()
    with torch.no_grad():
        expected = plainly(decoder, seen)
        assert expected.shape == (2, 8, 32, 32)
        torch.testing.assert_close(decoder(seen), expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(MergedDecoder(decoder)(seen), expected, rtol=1e-4, atol=1e-4)


def test_terms_of_one_resolution_are_added_before_they_are_resized():
    a, b, c = torch.randn(1, 3, 4, 4), torch.randn(1, 3, 4, 4), torch.randn(1, 3, 1, 1)
    shape = torch.Size((8, 8))

    def up(x):
        return torch.nn.functional.interpolate(x, size=shape, mode="bilinear", align_corners=False)

    found = resized_sum([(4, a.clone()), (4, b.clone()), (0, c)], 2, shape)
    torch.testing.assert_close(found, up(a) + up(b) + c)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_pass_through_every_link(kind):
    decoder = SparseDecoder(KINDS[kind], CHANNELS, width=4)
    decoder(features()).square().sum().backward()
    for name, parameter in decoder.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all()
    assert any(p.grad.abs().max() > 0 for p in decoder.convolutions.parameters())


def test_links_that_feed_nothing_are_refused():
    with pytest.raises(BadInput, match=r"\bD1\b"):
        SparseDecoder(Links.of({"D2": ["E2"]}), CHANNELS)


# The supernet


def test_the_supernet_has_ninety_weights_that_start_in_the_middle_of_their_interval():
    decoder = SuperDecoder(CHANNELS, width=4)
    weights = torch.cat([w.detach() for w in decoder.link_weights.values()])
    assert len(weights) == 90
    assert (weights == 1).all()
    assert decoder.strong_links() == Links.full()


def test_a_supernet_with_weights_of_one_or_nothing_is_the_network_of_the_links_left():
    torch.manual_seed(0)
    links, seen = KINDS["random"], features()
    full = SuperDecoder(CHANNELS, width=4).eval()
    with torch.no_grad():
        for stage, fed_by in full.table.items():
            full.link_weights[stage].copy_(torch.tensor([float((stage, source) in links) for source in fed_by]))
    assert full.strong_links() == links
    few = SparseDecoder(links, CHANNELS, width=4).eval()
    with torch.no_grad():
        for name, convolution in few.convolutions.items():
            convolution.weight.copy_(full.convolutions[name].weight)
        torch.testing.assert_close(full(seen), few(seen), rtol=1e-3, atol=1e-3)


def test_noise_on_the_weights_in_training_alone():
    torch.manual_seed(0)
    decoder, seen = SuperDecoder(CHANNELS, width=4), features()
    with torch.no_grad():
        decoder(seen)
        first = torch.cat(list(decoder.drawn.values()))
        decoder(seen)
        second = torch.cat(list(decoder.drawn.values()))
        assert float((first - second).std()) == pytest.approx(0.1 * math.sqrt(2), rel=0.3)
        decoder.eval()(seen)
    assert (torch.cat(list(decoder.drawn.values())) == 1).all()


def test_weights_are_put_back_into_their_interval_and_dropped_at_a_thousandth():
    decoder = SuperDecoder(CHANNELS, width=4)
    with torch.no_grad():
        decoder.link_weights["D9"].copy_(torch.tensor([-3.0, 9.0]))
        decoder.link_weights["D8"].copy_(torch.tensor([0.0019, 0.0021, 0.0, 2.0]))
        decoder.clamp()
    assert decoder.link_weights["D9"].tolist() == [0.0, 2.0]
    strong_links = decoder.strong_links()
    assert ("D9", "E9") not in strong_links
    assert ("D9", "G") in strong_links
    assert [("D8", source) in strong_links for source in ("E8", "E9", "D9", "G")] == [False, True, False, True]


# The sparsity loss


def test_its_value_by_hand():
    """Weights at the middle: log 2 for being undecided, and -a log 0.5 - (1 - a) log 0.5 = log 2 again."""
    assert float(sparsity_loss([torch.ones(10)])) == pytest.approx(2 * math.log(2), rel=1e-6)
    assert float(sparsity_loss([torch.ones(10), torch.ones(2)])) == pytest.approx(4 * math.log(2), rel=1e-6)
    two_of_ten = torch.tensor([2.0, 2.0] + [0.0] * 8)
    floor = -(0.2 * math.log(0.2) + 0.8 * math.log(0.8))
    assert float(sparsity_loss([two_of_ten])) == pytest.approx(floor, rel=1e-5)
    w = np.array([0.5, 1.5, 0.2]) / 2
    certain = -np.mean(w * np.log(w) + (1 - w) * np.log(1 - w))
    few = -0.5 * math.log(w.mean()) - 0.5 * math.log(1 - w.mean())  # a is at most a half
    assert float(sparsity_loss([torch.tensor([0.5, 1.5, 0.2])])) == pytest.approx(certain + few, rel=1e-5)


def test_two_links_kept_and_the_others_gone_is_least():
    best = float(sparsity_loss([torch.tensor([2.0, 2.0] + [0.0] * 8)]))
    rng = np.random.default_rng(0)
    for _ in range(50):
        assert float(sparsity_loss([torch.from_numpy(2 * rng.random(10))])) > best
    for kept in (0, 1, 3, 10):
        assert float(sparsity_loss([torch.tensor([2.0] * kept + [0.0] * (10 - kept))])) > best


def test_its_gradient_by_finite_differences_and_its_direction():
    weights = torch.tensor([0.3, 1.0, 1.9, 0.05], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda w: sparsity_loss([w]), (weights,))
    start = torch.ones(18, requires_grad=True)
    sparsity_loss([start]).backward()
    assert (start.grad > 0).all()  # descent lowers all weights of a stage with many links


def test_ends_of_the_interval_give_finite_gradients():
    weights = torch.tensor([0.0, 2.0, 0.0], requires_grad=True)
    sparsity_loss([weights]).backward()
    assert weights.grad.isfinite().all()


# The whole network


@pytest.mark.parametrize("shape", [(64, 64), (50, 70)])
def test_the_answer_has_the_images_size(shape):
    network = SparseNet(KINDS["few"], width=8).eval()
    with torch.no_grad():
        assert network(torch.randn(2, 1, *shape)).shape == (2, 1, *shape)


def test_the_fast_form_answers_the_same_with_no_more_operations_than_its_zeros():
    torch.manual_seed(0)
    network = SparseNet(Links.u_shape())
    x = torch.randn(2, 1, 64, 64)
    with torch.no_grad():
        for _ in range(3):
            network(x)  # norms see something
        network.eval()
        before, flops = network(x), network_flops(network, (1, 1, 64, 64))
        fast = merged(network)
        torch.testing.assert_close(fast(x), before, rtol=1e-3, atol=1e-4)
    strided = [m for m in fast.encoder.modules() if isinstance(m, torch.nn.Conv2d) and m.kernel_size == (4, 4)]
    assert len(strided) == 5  # 4x4 kernels with seven zeros, in few channels: cheaper than a copy of the image with its frame
    assert network_flops(fast, (1, 1, 64, 64)) <= 1.02 * flops
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in fast.modules())
    kernels = [m.weight for m in fast.modules() if isinstance(m, torch.nn.Conv2d)]
    assert all(kernel.stride(1) == 1 and kernel.stride(-1) == kernel.shape[1] for kernel in kernels)  # channels last


def test_low_resolution_first_is_what_makes_it_cheap():
    """Convolutions after resizing, as written, would cost more than three times as much in the decoder with all links."""
    decoder = SparseDecoder(Links.full())
    cheap = sum(2 * c.weight.numel() * _pixels(name.split("_")[1]) for name, c in decoder.convolutions.items())
    dear = sum(2 * c.weight.numel() * _pixels(name.split("_")[0]) for name, c in decoder.convolutions.items())
    assert dear > 3 * cheap
    network = SparseNet(Links.full())
    head = 2 * network.head[0].weight.numel() * 128**2
    encoder = network_flops(network.encoder, (1, 1, 256, 256))
    assert network_flops(network, (1, 1, 256, 256)) == encoder + head + cheap


def _pixels(source):
    return 1 if source == "G" else (256 // STRIDES[int(source[1:]) - 1]) ** 2


def test_the_network_is_small():
    """At most five million parameters, whichever links are chosen."""
    assert parameter_count(SparseNet(Links.full())) <= 5_000_000
