"""Networks that draw a picture or a volume point by point, from the point's coordinates alone."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import nn

Encoding = Literal["sine", "fourier"]


class CoordinateNetwork(nn.Module):
    """A perceptron of a point's coordinates, several of them at once.

    ``sine`` is SIREN (Sitzmann, Martel, Bergman, Lindell, Wetzstein, NeurIPS 2020, arXiv:2006.09661): every layer is a sine.
    ``fourier`` gives a ReLU perceptron sines and cosines of fixed random frequencies (Tancik and others, NeurIPS 2020,
    arXiv:2006.10739). Both begin as random functions of standard deviation about 1. The frequency that SIREN gives to its
    deeper layers only rescales their weights, hence the learning rate, and is 1 here.

    ``starts`` independent networks run as one, by products of batches of matrices; the batch is the starts, and nothing mixes.

    Args:
        ndim: coordinates of a point.
        outputs: channels out, of each start; no activation.
        channels: of every hidden layer; random features are a sine and a cosine of as many frequencies.
        layers: hidden layers, the random features among them.
        encoding: which of the two.
        frequency: of the first layer along each axis, in radians per unit of a coordinate: the largest of sines at first, the
            standard deviation of random features.
        starts: networks side by side.

    Raises:
        ValueError: for less than one layer.
    """

    first: torch.Tensor

    def __init__(
        self,
        ndim: int,
        outputs: int,
        *,
        channels: int = 64,
        layers: int = 3,
        encoding: Encoding = "sine",
        frequency: float = 5.0,
        starts: int = 1,
    ) -> None:
        super().__init__()
        if layers < 1:
            raise ValueError(f"layers must be 1 at least, got {layers}")
        self.starts, self.encoding, self.frequency = starts, encoding, frequency
        first = torch.empty(starts, channels, ndim)
        if encoding == "sine":
            self.first = nn.Parameter(nn.init.uniform_(first, -1, 1))
            self.first_bias = nn.Parameter(nn.init.uniform_(torch.empty(starts, channels, 1), -math.pi, math.pi))
        else:
            self.register_buffer("first", nn.init.normal_(first))
        before = [channels if encoding == "sine" else 2 * channels] + [channels] * (layers - 1)
        after = [channels] * (layers - 1) + [outputs]
        # What a layer sees has mean square 1/2: random features have, and so have sines and ReLUs of numbers of variance 1.
        bounds = [math.sqrt(6 / n) for n in before]
        phases = [math.pi if encoding == "sine" else 0.0] * (layers - 1) + [0.0]
        self.weights = nn.ParameterList(
            nn.init.uniform_(torch.empty(starts, m, n), -bound, bound) for m, n, bound in zip(after, before, bounds, strict=True)
        )
        self.biases = nn.ParameterList(
            nn.init.uniform_(torch.empty(starts, m, 1), -phase, phase) for m, phase in zip(after, phases, strict=True)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Coordinates (1, starts * ndim, *shape) to (1, starts * outputs, *shape), channels of a start together."""
        shape = x.shape[2:]
        h = self._encoded(x.reshape(self.starts, -1, math.prod(shape)))
        last = len(self.weights) - 1
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = torch.baddbmm(bias, weight, h)
            if k < last:
                h = torch.sin(h) if self.encoding == "sine" else torch.relu(h)
        return h.reshape(1, -1, *shape)

    def _encoded(self, points: torch.Tensor) -> torch.Tensor:
        """The first layer of points (starts, ndim, P), (starts, channels, P), twice the channels of random features."""
        if self.encoding == "sine":
            return torch.sin(torch.baddbmm(self.first_bias, self.frequency * self.first, points))
        angles = torch.bmm(self.frequency * self.first, points)
        return torch.cat([torch.sin(angles), torch.cos(angles)], dim=1)
