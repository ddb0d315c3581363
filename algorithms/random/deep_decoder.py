"""An untrained network of few weights as the prior: it draws images sooner than noise, so that fewer values determine one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from prbench.core import register, setting

from ..networks import deep_decoder
from ._untrained import UntrainedRandom, scales_of


@register(
    "deep-decoder",
    task="random",
    cite="Heckel, Hand, ICLR 2019, arXiv:1810.03982; Jagatap, Hegde, NeurIPS 2019, arXiv:1906.08763",
    tags=("untrained",),
)
@dataclass(frozen=True)
class DeepDecoderRandom(UntrainedRandom):
    """A decoder whose convolutions see one pixel: its weights are few, 17 000 with 64 channels and 4 stages.

    With fewer weights than the object has unknowns it cannot draw noise; what it cannot draw of the object either is an error
    that no number of measured values mends.
    """

    iterations: int = setting(2000, valid="[1, inf)", range=(200, 5000), log=True, doc="steps at most")
    channels: int = setting(64, valid="[1, 1024]", range=(8, 128), log=True, doc="of every stage")
    scales: int = setting(4, valid="[1, 8]", range=(2, 5), doc="stages, each of twice the resolution; fewer in small images")

    example: ClassVar[dict[str, object]] = {"iterations": 60, "channels": 8, "scales": 2}

    def network(self, shape: tuple[int, ...], outputs: int) -> tuple[nn.Module, torch.Tensor]:
        """The decoder, which sees noise at the coarsest resolution."""
        height, width = shape
        network = deep_decoder.DeepDecoder((height, width), outputs, channels=self.channels, stages=scales_of(shape, self.scales))
        return network, torch.rand(network.input_shape, dtype=torch.float64)
