"""How a learned solver is trained: everything that the result depends on besides the data, the network and the seed."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Literal

from prbench.errors import UsageError

Schedule = Literal["cosine", "poly", "constant"]
Optimiser = Literal["adamw", "sgd"]


@dataclass(frozen=True)
class Recipe:
    """The declared training of a learned solver; ``prbench train`` follows it where the user says nothing else.

    Attributes:
        datasets: names with settings; their ``train`` split is learned from, their ``tune`` split chooses among weights.
        samples: training problems of each dataset.
        tune_samples: validation problems of each dataset.
        steps: optimisation steps.
        batch: examples per step.
        crop: side of the random squares cut from the examples; whole examples where None.
        canvas: side of the squares that examples are mirrored out or cut to about their middle, where they differ in size.
        dihedral: whether each example is rotated and mirrored at random (the eight symmetries of the square).
        optimiser: ``adamw`` (Loshchilov, Hutter, arXiv:1711.05101) or ``sgd`` with momentum.
        learning_rate: the highest; parameter groups may scale it.
        schedule: after the warm-up ``cosine`` falls to 0 as half a cosine, ``poly`` as ``(1 - t)^0.9``.
        warmup: steps of linear rise.
        weight_decay: decoupled for ``adamw``.
        momentum: of ``sgd``.
        clip: largest norm of the gradient; longer ones are shortened. None: never.
        average: decay per step of the running mean of the weights, which is what is validated and kept; 0: the weights
            themselves. The mean forgets its start: early on the decay is ``(1 + n) / (10 + n)`` at step n.
        validate_every: steps between validations.
        autocast: whether convolutions run in bfloat16 while training.
        processor_hours: processor time after which the training ends, whatever the number of steps; validations count, the
            making of examples does not. ``steps`` then stands for all of that time, and ``warmup`` and ``validate_every`` for
            their shares of it, so that trainings at equal cost rise, fall and validate alike. None: the steps end it.
    """

    datasets: tuple[str, ...]
    samples: int
    steps: int
    tune_samples: int = 40
    batch: int = 8
    crop: int | None = None
    canvas: int | None = None
    dihedral: bool = True
    optimiser: Optimiser = "adamw"
    learning_rate: float = 1e-3
    schedule: Schedule = "cosine"
    warmup: int = 0
    weight_decay: float = 0.01
    momentum: float = 0.9
    clip: float | None = 1.0
    average: float = 0.999
    validate_every: int = 250
    autocast: bool = False
    processor_hours: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be trained with.

        Raises:
            UsageError: naming the value and the limit.
        """
        if not self.datasets:
            raise UsageError("datasets must name one at least, from which the training takes its examples")
        for name in ("samples", "tune_samples", "steps", "batch", "validate_every"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} of a training must be at least 1, got {getattr(self, name)}")
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise UsageError(f"learning_rate must be positive and finite, got {self.learning_rate}")
        hours = self.processor_hours
        if hours is not None and not (math.isfinite(hours) and hours > 0):
            raise UsageError(f"processor_hours must be positive and finite, got {hours}")
        if not 0 <= self.average < 1:
            raise UsageError(f"average must be in [0, 1), got {self.average}")

    def position(self, step: int, processor_seconds: float) -> float:
        """How far a training is after ``step`` steps: 0 to ``steps``, of its steps or of its processor time."""
        return step if self.processor_hours is None else self.steps * processor_seconds / (3600 * self.processor_hours)

    def rate(self, position: float) -> float:
        """The learning rate of the step taken at a position; without processor hours that is its number, counted from 0."""
        if position < self.warmup:
            return self.learning_rate * min(1.0, (position + 1) / self.warmup)
        t = (position - self.warmup) / max(1, self.steps - self.warmup)
        if self.schedule == "cosine":
            return self.learning_rate * (0.5 + 0.5 * math.cos(math.pi * t))
        return self.learning_rate * math.pow(1 - t, 0.9) if self.schedule == "poly" else self.learning_rate

    def plain(self) -> dict[str, object]:
        """Plain values, for cards and for comparing recipes."""
        return {**dataclasses.asdict(self), "datasets": list(self.datasets)}
