"""Fitting untrained networks to a diffraction pattern: many starts at once, the hopeless ones dropped early."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import nn

from prbench.core import IterativeSolver, Reconstruction, Rng, setting
from prbench.core.learned import layout, on_backend
from prbench.core.network_size import size_of_all
from prbench.core.stopping import EarlyStopping
from prbench.tasks.far_field import FarField

from ..networks.starts import Make, from_seeds, narrowed
from ._centring import off_centre, ramped, rolled
from ._lagrangian import FittedPattern, Loss
from ._parametrisations import Outputs
from ._selection import Choice, by_score, hold_out, score

_CHECK_EVERY = 5
"""Steps between two checks of what the fit does not see: a check costs a transform of each start, and waits for a GPU."""
_SMOOTHING = 0.8
"""Part of a start's averaged score that a check keeps."""
_FREE = 0.05
"""Fraction of pixels held out where there is shot noise, unless the user says."""
_PLAIN_FROM = 0.6
"""Part of the steps from which the multiplier fades."""
_FADING = 0.9
"""What is left of the multiplier after each step from then on."""
_FADED = 0.65
"""Part of the steps from which it is gone."""
_STILL_FROM = 0.7
"""Part of the steps from which inputs are not disturbed."""


@dataclass(eq=False)
class PriorState:
    """The state.

    Attributes:
        pattern: what is fitted.
        choice: the whole measurement, and what is held out of the fit.
        networks: of all living starts, side by side.
        codes: inputs of each network, (1, starts * inputs, *frame).
        optimiser: Adam over all networks.
        generators: of each start's disturbances.
        kept: best iterates (starts, *frame), in the measurement's units.
        living: numbers of the starts that go on.
        scores: of all starts that were begun, as last known.
        multiplier: of each living start, complex (starts, *shape); None where there is none any more.
        rolls: by how much what each living start draws is rolled, integers (starts, ndim).
        objects: of the last step, complex (starts, *frame), in the measurement's units.
        steps: taken.
    """

    pattern: FittedPattern
    choice: Choice
    networks: list[nn.Module]
    codes: list[torch.Tensor]
    optimiser: torch.optim.Adam
    generators: list[torch.Generator]
    stopping: EarlyStopping
    living: list[int]
    scores: np.ndarray
    multiplier: torch.Tensor | None
    rolls: np.ndarray
    objects: torch.Tensor | None = None
    steps: int = 0

    def draw(self, jitter: float) -> Outputs:
        """What each network makes of its input with Gaussian noise added, (starts, outputs, *frame)."""
        inputs = self.codes
        if jitter > 0:
            inputs = [code + jitter * noise for code, noise in zip(self.codes, self._noise(), strict=True)]
        count = len(self.living)
        outputs = [network(seen)[0] for network, seen in zip(self.networks, inputs, strict=True)]
        return [one.reshape(count, -1, *one.shape[1:]) for one in outputs]

    def _noise(self) -> list[torch.Tensor]:
        """Normal numbers in the inputs' shapes; each start draws its own, whoever stands beside it."""
        like, count = self.codes[0], len(self.living)
        sizes = [code.shape[1] // count for code in self.codes]
        each = [
            torch.randn((sum(sizes), *like.shape[2:]), generator=g, dtype=like.dtype, device=like.device) for g in self.generators
        ]
        together = torch.split(torch.stack(each), sizes, dim=1)
        return [noise.flatten(0, 1)[None] for noise in together]


@dataclass(frozen=True)
class DeepPrior(IterativeSolver[FarField, PriorState]):
    """Base of untrained priors: a subclass gives the networks, their inputs, and how their outputs make an object.

    The object is what networks draw on its frame, half of the pattern's grid in every axis. No support is used, not even where
    one is given. A frame moves with the object in it, which would else be cut where it has come upon the edge. The scale of the
    object is that at which its pattern fits best.

    Starts advance as one batch, and when the multiplier has done its work all but the best of them are dropped. The learning
    rate falls as half a cosine; multiplier and disturbance are gone before the end, which is by the likelihood of counts where
    there is shot noise. Of every start the iterate with the best score is kept: on pixels held out where there is shot noise, by
    the modulus error where there is none.
    """

    iterations: int = setting(500, valid="[1, inf)", range=(100, 4000), log=True, doc="steps of the optimiser")
    starts: int = setting(8, valid="[1, 4096]", range=(1, 32), log=True, doc="random starts, advanced as one batch")
    screen: float = setting(
        0.7, valid="(0, 1]", range=(0.3, 1), doc="part of the steps after which only the finalists go on; 1: all to the end"
    )
    finalists: int = setting(2, valid="[1, inf)", range=(1, 8), doc="starts that go on to the end")
    rate: float = setting(1e-2, valid="(0, 1]", range=(1e-3, 3e-2), log=True, doc="learning rate at first")
    schedule: Literal["cosine", "constant"] = setting("cosine", choices=("cosine", "constant"), doc="course of the learning rate")
    loss: Literal["auto", "amplitude", "root", "poisson"] = setting(
        "auto",
        choices=("auto", "amplitude", "root", "poisson"),
        doc="misfit of amplitudes, of their roots, or of counts, once the multiplier is gone; "
        "auto: of counts where there is shot noise, else of amplitudes",
    )
    multiplier: float = setting(
        0.1, valid="[0, 1]", range=(0.02, 0.2), log=True, doc="part of each step's misfit that the multiplier remembers; 0: none"
    )
    leak: float = setting(
        0.1,
        valid="[0, 1]",
        range=(0, 0.3),
        doc="part of the multiplier that a step forgets, over the signal to noise of amplitudes",
    )
    slack: float = setting(
        0.7, valid="[0, inf)", range=(0, 3), doc="misfit that the multiplier lets pass, in standard deviations of shot noise"
    )
    jitter: float = setting(
        0.1, valid="[0, 10]", range=(0, 0.3), doc="standard deviation of noise on the input, annealed to zero"
    )
    centring: int = setting(
        10, valid="[0, inf)", range=(5, 50), doc="steps between two moves of the frame with its object, early on; 0: it stays"
    )
    patience: int | None = setting(None, valid="[1, inf)", doc="end after so many checks (one in 5 steps) without a better score")
    holdout: float | None = setting(
        None,
        was="free",
        valid="[0, 0.5]",
        doc="fraction of pixels held out to stop and choose by; none: 0.05 where there is shot noise",
    )
    keep: int = setting(10, valid="[1, inf)", doc="starts returned, best first, for PRTF")

    libraries: ClassVar[tuple[str, ...]] = ("torch",)
    outputs: ClassVar[tuple[int, ...]] = (1, 1)
    """Channels that each network draws: one entry per network."""
    betas: ClassVar[tuple[float, float]] = (0.9, 0.99)
    """Of Adam: the multiplier moves the aim, and a longer memory of squared gradients than 100 steps holds the fit back."""

    @abstractmethod
    def networks(self, ndim: int, frame: tuple[int, ...], outputs: int, starts: int) -> nn.Module:
        """Fresh networks side by side, (1, starts * inputs, *frame) to (1, starts * outputs, *frame)."""

    @abstractmethod
    def code(self, frame: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
        """The input of one network of one start, (inputs, *frame)."""

    @abstractmethod
    def field(self, outputs: Outputs) -> torch.Tensor:
        """The objects, complex (starts, *frame), in any unit."""

    def output_channels(self) -> tuple[int, ...]:
        """Channels that each network draws."""
        return self.outputs

    def network_size(self, y: FarField) -> tuple[int, int]:
        """Of the networks of one start, all together."""
        assert y.object_shape is not None
        frame, shape = y.object_shape, (1, *self.code(y.object_shape, torch.Generator()).shape)
        return size_of_all(lambda: ((self.networks(y.ndim, frame, n, 1), shape) for n in self.output_channels()))

    def total_iterations(self, y: FarField) -> int:  # noqa: ARG002 - the same for every measurement
        """Steps of the optimiser."""
        return self.iterations

    def moves(self) -> bool:
        """Whether the frame moves with the object: not where that fills it."""
        return self.centring > 0

    def move(self, s: PriorState, rolls: np.ndarray) -> None:
        """Let what is drawn from now on stand further along each axis by so many pixels, (starts, ndim)."""
        s.rolls = s.rolls + rolls

    def makes(self, y: FarField) -> list[Make]:
        """Makers of the networks, on the backend."""
        assert y.object_shape is not None
        frame = y.object_shape

        def make(outputs: int, starts: int) -> nn.Module:
            return on_backend(self.networks(y.ndim, frame, outputs, starts).to(y.backend.real), y.backend)

        return [partial(make, outputs) for outputs in self.output_channels()]

    def init(self, y: FarField, rng: Rng) -> PriorState:
        """Held-out pixels, and fresh networks of every start."""
        fraction = self.holdout if self.holdout is not None else (0.0 if y.gain is None else _FREE)
        fitted, held_out = hold_out(y, fraction, rng)
        seeds = [int(seed) for seed in rng.integers(2**62, size=self.starts)]
        return self.begin(y, FittedPattern.of(fitted), Choice(y, held_out), seeds)

    def begin(self, y: FarField, pattern: FittedPattern, choice: Choice, seeds: list[int]) -> PriorState:
        """The state before the first step, one start a seed."""
        device, real, frame = y.backend.device, y.backend.real, y.object_shape
        assert frame is not None
        generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]
        per_start = [[self.code(frame, g) for _ in self.output_channels()] for g in generators]
        codes = [torch.cat(each).to(device=device, dtype=real)[None] for each in zip(*per_start, strict=True)]
        networks = [from_seeds(make, [seed + k for seed in seeds]) for k, make in enumerate(self.makes(y))]
        optimiser = torch.optim.Adam(
            [p for network in networks for p in network.parameters()], lr=self.rate, betas=self.betas, fused=True
        )
        return PriorState(
            pattern,
            choice,
            networks,
            [code.contiguous(memory_format=layout(code)) for code in codes],
            optimiser,
            generators,
            EarlyStopping(len(seeds), smoothing=_SMOOTHING, patience=self.patience),
            list(range(len(seeds))),
            np.full(len(seeds), np.inf),
            torch.zeros((len(seeds), *y.shape), dtype=y.backend.complex, device=device) if self.multiplier else None,
            np.zeros((len(seeds), y.ndim), dtype=np.int64),
        )

    def step(self, y: FarField, s: PriorState) -> PriorState:
        """One step of Adam on the networks of all living starts."""
        progress = s.steps / self.iterations
        rate = self.rate * (1 if self.schedule == "constant" else (1 + math.cos(math.pi * progress)) / 2)
        for group in s.optimiser.param_groups:
            group["lr"] = rate
        s.optimiser.zero_grad()
        objects = rolled(self.field(s.draw(self.jitter * max(0.0, 1 - progress / _STILL_FROM))), s.rolls)
        spectrum = self._transform(y, objects)
        scale = s.pattern.scale(spectrum.detach(), self._loss(s) if s.multiplier is None else "amplitude")
        self._losses(s, spectrum * scale, progress).sum().backward()  # type: ignore[no-untyped-call]
        y.counters.ffts += len(s.living)  # the adjoint
        y.counters.add_passes(len(s.living), gradient=True)
        s.optimiser.step()
        s.objects = objects.detach() * (scale * s.pattern.unit)
        s.steps += 1
        if s.steps % _CHECK_EVERY == 0 or s.steps == self.iterations:
            self._record_point(y, s)
        if self.moves() and s.steps % self.centring == 0 and progress < _PLAIN_FROM:
            self._centre(s)
        if s.steps == round(self.screen * self.iterations) and len(s.living) > self.finalists and s.steps < self.iterations:
            self._drop(y, s)
        return s

    def _loss(self, s: PriorState) -> Loss:
        """What the fit ends by."""
        return self.loss if self.loss != "auto" else "poisson" if s.pattern.noise else "amplitude"

    def _losses(self, s: PriorState, spectrum: torch.Tensor, progress: float) -> torch.Tensor:
        """The loss of each start, after which its multiplier is the next step's."""
        if s.multiplier is not None and progress >= _FADED:
            s.multiplier = None
        if s.multiplier is None:
            return s.pattern.loss(spectrum, self._loss(s))
        searching = progress < _PLAIN_FROM
        losses, allowed = s.pattern.pull(spectrum, s.multiplier, self.slack if searching else 0.0)
        if searching:
            decay = 1 - self.leak * min(1.0, s.pattern.noise)
            s.multiplier = decay * (s.multiplier + self.multiplier * (spectrum.detach() - allowed))
        else:
            s.multiplier = _FADING * s.multiplier
        return losses

    def _centre(self, s: PriorState) -> None:
        """Move each frame so that the object stands in its middle, and the multiplier with it."""
        assert s.objects is not None
        rolls = off_centre(s.objects.abs().square())
        if rolls.any():
            self.move(s, rolls)
            s.multiplier = None if s.multiplier is None else ramped(s.multiplier, rolls)

    def _transform(self, y: FarField, objects: torch.Tensor) -> torch.Tensor:
        """Spectra of objects on the frame, zeros around it; counted."""
        y.counters.ffts += objects.shape[0]
        result: torch.Tensor = torch.fft.fftn(objects, s=y.shape, dim=tuple(range(1, y.ndim + 1)))
        return result

    def _objects(self, y: FarField, s: PriorState) -> torch.Tensor:
        """The objects of the last step, or what the networks draw before the first, (starts, *frame)."""
        if s.objects is None:
            with torch.no_grad():
                y.counters.add_passes(len(s.living))
                outputs = rolled(self.field(s.draw(0.0)), s.rolls)
                s.objects = outputs * s.pattern.scale(self._transform(y, outputs), self._loss(s)) * s.pattern.unit
        return s.objects

    def _record_point(self, y: FarField, s: PriorState) -> None:
        """Score the objects, and keep what is best."""
        objects = self._objects(y, s)
        with torch.no_grad():
            s.stopping.observe(score(s.choice, self.padded(y, objects)), objects)
        s.scores[s.living] = s.stopping.scores

    def _drop(self, y: FarField, s: PriorState) -> None:
        """Let all starts but the finalists go."""
        if s.stopping.best is None:
            self._record_point(y, s)
        rows = sorted(s.stopping.order[: self.finalists])
        count = len(s.living)
        s.networks, s.optimiser = narrowed(s.networks, self.makes(y), count, rows, s.optimiser)
        s.codes = [
            code.reshape(count, -1, *code.shape[2:])[rows].flatten(0, 1)[None].contiguous(memory_format=layout(code))
            for code in s.codes
        ]
        s.generators, s.living = [s.generators[i] for i in rows], [s.living[i] for i in rows]
        s.stopping.narrow(rows)
        s.rolls = s.rolls[rows]
        s.multiplier = None if s.multiplier is None else s.multiplier[rows]
        s.objects = None if s.objects is None else s.objects[rows]

    def padded(self, y: FarField, objects: torch.Tensor) -> torch.Tensor:
        """Objects on the frame as fields on the detector's grid, (starts, *shape)."""
        margins = [pad for n, m in zip(reversed(y.shape), reversed(objects.shape[1:]), strict=True) for pad in (0, n - m)]
        return torch.nn.functional.pad(objects, margins)

    def finished(self, y: FarField, state: PriorState) -> bool:  # noqa: ARG002 - the contract
        """When no start has got better for ``patience`` checks."""
        return state.stopping.settled()

    def estimates(self, y: FarField, s: PriorState) -> torch.Tensor:
        """What was kept of each living start, or before the first check what there is, on the detector's grid.

        This takes no check: one would enter the averaged scores, and asking would change the answer.
        """
        return self.padded(y, self._objects(y, s) if s.stopping.best is None else s.stopping.best[0])

    def estimate(self, y: FarField, state: PriorState) -> Reconstruction:
        """The best start, with the best others as ``starts`` and the ``scores`` of all that were begun in ``aux``."""
        assert y.object_shape is not None
        result = self.estimates(y, state)[(slice(None), *map(slice, y.object_shape))]
        starts = result[by_score(state.stopping.scores)[: self.keep]]
        return Reconstruction(object=starts[0].clone(), aux={"starts": starts, "scores": state.scores.copy()})

    def residual(self, y: FarField, state: PriorState) -> float:
        """Modulus error of the best start over all measured pixels."""
        best = by_score(state.stopping.scores)[0]
        return float(y.modulus_error(self.estimates(y, state)[best : best + 1])[0])
