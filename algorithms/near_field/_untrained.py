"""An untrained network fitted to one intensity through the forward model: the same for every network."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import nn

from prbench.core import IterativeSolver, Reconstruction, Rng, Solver, setting
from prbench.core.learned import layout, on_backend
from prbench.core.network_size import size_of_all
from prbench.core.stopping import EarlyStopping
from prbench.errors import BadInput
from prbench.tasks.near_field import NearField

from ._misfit import balance, balanced, count_adjoint, divided, gaps, misfits, variation
from ._parts import Parts, object_parts
from ._waves import fits_absorption
from .ctf import ContrastTransferFunction
from .least_variation import LeastVariation

_CHECK_EVERY = 5
"""Steps between two checks of the pixels held out."""

_WARM_UP = 0.05
"""Part of the steps in which the learning rate rises."""

_LEAST_RATE = 0.03
"""Part of the learning rate that is left in the end."""

_LEAST_SIDE = 16

_SLOW = 0.25
"""Sine of chi up to which a wave is slow: its coefficient is fitted beside the network."""


@dataclass(eq=False)
class UntrainedState:
    """The state.

    Attributes:
        network: from what it sees to the raw parts of the object.
        parts: what makes phase and transmission of them.
        seen: input of the network, (1, channels, H, W).
        optimiser: Adam.
        generator: of the jitter.
        fitted: bool (H, W), pixels in the misfit.
        free: bool (H, W), measured pixels that are held out of it; None where none are.
        unit: mean square of what the object does to the amplitude: the unit of the misfit.
        weights: of the waves of the misfit; None where all count as measured.
        slow: coefficients of the phase's slowest waves; None where the network alone draws them.
        kept: the object (1, 1 or 2, H, W) that explains best what was held out, or, without such pixels, what was fitted.
        mean: exponential average of the object's maps so far, (1 or 2, H, W).
        steps: taken.
    """

    network: nn.Module
    parts: Parts
    seen: torch.Tensor
    optimiser: torch.optim.Optimizer
    generator: torch.Generator
    fitted: torch.Tensor
    free: torch.Tensor | None
    unit: float
    weights: torch.Tensor | None
    slow: torch.Tensor | None
    stopping: EarlyStopping
    mean: torch.Tensor
    steps: int = 0

    def maps(self, seen: torch.Tensor) -> torch.Tensor:
        """The object's maps (1 or 2, H, W) of what the network answers to ``seen``."""
        return self.parts.maps(self.network(seen)[0], self.slow)

    def misfit(self, y: NearField, maps: torch.Tensor) -> torch.Tensor:
        """What is lowered: the misfit where it is fitted, in its unit."""
        gap = torch.where(self.fitted, gaps(y, *self.parts.object_of(maps)), 0.0)
        total = gap.square().sum() if self.weights is None else balanced(gap, self.weights)
        result: torch.Tensor = total / (self.fitted.sum() * self.unit)
        return result


@dataclass(frozen=True)
class UntrainedFit(IterativeSolver[NearField, UntrainedState]):
    """Base of the solvers that fit an untrained network to one intensity; a subclass says which.

    The network sees the measured amplitude, beside it the start where there is one, and a little noise that dies away. It answers
    what is added to the start before the map onto the phase's known range: nothing at first, so that the fit begins there or,
    with no start, at the empty beam. Weights are fitted by Adam. A few pixels are held out; of the running averages of the object
    the one is the answer that explains them best.
    """

    libraries: ClassVar[tuple[str, ...]] = ("torch",)
    dimensions: ClassVar[tuple[int, ...]] = (2,)
    parts: ClassVar[tuple[type[Solver[Any]], ...]] = (ContrastTransferFunction, LeastVariation)

    size: Literal["small", "published"] = setting("small", doc="small: about a million parameters; or as published")
    start: Literal["auto", "none", "ctf", "least-variation"] = setting(
        "auto",
        doc="the solver whose answer it sees and begins with; auto: ctf where absorption is known, none elsewhere",
    )
    start_steps: int = setting(
        16, valid="[1, inf)", range=(4, 40), log=True, doc="of least-variation at most, where it is the start"
    )
    iterations: int = setting(300, valid="[1, inf)", range=(100, 3000), log=True, doc="steps at most")
    rate: float = setting(
        1e-2, valid="(0, 1]", range=(1e-3, 3e-2), log=True, doc="highest learning rate, of a cycle of one cosine"
    )
    floor: float | None = setting(
        0.1,
        valid="(0, inf)",
        range=(1e-3, 1),
        log=True,
        doc="each wave of the misfit counts over its squared response, of at most 4, plus this; none: as measured",
    )
    slow_rate: float = setting(
        0.03, valid="[0, inf)", range=(0.01, 0.1), log=True, doc="learning rate of the slowest waves beside the network; 0: none"
    )
    jitter: float = setting(1 / 30, valid="[0, 1]", range=(0, 0.1), doc="uniform noise on the input at first, falling to none")
    variation: float = setting(0.0, valid="[0, inf)", range=(0, 0.1), doc="weight of the total variation of phase and ln t")
    averaging: float = setting(0.9, valid="[0, 1)", range=(0.5, 0.99), doc="part of the average object that a step keeps")
    holdout: float = setting(
        0.05,
        was="held_out",
        valid="[0, 0.5]",
        range=(0, 0.1),
        doc="part of the pixels that choose among steps; 0: those fitted choose",
    )
    patience: int = setting(100, valid="[1, inf)", range=(25, 1000), log=True, doc="steps without a better one before it ends")

    example: ClassVar[dict[str, object]] = {"iterations": 12}

    @abstractmethod
    def network(self, inputs: int, outputs: int, side: int) -> tuple[nn.Module, nn.Conv2d]:
        """A fresh network for images of at least ``side`` pixels, and its last layer."""

    def network_size(self, y: NearField) -> tuple[int, int]:
        """Of the network over this frame, which sees what the start brings along."""
        maps = 2 if fits_absorption(y) else 1
        inputs = 1 + (maps if self._begins(y) else 0)
        return size_of_all(lambda: [(self.network(inputs, maps, min(y.shape))[0], (1, inputs, *y.shape))])

    def total_iterations(self, y: NearField) -> int:  # noqa: ARG002 - the same for every measurement
        """Largest number of steps."""
        return self.iterations

    def init(self, y: NearField, rng: Rng) -> UntrainedState:
        """A fresh network and the start.

        Raises:
            BadInput: for frames of fewer than 16 pixels per side.
        """
        if min(y.shape) < _LEAST_SIDE:
            raise BadInput(f"{self.plugin_name} needs frames of at least {_LEAST_SIDE} x {_LEAST_SIDE} pixels, got {y.shape}")
        part, free = divided(y, self.holdout, rng)
        start = self._start(part, rng)
        if part is not y:
            y.counters.add(part.counters)
        parts = object_parts(part, start)
        amplitude = torch.sqrt(part.intensity) - 1
        unit = float(amplitude.square().mean()) or 1.0
        seen = torch.stack([0.3 * amplitude / math.sqrt(unit), *parts.channels])[None]
        seed = int(rng.integers(2**62))
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            network, last = self.network(seen.shape[1], parts.outputs, min(y.shape))
        for tensor in last.parameters():  # it answers nothing at first: the fit begins at the start, or at the empty beam
            nn.init.zeros_(tensor)
        network = on_backend(network.to(y.backend.real), y.backend).train()
        knows_fraction = not fits_absorption(y)
        slow = None
        groups: list[dict[str, Any]] = [{"params": list(network.parameters()), "highest": self.rate}]
        if knows_fraction and self.slow_rate:
            slow = torch.zeros(_slow_waves(y), dtype=seen.dtype, device=seen.device, requires_grad=True)
            groups.append({"params": [slow], "highest": self.slow_rate})
        state = UntrainedState(
            network,
            parts,
            seen.contiguous(memory_format=layout(seen)),
            torch.optim.Adam(groups, fused=True),
            torch.Generator(y.intensity.device).manual_seed(seed),
            torch.ones(y.shape, dtype=torch.bool, device=seen.device) if part.mask is None else part.mask,
            free,
            unit,
            balance(y, self.floor) if knows_fraction and self.floor is not None else None,
            slow,
            EarlyStopping(smoothing=0.0, patience=max(1, self.patience // _CHECK_EVERY)),
            torch.empty(0),
        )
        y.counters.add_passes(1)
        with torch.no_grad():
            state.mean = state.maps(state.seen)
        self._record_point(y, state)
        return state

    def _begins(self, y: NearField) -> bool:
        """Whether it begins with another solver's answer; with absorption unknown, the errors of ``ctf`` outlive the fit."""
        return self.start != "none" and not (self.start == "auto" and fits_absorption(y))

    def _start(self, y: NearField, rng: Rng) -> Reconstruction | None:
        if not self._begins(y):
            return None
        if self.start in ("auto", "ctf"):
            return ContrastTransferFunction(corrections=0).solve(y, rng)
        descent = LeastVariation(iterations=self.start_steps)
        state = descent.init(y, rng)
        for _ in range(descent.total_iterations(y)):
            state = descent.step(y, state)
            if descent.finished(y, state):
                break
        return descent.estimate(y, state)

    def step(self, y: NearField, state: UntrainedState) -> UntrainedState:
        """One step of Adam."""
        done = state.steps / self.iterations
        part = min(1.0, (done + 1 / self.iterations) / _WARM_UP)
        part *= _LEAST_RATE + (1 - _LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * done))
        for group in state.optimiser.param_groups:
            group["lr"] = part * group["highest"]
        seen = state.seen
        if self.jitter:
            noise = torch.rand(seen.shape, generator=state.generator, dtype=seen.dtype, device=seen.device)
            seen = torch.add(seen, noise, alpha=self.jitter * (1 - done))
        state.optimiser.zero_grad()
        maps = state.maps(seen)
        loss = state.misfit(y, maps)
        if self.variation:
            loss = loss + self.variation / state.unit * sum(variation(one) for one in maps)
        loss.backward()  # type: ignore[no-untyped-call]
        y.counters.add_passes(1, gradient=True)
        count_adjoint(y, None if len(maps) == 1 else maps[1])
        y.counters.ffts += state.weights is not None  # a real transform, and one of its gradient
        state.optimiser.step()
        with torch.no_grad():
            decay = self.averaging * min(1.0, state.steps / 10)  # the average forgets the first steps, which are large
            state.mean = torch.lerp(maps.detach(), state.mean, decay)
        state.steps += 1
        if state.steps % _CHECK_EVERY == 0:
            self._record_point(y, state)
        return state

    @torch.no_grad()
    def _record_point(self, y: NearField, state: UntrainedState) -> None:
        """Keep the average object where it explains best what was held out."""
        gaps = misfits(y, *state.parts.object_of(state.mean))
        judged = state.fitted if state.free is None else state.free
        state.stopping.observe([float(gaps[judged].mean())], state.mean[None])

    def finished(self, y: NearField, state: UntrainedState) -> bool:  # noqa: ARG002 - the contract
        """When nothing has got better for some time."""
        return state.stopping.settled()

    @torch.no_grad()
    def estimate(self, y: NearField, state: UntrainedState) -> Reconstruction:  # noqa: ARG002 - the contract
        """The object that was kept."""
        assert state.stopping.best is not None
        phase, transmission = state.parts.object_of(state.stopping.best[0][0])
        return Reconstruction(
            phase=phase.clone(), transmission=transmission, aux={"chosen_step": int(state.stopping.best_at[0]) * _CHECK_EVERY}
        )

    def residual(self, y: NearField, state: UntrainedState) -> float:
        """Relative misfit of the intensity."""
        result = self.estimate(y, state)
        return float(y.residual(result.phase, result.transmission))


def _slow_waves(y: NearField) -> tuple[int, int]:
    """Cosines along each axis whose chi is slow."""
    per_metre = math.sqrt(math.asin(_SLOW) / (math.pi * y.wavelength_m * y.distance_m))
    rows, columns = (1 + min(n - 1, int(2 * n * y.pixel_m * per_metre)) for n in y.shape)
    return rows, columns
