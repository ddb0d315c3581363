"""All that a training is at one moment, and its checkpoint: one safetensors file, replaced whole."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prbench.core import LearnedSolver, Recipe
from prbench.errors import BadInput, one_line

if TYPE_CHECKING:
    import torch

Tensors = dict[str, "torch.Tensor"]


@dataclass
class TrainingProgress:
    """The numbers of a training; plain values.

    Attributes:
        step: steps done.
        seconds: spent training, over all runs.
        processor_seconds: of this process, likewise.
        loss_sum, losses: of the steps since the last validation.
        best: lowest validation so far, and ``best_step``, when.
        curve: a row a validation.
    """

    step: int = 0
    seconds: float = 0.0
    processor_seconds: float = 0.0
    loss_sum: float = 0.0
    losses: int = 0
    best: float | None = None
    best_step: int = 0
    curve: list[dict[str, float]] = field(default_factory=list)


class TrainingState:
    """Network, running mean of its weights, optimiser, the best weights so far, and the numbers.

    Args:
        solver: whose network it is.
        recipe: says which optimiser.
        network: on its device, channels-last where it convolves images.
    """

    def __init__(self, solver: LearnedSolver[Any], recipe: Recipe, network: torch.nn.Module) -> None:
        self.network = network
        self.mean = copy.deepcopy(network).eval().requires_grad_(False)
        self.best: Tensors = {}
        self.progress = TrainingProgress()
        self.optimiser = _optimiser(solver, recipe, network)
        self._scales = [float(group.get("scale", 1.0)) for group in self.optimiser.param_groups]
        self._decay = recipe.average
        self.rate = 0.0

    def set_rate(self, rate: float) -> None:
        """Put the learning rate, scaled by group."""
        self.rate = rate
        for group, scale in zip(self.optimiser.param_groups, self._scales, strict=True):
            group["lr"] = rate * scale

    def follow(self) -> None:
        """Let the running mean follow the weights, after step ``progress.step``."""
        import torch

        n = self.progress.step
        decay = min(self._decay, (1 + n) / (10 + n)) if self._decay else 0.0
        with torch.no_grad():
            for mean, now in zip(self.mean.state_dict().values(), self.network.state_dict().values(), strict=True):
                if mean.is_floating_point() and decay:
                    mean.lerp_(now, 1 - decay)
                else:
                    mean.copy_(now)

    def keep_best(self) -> None:
        """The running mean is the best so far."""
        self.best = {name: tensor.detach().clone() for name, tensor in self.mean.state_dict().items()}

    def save(self, path: Path) -> None:
        """Write everything to a file that replaces its predecessor whole."""
        from safetensors.torch import save_file

        tensors = {f"network.{n}": t for n, t in self.network.state_dict().items()}
        tensors |= {f"mean.{n}": t for n, t in self.mean.state_dict().items()}
        tensors |= {f"best.{n}": t for n, t in self.best.items()}
        plain: dict[str, dict[str, Any]] = {}
        for number, values in self.optimiser.state_dict()["state"].items():
            for name, value in values.items():
                if hasattr(value, "shape"):
                    tensors[f"optimiser.{number}.{name}"] = value
                else:
                    plain.setdefault(str(number), {})[name] = value
        metadata = {"prbench": json.dumps({"progress": self.progress.__dict__, "optimiser": plain})}
        temporary = path.with_name(f".{path.name}.new")
        save_file({name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}, temporary, metadata=metadata)
        temporary.replace(path)

    def restore(self, path: Path) -> None:
        """Go back to what :meth:`save` wrote.

        Raises:
            BadInput: where the file is not whole or of another network.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="pt") as file:
                told = json.loads((file.metadata() or {})["prbench"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            self.network.load_state_dict(_part(tensors, "network."))
            self.mean.load_state_dict(_part(tensors, "mean."))
            self.best = _part(tensors, "best.")
            self._restore_optimiser(_part(tensors, "optimiser."), told["optimiser"])
            self.progress = TrainingProgress(**told["progress"])
        except (SafetensorError, OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
            raise BadInput(
                f"{path} is not a checkpoint of this training: {one_line(error, 160)}; delete it to begin anew"
            ) from error

    def _restore_optimiser(self, tensors: Tensors, plain: dict[str, dict[str, Any]]) -> None:
        import torch

        state: dict[int, dict[str, Any]] = {int(number): dict(values) for number, values in plain.items()}
        parameters = [p for group in self.optimiser.param_groups for p in group["params"]]
        for name, tensor in tensors.items():
            number, _, key = name.partition(".")
            like = parameters[int(number)]
            # In the parameter's own memory layout, so that the next step takes the same path through the machine.
            laid = (
                torch.empty_like(like, device="cpu", dtype=tensor.dtype).copy_(tensor) if tensor.shape == like.shape else tensor
            )
            state.setdefault(int(number), {})[key] = laid
        self.optimiser.load_state_dict({"state": state, "param_groups": self.optimiser.state_dict()["param_groups"]})


def _part(tensors: Tensors, prefix: str) -> Tensors:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _optimiser(solver: LearnedSolver[Any], recipe: Recipe, network: torch.nn.Module) -> torch.optim.Optimizer:
    import torch

    groups = solver.parameter_groups(network)
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay)
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
