"""The loop: steps, validations, checkpoints. Killed at any moment and called again it ends with the same weights."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from prbench.backend import Backend
from prbench.core import LearnedSolver, Recipe
from prbench.core.learned import fill, fresh_network, layout, on_backend
from prbench.core.weights import Weights
from prbench.errors import Diverged

from .batches import Batch, Batches
from .curve import write_curve
from .examples import Examples
from .state import TrainingState

if TYPE_CHECKING:
    import torch

CHECKPOINT = "checkpoint.safetensors"
_CHECKPOINT_EVERY_S = 60.0
_VALIDATION_BATCH = 4


@dataclass(frozen=True)
class Event:
    """What happens in a training.

    Attributes:
        kind: ``examples`` while those are made, ``step`` after every step, ``validation`` after one of those.
        done, total: examples or steps; where processor time ends a training, the steps that fit, estimated from those done.
        seconds_left: of training, estimated from the steps of this run; None before there is one.
        loss: of the last step.
        validation: the last one.
        best: the lowest.
    """

    kind: Literal["examples", "step", "validation"]
    done: int
    total: int
    seconds_left: float | None = None
    loss: float = math.nan
    validation: float = math.nan
    best: float = math.nan


OnEvent = Callable[[Event], None]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a training has come to.

    Attributes:
        finished: whether all steps are done, or all processor time is used.
        state: network, best weights and numbers.
    """

    finished: bool
    state: TrainingState


def fit(
    solver: LearnedSolver[Any],
    learn: Examples,
    tune: Examples,
    recipe: Recipe,
    folder: Path,
    *,
    seed: int,
    backend: Backend,
    start: Weights | None = None,
    time_limit_s: float | None = None,
    on_event: OnEvent = lambda _event: None,
) -> Outcome:
    """Train a solver's network, from its checkpoint in ``folder`` where there is one.

    Whenever it is stopped, the same call goes on; on a CPU with the same number of threads it ends with the same weights, bit
    for bit, as if it had never been stopped: what a step does depends on the seed, the step and the checkpoint alone. Where the
    recipe has processor hours, it also depends on the time used so far, and no two runs end alike.

    Args:
        solver: whose network it is.
        learn: examples to learn from.
        tune: examples to choose among weights by, whole.
        recipe: how.
        folder: of the checkpoint and the curve; must exist.
        seed: of initial weights, order, crops, rotations, and whatever is random inside the network.
        backend: a torch backend.
        start: weights to begin from instead of random ones.
        time_limit_s: stop after this many seconds, with a checkpoint.
        on_event: told of steps and validations.

    Raises:
        Diverged: where the loss is no longer finite.
    """
    network = fresh_network(solver, seed)
    checkpoint = folder / CHECKPOINT
    if start is not None:
        fill(network, start, "the weights to begin from")
    elif not checkpoint.exists():
        import torch

        solver.begin(network, torch.from_numpy(np.array(learn.inputs[: recipe.batch], np.float32)))
    network = on_backend(network, backend).train()
    state = TrainingState(solver, recipe, network)
    if checkpoint.exists():
        state.restore(checkpoint)
    run = _TrainingRun(solver, learn, tune, recipe, folder, seed, backend, state, on_event)
    run.go(time_limit_s)
    return Outcome(run.position >= recipe.steps, state)


@dataclass(eq=False)
class _TrainingRun:
    solver: LearnedSolver[Any]
    learn: Examples
    tune: Examples
    recipe: Recipe
    folder: Path
    seed: int
    backend: Backend
    state: TrainingState
    on_event: OnEvent

    @property
    def position(self) -> float:
        """How far the training is, 0 to the recipe's steps."""
        return self.recipe.position(self.state.progress.step, self.state.progress.processor_seconds)

    def go(self, time_limit_s: float | None) -> None:
        """Step until the end or the limit; an interrupt leaves the last checkpoint, at most a minute old."""
        batches = Batches(self.solver, self.learn, self.recipe, self.seed)
        progress, began, processor_began = self.state.progress, time.monotonic(), time.process_time()
        first, before, processor_before, saved = self.position, progress.seconds, progress.processor_seconds, began
        every = self.recipe.validate_every
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(batches.at, progress.step)
            while (position := self.position) < self.recipe.steps:
                batch = coming.result()
                coming = ahead.submit(batches.at, progress.step + 1)
                loss = self._step(batch)
                now = time.monotonic()
                progress.seconds = before + now - began
                progress.processor_seconds = processor_before + time.process_time() - processor_began
                left = (now - began) / (self.position - first) * max(0.0, self.recipe.steps - self.position)
                self._tell("step", left, loss)
                if self.position // every > position // every or self.position >= self.recipe.steps:
                    self._validate()
                    self._tell("validation", left, loss)
                    progress.processor_seconds = processor_before + time.process_time() - processor_began
                    saved = self._save()
                elif now - saved > _CHECKPOINT_EVERY_S:
                    saved = self._save()
                if time_limit_s is not None and time.monotonic() - began >= time_limit_s:
                    break
        self._save()

    def _step(self, batch: Batch) -> float:
        """One optimisation step."""
        import torch

        state, progress = self.state, self.state.progress
        torch.manual_seed(int(np.random.SeedSequence([self.seed, 2, progress.step]).generate_state(1, np.uint64)[0] >> 1))
        inputs, targets, weights = (_on(array, self.backend) for array in batch)
        with torch.autocast(self.backend.device, torch.bfloat16, enabled=self.recipe.autocast):
            loss = self.solver.objective(state.network, inputs, targets, weights)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise Diverged(f"the loss is {value} at step {progress.step + 1}; begin in another folder, at a lower rate")
        state.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if self.recipe.clip is not None:
            torch.nn.utils.clip_grad_norm_(state.network.parameters(), self.recipe.clip)
        state.set_rate(self.recipe.rate(self.position))
        state.optimiser.step()
        with torch.no_grad():
            self.solver.after_step(state.network)
        progress.step += 1
        progress.loss_sum += value
        progress.losses += 1
        state.follow()
        return value

    def _validate(self) -> None:
        """Add a row to the curve, of the running mean on whole examples; keep the weights where they are the best."""
        import torch

        state, progress = self.state, self.state.progress
        scores: list[float] = []
        with torch.inference_mode():
            for first in range(0, len(self.tune), _VALIDATION_BATCH):
                part = slice(first, first + _VALIDATION_BATCH)
                arrays = (self.tune.inputs[part], self.tune.targets[part], self.tune.weights[part])
                inputs, targets, weights = (_on(np.array(array, np.float32), self.backend) for array in arrays)
                outputs = state.mean(inputs)
                for n in range(len(inputs)):
                    one = slice(n, n + 1)
                    scores.append(float(self.solver.validation(_example_of(outputs, one), targets[one], weights[one])))
        validation = float(np.mean(scores))
        row = {
            "step": progress.step,
            "seconds": round(progress.seconds, 1),
            "loss": progress.loss_sum / max(1, progress.losses),
            "validation": validation,
            "rate": state.rate,
            **self.solver.observations(state.mean),
        }
        progress.curve.append(row)
        progress.loss_sum, progress.losses = 0.0, 0
        if progress.best is None or validation < progress.best:
            progress.best, progress.best_step = validation, progress.step
            state.keep_best()

    def _save(self) -> float:
        self.state.save(self.folder / CHECKPOINT)
        write_curve(self.folder, self.state.progress.curve)
        return time.monotonic()

    def _tell(self, kind: Literal["step", "validation"], left: float, loss: float) -> None:
        progress = self.state.progress
        last = progress.curve[-1]["validation"] if progress.curve else math.nan
        best = math.nan if progress.best is None else progress.best
        total = round(progress.step * max(1.0, self.recipe.steps / self.position))
        self.on_event(Event(kind, progress.step, total, left, loss, last, best))


def _on(array: np.ndarray, backend: Backend) -> torch.Tensor:
    import torch

    tensor = torch.from_numpy(array)
    return tensor.to(backend.device, memory_format=layout(tensor))


def _example_of(outputs: Any, part: slice) -> Any:
    """One example of a network's outputs, which may be several."""
    return tuple(output[part] for output in outputs) if isinstance(outputs, tuple | list) else outputs[part]
