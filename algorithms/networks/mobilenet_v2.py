"""The features of MobileNet-v2 at nine depths, and the way into it of weights learned on photographs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import nn

from prbench.errors import BadInput

TAPS = (32, 16, 24, 32, 64, 96, 160, 320, 1280)
"""Channels of the nine features."""

STRIDES = (2, 2, 4, 8, 16, 16, 32, 32, 32)
"""How much coarser than the image each feature is."""

MULTIPLE = 32
"""Images must have sides that are multiples of this."""

_GROUPS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, blocks and stride of each group of blocks: table 2 of the paper."""


class MobileNetV2(nn.Module):
    """MobileNet-v2 (Sandler et al., CVPR 2018, 4510, arXiv:1801.04381) without its classifier.

    Zeros are added at the frame as TensorFlow does for ``same``: of a strided convolution of an even side behind the last row and
    column alone, so that weights learned there fit.

    Args:
        inputs: channels in; three in the paper.
    """

    def __init__(self, inputs: int = 3) -> None:
        super().__init__()
        stages: list[nn.Module] = [_unit(inputs, TAPS[0], 3, stride=2)]
        channels = TAPS[0]
        for expansion, wanted, blocks, stride in _GROUPS:
            group = [Bottleneck(channels, wanted, expansion, stride)]
            group += [Bottleneck(wanted, wanted, expansion, 1) for _ in range(blocks - 1)]
            stages.append(nn.Sequential(*group))
            channels = wanted
        stages.append(_unit(channels, TAPS[-1], 1))
        self.stages = nn.ModuleList(stages)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Images (B, inputs, H, W), H and W multiples of 32, to the features (B, TAPS[i], H / STRIDES[i], W / STRIDES[i])."""
        result = []
        for stage in self.stages:
            x = stage(x)
            result.append(x)
        return result


class Bottleneck(nn.Module):
    """Expansion by a 1x1 convolution, a 3x3 one of each channel apart, linear projection; added to the input where it fits."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int) -> None:
        super().__init__()
        hidden = expansion * inputs
        self.expand = _unit(inputs, hidden, 1) if expansion > 1 else nn.Identity()
        self.spread = _unit(hidden, hidden, 3, stride=stride, groups=hidden)
        self.project = nn.Sequential(nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        result: torch.Tensor = self.project(self.spread(self.expand(x)))
        return x + result if self.adds else result


class SameConv2d(nn.Conv2d):
    """A strided 3x3 convolution of even sides whose only zeros stand behind the last row and column."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - torch's name
        """(B, C, H, W) to (B, C', H / 2, W / 2)."""
        return super().forward(nn.functional.pad(input, (0, 1, 0, 1)))

    def centred(self) -> nn.Conv2d:
        """The same convolution with a 4x4 kernel, whose first row and column are zero, and zeros on all sides.

        No copy of the input with its zeros is made, which for one frame costs more than the products with zero.
        """
        sizes = (self.in_channels, self.out_channels)
        result = nn.Conv2d(*sizes, 4, stride=2, padding=1, groups=self.groups, bias=self.bias is not None)
        result.weight = nn.Parameter(nn.functional.pad(self.weight.detach(), (1, 0, 1, 0)), requires_grad=False)
        result.bias = self.bias
        return result


def centre(network: nn.Module) -> None:
    """Put :meth:`SameConv2d.centred` in the place of every such convolution."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, SameConv2d):
                setattr(module, name, child.centred())


def _unit(inputs: int, outputs: int, side: int, *, stride: int = 1, groups: int = 1) -> nn.Sequential:
    convolution: nn.Conv2d
    if stride == 2:
        convolution = SameConv2d(inputs, outputs, side, stride=2, groups=groups, bias=False)
    else:
        convolution = nn.Conv2d(inputs, outputs, side, padding=side // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU6(inplace=True))


def convolutions(network: MobileNetV2) -> Iterator[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """Every convolution with the norm behind it, in the order of the layers: 52 of them."""
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d)]
    for convolution, norm in zip(layers[::2], layers[1::2], strict=True):
        assert isinstance(convolution, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        yield convolution, norm


def load_folded(network: MobileNetV2, named: Mapping[str, np.ndarray], examples: torch.Tensor) -> None:
    """Begin from weights whose norms were folded into the convolutions, as released for TensorFlow Lite.

    The network then computes in evaluation mode what those weights compute. Its norms get mean and variance from ``examples``
    and undo them again by their own scale and shift, so that training can go on with norms that fit.

    Args:
        network: of one input channel, where the kernels of the three colours are added, or of three.
        named: arrays whose names begin with the number of the layer and end in ``_w`` or ``_b``: a kernel (out, rows, columns,
            in), or (1, rows, columns, channels) where each channel is convolved apart, and a bias; what is behind is left out.
        examples: images (B, inputs, H, W) such as will be trained on.

    Raises:
        BadInput: where they are something else, naming the first layer that does not fit.
    """
    arrays = [np.asarray(named[name], np.float32) for name in sorted(named, key=_sort_key)]
    pairs = list(convolutions(network))
    if len(arrays) < 2 * len(pairs):
        raise BadInput(
            f"there are {len(arrays)} arrays of weights; MobileNet-v2 needs {2 * len(pairs)}: kernel and bias of 52 layers"
        )
    handles = []
    with torch.no_grad():
        for number, (convolution, norm) in enumerate(pairs):
            kernel = _kernel(arrays[2 * number], convolution)
            bias = torch.from_numpy(arrays[2 * number + 1])
            if kernel.shape != convolution.weight.shape or bias.shape != norm.bias.shape:
                raise BadInput(
                    f"layer {number} has a kernel of shape {tuple(kernel.shape)}, "
                    f"MobileNet-v2 has {tuple(convolution.weight.shape)} there"
                )
            convolution.weight.copy_(kernel)
            norm.bias.copy_(bias)
            handles.append(norm.register_forward_pre_hook(_take_statistics))
        was_training = network.training
        network.eval()(examples)
        network.train(was_training)
    for handle in handles:
        handle.remove()


def _sort_key(name: str) -> tuple[str, bool]:
    """Layers by their number, and of each the weight before the bias."""
    return name.rpartition("_")[0], name.endswith("_b")


def _kernel(array: np.ndarray, convolution: nn.Conv2d) -> torch.Tensor:
    order = (3, 0, 1, 2) if convolution.groups > 1 else (0, 3, 1, 2)
    kernel = torch.from_numpy(np.ascontiguousarray(array.transpose(order))) if array.ndim == 4 else torch.from_numpy(array)
    return kernel.sum(dim=1, keepdim=True) if convolution.in_channels == 1 and kernel.ndim == 4 else kernel


def _take_statistics(norm: nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
    """Before a norm is used: its statistics from what comes, its scale and shift so that they cancel."""
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    variance, mean = torch.var_mean(arguments[0], dim=(0, 2, 3), correction=0)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight.copy_((variance + norm.eps).sqrt())
    norm.bias.add_(mean)
