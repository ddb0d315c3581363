"""Two coordinate networks for a diffraction pattern: one draws the magnitude, one the phase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import nn

from prbench.core import register, setting
from prbench.tasks.far_field import UNIFORM_MAGNITUDE

from ..networks.coordinate import CoordinateNetwork
from ._deep_prior import DeepPrior, PriorState
from ._parametrisations import Outputs, magnitude_and_phase


@register(
    "double-nir",
    task="far-field",
    cite="Sitzmann, Martel, Bergman, Lindell, Wetzstein, NeurIPS 2020, arXiv:2006.09661; "
    "Tancik and others, NeurIPS 2020, arXiv:2006.10739; "
    "Zhuang, Yang, Hofmann, Barmherzig, Sun (2022), arXiv:2211.00799",
    tags=("untrained",),
)
@dataclass(frozen=True)
class DoubleNir(DeepPrior):
    """``double-dip-admm`` with networks that see coordinates: what they prefer is set by first frequencies, not by convolutions.

    Multiplier, starts and the choice among iterates are those of ``double-dip-admm``, and in none of the publications.
    """

    encoding: Literal["sine", "fourier"] = setting(
        "sine", choices=("sine", "fourier"), doc="sine: every layer a sine; fourier: fixed random frequencies, then ReLU"
    )
    frequency: float = setting(
        5.0,
        valid="(0, 1000]",
        range=(2, 20),
        log=True,
        doc="of the first layer, radians per half of the longest side: largest of sines, deviation of random ones",
    )
    channels: int = setting(64, valid="[1, 4096]", range=(32, 256), log=True, doc="of each hidden layer")
    layers: int = setting(3, valid="[1, 16]", range=(2, 5), doc="hidden layers")
    jitter: float = setting(
        0.0, valid="[0, 10]", range=(0, 0.1), doc="standard deviation of noise on the coordinates, annealed to zero"
    )

    example: ClassVar[dict[str, object]] = {"iterations": 30, "starts": 2, "finalists": 1, "channels": 16}

    @property
    def assumes(self) -> tuple[str, ...]:
        """A uniform magnitude: sigmoids that saturate at one number prefer it."""
        return (UNIFORM_MAGNITUDE,)

    def networks(self, ndim: int, frame: tuple[int, ...], outputs: int, starts: int) -> nn.Module:  # noqa: ARG002 - any frame
        """Perceptrons side by side."""
        return CoordinateNetwork(
            ndim,
            outputs,
            channels=self.channels,
            layers=self.layers,
            encoding=self.encoding,
            frequency=self.frequency,
            starts=starts,
        )

    def code(self, frame: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
        """Coordinates from the frame's centre; the longest side goes from -1 to 1, pixels stay square."""
        half = max(frame) / 2
        axes = [(torch.arange(n, device=generator.device) - (n - 1) / 2) / half for n in frame]
        return torch.stack(torch.meshgrid(*axes, indexing="ij"))

    def move(self, s: PriorState, rolls: np.ndarray) -> None:
        """Other coordinates, since what lies beyond an edge is drawn by them and not by those of the other side."""
        frame = s.codes[0].shape[2:]
        by = torch.as_tensor(rolls / (max(frame) / 2), dtype=s.codes[0].dtype, device=s.codes[0].device)
        s.codes = [code - by.reshape(1, -1, *[1] * len(frame)) for code in s.codes]

    def field(self, outputs: Outputs) -> torch.Tensor:
        """``m exp(i b)``."""
        return magnitude_and_phase(outputs)
