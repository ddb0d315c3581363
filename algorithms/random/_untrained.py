"""Untrained networks as the prior: images are what they draw first, or alone, so that fewer values determine one."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from prbench.core import IterativeSolver, Reconstruction, Rng, setting
from prbench.core.learned import layout, on_backend
from prbench.core.network_size import size_of_all
from prbench.core.stopping import EarlyStopping
from prbench.errors import BadInput
from prbench.tasks.random import RandomLinear

from ._flow import TINY
from .amplitude_flow import modulus_misfit

_CHECK_EVERY = 4
"""Steps between two checks of the values held out: a check waits for a GPU."""


def scales_of(shape: tuple[int, ...], most: int) -> int:
    """Resolutions below that of an image; fewer than ``most`` in small ones, of which the coarsest has some pixels."""
    return max(1, min(most, int(math.log2(min(shape))) - 1))


@dataclass(eq=False)
class UntrainedRandomState:
    """A network that is being fitted, and what it is fitted to.

    Attributes:
        network: from noise to the object's parts in units of ``scale``.
        seen: its input.
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


@dataclass(frozen=True)
class UntrainedRandom(IterativeSolver[RandomLinear, UntrainedRandomState]):
    """``min_theta | |A G_theta(z)| - sqrt(Y) |^2`` over the weights of a network G, from noise z that stays; a subclass gives G.

    The network answers real and imaginary part, or the real part alone of a real object, and starts with random weights. The
    gradient by the object is ``A* (z - sqrt(Y) z/|z|)``, one application of A and one of its adjoint a step; the network
    carries it on to its weights. A few values are held out, and the object that explains them best is the answer.
    """

    libraries: ClassVar[tuple[str, ...]] = ("torch",)
    dimensions: ClassVar[tuple[int, ...]] = (2,)

    iterations: int = setting(1000, valid="[1, inf)", range=(200, 5000), log=True, doc="steps at most")
    rate: float = setting(1e-2, valid="(0, 1]", range=(1e-3, 3e-2), log=True, doc="learning rate, falling to 0 as half a cosine")
    holdout: float = setting(
        0.05, was="held_out", valid="[0, 0.5]", range=(0, 0.1), doc="part of the values that choose among steps; 0: the last"
    )
    patience: int = setting(200, valid="[1, inf)", range=(50, 1000), log=True, doc="steps without a better one before it ends")

    @abstractmethod
    def network(self, shape: tuple[int, ...], outputs: int) -> tuple[nn.Module, torch.Tensor]:
        """A fresh network with random weights, drawn from torch's generator, and its input (1, channels, ...), float64.

        Args:
            shape: of the object, two sides of at least four pixels.
            outputs: channels of the answer, (1, outputs, *shape).
        """

    def network_size(self, y: RandomLinear) -> tuple[int, int]:
        """Of the network that draws objects of this shape."""

        def make() -> Iterator[tuple[nn.Module, torch.Size]]:
            network, seen = self.network(y.object_shape, 1 if y.real else 2)
            yield network.to(seen.dtype), seen.shape

        return size_of_all(make)

    def total_iterations(self, y: RandomLinear) -> int:  # noqa: ARG002 - the same for every measurement
        """Largest number of steps."""
        return self.iterations

    def init(self, y: RandomLinear, rng: Rng) -> UntrainedRandomState:
        """A fresh network.

        Raises:
            BadInput: for images of less than four pixels per side.
        """
        if min(y.object_shape) < 4:
            raise BadInput(
                f"{self.plugin_name} needs images of at least 4 x 4 pixels, this one has {y.object_shape}; use reweighted-af"
            )
        seed = int(rng.integers(2**62))
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            network, seen = self.network(y.object_shape, 1 if y.real else 2)
        device_network = on_backend(network.to(y.backend.real), y.backend)
        seen = seen.to(device=y.backend.device, dtype=y.backend.real)
        held_out = None
        if self.holdout:
            chosen = y.backend.asarray(rng.random(y.intensity.shape) < self.holdout) & (y.amplitude >= 0)
            held_out = chosen if bool(chosen.any()) else None
        return UntrainedRandomState(
            device_network,
            seen.contiguous(memory_format=layout(seen)),
            torch.optim.Adam(device_network.parameters()),
            y.amplitude if held_out is None else torch.where(held_out, -torch.ones_like(y.amplitude), y.amplitude),
            held_out,
            y.amplitude_norm / math.sqrt(y.power * y.map.unknowns),
            EarlyStopping(patience=max(1, self.patience // _CHECK_EVERY)),
        )

    def step(self, y: RandomLinear, state: UntrainedRandomState) -> UntrainedRandomState:
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
        y.counters.add_passes(1, gradient=True)
        drawn.backward(towards if drawn.is_complex() else towards.real)  # type: ignore[no-untyped-call]
        state.optimiser.step()
        state.steps += 1
        return state

    def finished(self, y: RandomLinear, state: UntrainedRandomState) -> bool:  # noqa: ARG002 - the contract
        """When values held out have been explained no better for a while."""
        return state.stopping.settled()

    def estimate(self, y: RandomLinear, state: UntrainedRandomState) -> Reconstruction:
        """The object, complex (*object_shape)."""
        return Reconstruction(object=self._best(y, state)[0])

    def residual(self, y: RandomLinear, state: UntrainedRandomState) -> float:
        """Relative misfit of the moduli."""
        return float(y.modulus_error(self._best(y, state))[0])

    def _best(self, y: RandomLinear, state: UntrainedRandomState) -> torch.Tensor:
        """What explains the values held out best; what the network says now where there are none."""
        if state.stopping.best is not None:
            result: torch.Tensor = state.stopping.best[0]
        else:
            y.counters.add_passes(1)
            with torch.no_grad():
                result = y.constrain(state.draw())
        return result.to(y.backend.complex, copy=True)
