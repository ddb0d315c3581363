"""MobileNet-v2's features, and weights learned on photographs put into it."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from prbench.algorithms.networks.mobilenet_v2 import STRIDES, TAPS, MobileNetV2, SameConv2d, convolutions, load_folded
from prbench.core.data_files import read_arrays
from prbench.errors import BadInput


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return MobileNetV2(1).eval()


def folded_arrays(network, rng):
    """Arrays as in a release for TensorFlow Lite, of three input channels."""
    arrays = {}
    for number, (convolution, _) in enumerate(convolutions(network)):
        out, inner, rows, columns = convolution.weight.shape
        apart = convolution.groups > 1
        shape = (1, rows, columns, out) if apart else (out, rows, columns, 3 if number == 0 else inner)
        kind = "DEPTHWISE_CONV_2D" if apart else "CONV_2D"
        scale = 1 / np.sqrt(rows * columns * (1 if apart else shape[3]))
        arrays[f"{number:03d}_{kind}_w"] = (scale * rng.standard_normal(shape)).astype(np.float16)
        arrays[f"{number:03d}_{kind}_b"] = rng.standard_normal(out).astype(np.float16)
    arrays["052_CONV_2D_w"] = np.zeros((5, 1, 1, 1280), np.float16)
    arrays["052_CONV_2D_b"] = np.zeros(5, np.float16)
    return arrays


def test_nine_features_at_their_strides(network):
    found = network(torch.zeros(2, 1, 64, 96))
    assert [tuple(x.shape) for x in found] == [(2, c, 64 // s, 96 // s) for c, s in zip(TAPS, STRIDES, strict=True)]


def test_the_published_size():
    """3.4 million parameters less those of the classifier, 1280 x 1000 and its bias."""
    count = sum(p.numel() for p in MobileNetV2(3).parameters())
    assert count == pytest.approx(3.4e6 - 1281e3, rel=0.06)
    assert len(list(convolutions(MobileNetV2(3)))) == 52


def test_a_strided_convolution_takes_its_zeros_behind_the_last_pixel(network):
    """What TensorFlow calls same: output 0 sees inputs 0, 1 and 2."""
    first = network.stages[0][0]
    x = torch.randn(1, 1, 8, 8)
    found = first(x)[0, :, 0, 0]
    torch.testing.assert_close(found, (first.weight * x[0, :, :3, :3]).sum(dim=(1, 2, 3)))


def test_zeros_in_the_kernel_stand_for_zeros_behind_the_image():
    """In double precision the two are one to the last bits, for every group of channels."""
    for groups in (1, 8):
        convolution = SameConv2d(8, 16, 3, stride=2, groups=groups).double()
        x = torch.randn(2, 8, 12, 20, dtype=torch.float64)
        with torch.no_grad():
            torch.testing.assert_close(convolution.centred()(x), convolution(x), rtol=1e-12, atol=1e-12)


def test_weights_with_folded_norms_give_what_they_stand_for():
    """The first layers computed by hand; then norms in evaluation mode change nothing, and their statistics fit the images."""
    rng = np.random.default_rng(0)
    grey = MobileNetV2(1).eval()
    arrays = folded_arrays(grey, rng)
    examples = torch.from_numpy(rng.standard_normal((2, 1, 64, 64), dtype=np.float32))
    load_folded(grey, arrays, examples)
    kernel, bias = (torch.from_numpy(arrays[f"000_CONV_2D_{kind}"].astype(np.float32)) for kind in "wb")
    three = torch.nn.functional.pad(examples.expand(-1, 3, -1, -1), (0, 1, 0, 1))
    before = torch.nn.functional.conv2d(three, kernel.permute(0, 3, 1, 2), stride=2)
    first = (before + bias[:, None, None]).clamp(0, 6)
    found = grey(examples)
    torch.testing.assert_close(found[0], first, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(grey.stages[0][1].running_mean, before.mean(dim=(0, 2, 3)), rtol=1e-4, atol=1e-5)
    apart = grey.stages[1][0].spread
    kernel, bias = (torch.from_numpy(arrays[f"001_DEPTHWISE_CONV_2D_{kind}"].astype(np.float32)) for kind in "wb")
    second = torch.nn.functional.conv2d(first, kernel.permute(3, 0, 1, 2), bias, padding=1, groups=32).clamp(0, 6)
    torch.testing.assert_close(apart(found[0]), second, rtol=1e-3, atol=1e-3)
    assert not grey.training


def test_after_loading_training_mode_computes_the_same_on_the_same_images():
    rng = np.random.default_rng(1)
    network = MobileNetV2(1)
    examples = torch.from_numpy(rng.standard_normal((2, 1, 64, 64), dtype=np.float32))
    load_folded(network, folded_arrays(network, rng), examples)
    assert network.training
    with torch.no_grad():
        still, moving = network.eval()(examples), network.train()(examples)
    for a, b in zip(still[:3], moving[:3], strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("change", "message"), [("few", r"\b6 .*\b104\b"), ("shape", r"\blayer 2 .*\(5, ")])
def test_other_weights_are_refused(change, message):
    network = MobileNetV2(1)
    arrays = folded_arrays(network, np.random.default_rng(0))
    if change == "few":
        arrays = dict(list(arrays.items())[:6])
    else:
        arrays["002_CONV_2D_w"] = arrays["002_CONV_2D_w"][:5]
    with pytest.raises(BadInput, match=message):
        load_folded(network, arrays, torch.zeros(1, 1, 32, 32))


def test_the_released_weights_fit_layer_by_layer():
    path = Path(os.environ.get("PRBENCH_DATA", "")) / "weights" / "mobilenet_v2_imagenet.npz"
    if not path.is_file():
        pytest.skip("weights/mobilenet_v2_imagenet.npz is not in the data folder (PRBENCH_DATA)")
    from skimage.data import camera

    image = torch.from_numpy(camera()[::4, ::4].astype(np.float32) / 127.5 - 1)[None, None]
    network = MobileNetV2(1).eval()
    load_folded(network, read_arrays(path), image)
    with torch.no_grad():
        features = network(image)
        other = network(image.flip(-1))[-1].mean(dim=(2, 3))
    for x in features:
        assert x.isfinite().all()
        assert 0.05 < float(x.std()) < 20  # neither dead nor run away
    same = torch.nn.functional.cosine_similarity(features[-1].mean(dim=(2, 3)), other)
    assert float(same) > 0.8  # what an image shows does not depend on its handedness
