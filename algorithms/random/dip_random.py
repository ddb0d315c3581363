"""An untrained network as the prior: images are what a convolutional network fits first, so fewer measurements determine one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from prbench.core import IterativeSolver, Reconstruction, Rng, register, setting
from prbench.core.learned import layout, on_backend
from prbench.core.stopping import EarlyStopping
from prbench.errors import BadInput
from prbench.tasks.random import RandomLinear

from ..networks.skip import SkipNetwork
from ._flow import TINY
from .amplitude_flow import modulus_misfit

_INPUTS = 16
"""Channels of noise that the network sees."""

_CHECK_EVERY = 4
"""Steps between two checks of the values held out: a check waits for a GPU."""


@dataclass(eq=False)
class DipState:
    """The state.

    Attributes:
        network: from noise to the object's parts in units of ``scale``.
        seen: its input, (1, channels, *object_shape).
        optimiser: Adam.
        amplitude: as the measurement's, and -1 where held out too.
        held_out: bool, shape of the amplitude; None where the fit sees all values.
        scale: root mean square of the object that the intensities tell.
        kept: the object (1, *object_shape) that explains best what was held out.
        steps: taken.
    """

    network: nn.Module
    seen: torch.Tensor
    optimiser: torch.optim.Optimizer
    amplitude: torch.Tensor
    held_out: torch.Tensor | None
    scale: float
    stopping: EarlyStopping
    steps: int = 0

    def draw(self) -> torch.Tensor:
        """The object (1, *object_shape) that the network makes, complex unless it has one part."""
        parts: torch.Tensor = self.scale * self.network(self.seen)
        return parts[:, 0] if parts.shape[1] == 1 else torch.complex(parts[:, 0], parts[:, 1])


@register(
    "dip-random",
    task="random",
    cite="Ulyanov, Vedaldi, Lempitsky, CVPR 2018, arXiv:1711.10925; Jagatap, Hegde, NeurIPS 2019, arXiv:1906.08763",
    tags=("untrained",),
)
@dataclass(frozen=True)
class DipRandom(IterativeSolver[RandomLinear, DipState]):
    """``min_theta | |A G_theta(z)| - sqrt(Y) |^2`` over the weights of a network with skip connections, from noise z that stays.

    The network answers real and imaginary part, or the real part alone of a real object, and starts with random weights. The
    gradient by the object is ``A* (z - sqrt(Y) z/|z|)``, one application of A and one of its adjoint a step; the network
    carries it on to its weights. A few values are held out, and the object that explains them best is the answer: noise is fitted
    later than images are. Images only, and nothing is gained for objects without structure.
    """

    libraries: ClassVar[tuple[str, ...]] = ("torch",)
    dimensions: ClassVar[tuple[int, ...]] = (2,)

    iterations: int = setting(1000, valid="[1, inf)", range=(200, 5000), log=True, doc="steps at most")
    rate: float = setting(1e-2, valid="(0, 1]", range=(1e-3, 3e-2), log=True, doc="learning rate, falling to 0 as half a cosine")
    channels: int = setting(32, valid="[1, 1024]", range=(8, 128), log=True, doc="of every convolution")
    scales: int = setting(4, valid="[1, 8]", range=(2, 5), doc="resolutions below the object's; fewer in small ones")
    holdout: float = setting(
        0.05, was="held_out", valid="[0, 0.5]", range=(0, 0.1), doc="part of the values that choose among steps; 0: the last"
    )
    patience: int = setting(200, valid="[1, inf)", range=(50, 1000), log=True, doc="steps without a better one before it ends")

    example: ClassVar[dict[str, object]] = {"iterations": 60, "channels": 8, "scales": 2}

    def total_iterations(self, y: RandomLinear) -> int:  # noqa: ARG002 - the same for every measurement
        """Largest number of steps."""
        return self.iterations

    def init(self, y: RandomLinear, rng: Rng) -> DipState:
        """A fresh network.

        Raises:
            BadInput: for images of less than four pixels per side.
        """
        if min(y.object_shape) < 4:
            raise BadInput(f"dip-random needs images of at least 4 x 4 pixels, this one has {y.object_shape}; use reweighted-af")
        scales = max(1, min(self.scales, int(math.log2(min(y.object_shape))) - 1))  # the coarsest has some pixels
        seed = int(rng.integers(2**62))
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            network = SkipNetwork(2, _INPUTS, 1 if y.real else 2, channels=self.channels, scales=scales, upsample="linear")
            seen = 0.1 * torch.rand((1, _INPUTS, *y.object_shape), dtype=torch.float64)
        device_network = on_backend(network.to(y.backend.real), y.backend)
        seen = seen.to(device=y.backend.device, dtype=y.backend.real)
        held_out = None
        if self.holdout:
            chosen = y.backend.asarray(rng.random(y.intensity.shape) < self.holdout) & (y.amplitude >= 0)
            held_out = chosen if bool(chosen.any()) else None
        return DipState(
            device_network,
            seen.contiguous(memory_format=layout(seen)),
            torch.optim.Adam(device_network.parameters()),
            y.amplitude if held_out is None else torch.where(held_out, -torch.ones_like(y.amplitude), y.amplitude),
            held_out,
            y.amplitude_norm / math.sqrt(y.power * y.map.unknowns),
            EarlyStopping(patience=max(1, self.patience // _CHECK_EVERY)),
        )

    def step(self, y: RandomLinear, state: DipState) -> DipState:
        """One step of Adam."""
        state.optimiser.param_groups[0]["lr"] = self.rate * 0.5 * (1 + math.cos(math.pi * state.steps / self.iterations))
        state.optimiser.zero_grad()
        drawn = state.draw()
        x = y.constrain(drawn.detach())
        z = y.apply(x)
        if state.held_out is not None and state.steps % _CHECK_EVERY == 0:
            away = (z[0].abs() - y.amplitude)[state.held_out]
            state.stopping.observe([float(away.square().mean())], x)
        towards = y.constrain(y.adjoint(modulus_misfit(z, state.amplitude, 1.0, TINY[y.backend.precision], out=z)))
        # In units of the intensities, so that Adam's epsilon means the same for every measurement.
        towards = towards / y.amplitude_norm**2
        drawn.backward(towards if drawn.is_complex() else towards.real)  # type: ignore[no-untyped-call]
        state.optimiser.step()
        state.steps += 1
        return state

    def finished(self, y: RandomLinear, state: DipState) -> bool:  # noqa: ARG002 - the contract
        """When values held out have been explained no better for a while."""
        return state.stopping.settled()

    def estimate(self, y: RandomLinear, state: DipState) -> Reconstruction:
        """The object, complex (*object_shape)."""
        return Reconstruction(object=self._best(y, state)[0])

    def residual(self, y: RandomLinear, state: DipState) -> float:
        """Relative misfit of the moduli."""
        return float(y.modulus_error(self._best(y, state))[0])

    def _best(self, y: RandomLinear, state: DipState) -> torch.Tensor:
        """What explains the values held out best; what the network says now where there are none."""
        if state.stopping.best is not None:
            result: torch.Tensor = state.stopping.best[0]
        else:
            with torch.no_grad():
                result = y.constrain(state.draw())
        return result.to(y.backend.complex, copy=True)
