"""Learned solvers: a network, how problems teach it, and where its weights come from."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from prbench.backend import Backend
from prbench.errors import BadInput, MissingWeights, UsageError

from .dihedral import rotated
from .names import format_name, format_value
from .network_size import size_of
from .outside import outside_ranges
from .problem import Problem
from .recipe import Recipe
from .settings import setting
from .solver import DirectSolver, M, Rng
from .weights import Weights, read_weights

if TYPE_CHECKING:
    import torch

_KEPT = 4
"""Networks kept ready in one process."""


@dataclass(frozen=True)
class LearnedSolver(DirectSolver[M]):
    """Base of solvers whose mathematics was learned: a network between what is done to the measurement and to its answer.

    A subclass declares the network, what it sees of a measurement, what it should have answered, and its recipe; ``solve`` calls
    :meth:`answer`. ``prbench train`` does the rest. Weights that come with the package lie in a folder ``weights`` beside the
    solver's file, ``<name>.safetensors``.

    Reading weights is not part of a solve: the framework calls :meth:`prepare` before it starts the clock, and a network once
    loaded is kept. What the clock sees is preparing the input, the network, and all that is made of its output.
    """

    libraries: ClassVar[tuple[str, ...]] = ("torch",)
    recipe: ClassVar[Recipe]
    architecture: ClassVar[tuple[str, ...]] = ("width",)
    """The settings that the shapes of the weights depend on."""

    weights: str = setting("shipped", doc="shipped, random (for tests of speed), or a file that `prbench train` has written")

    @property
    def training(self) -> Recipe:
        """The recipe under these settings: ``recipe`` unless a solver says otherwise."""
        return self.recipe

    @abstractmethod
    def network(self) -> torch.nn.Module:
        """The network with fresh weights."""

    @abstractmethod
    def network_input(self, y: M) -> torch.Tensor:
        """What the network sees of a measurement on a torch backend: (1, channels, ...), on its device."""

    @abstractmethod
    def target(self, problem: Problem) -> tuple[np.ndarray, np.ndarray]:
        """What the network should answer, (channels, ...), and the weight of each of its pixels, (1, ...); float arrays."""

    def transform_target(self, target: np.ndarray, element: int) -> np.ndarray:
        """The target of an example changed by :func:`prbench.core.dihedral.rotated`; as of scalars unless a solver says more."""
        return rotated(target, element)

    def disturb(self, inputs: np.ndarray, rng: Rng) -> np.ndarray:  # noqa: ARG002 - for those who need it
        """What is done to a batch of inputs (batch, channels, ...) anew in every step of a training, such as more noise."""
        return inputs

    def loss(self, outputs: Any, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """What training lowers: the weighted mean square error unless a solver says otherwise."""
        squares: torch.Tensor = (weights * (outputs - targets) ** 2).sum()
        return squares / (weights.sum() * targets.shape[1]).clamp(min=1e-12)

    def objective(
        self, network: torch.nn.Module, inputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """:meth:`loss` of the network's answers, and whatever else a solver asks of its network."""
        return self.loss(network(inputs), targets, weights)

    def validation(self, outputs: Any, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """What the best weights are chosen by, lower is better: the root of the weighted mean square error."""
        return LearnedSolver.loss(self, outputs, targets, weights).sqrt()

    def begin(self, network: torch.nn.Module, inputs: torch.Tensor) -> None:
        """Called once before a training from fresh weights, with some inputs: where weights learned elsewhere are put in."""

    def parameter_groups(self, network: torch.nn.Module) -> list[dict[str, Any]]:
        """Parameters in groups as torch's optimisers take them; ``scale`` in a group multiplies its learning rate."""
        return [{"params": list(network.parameters())}]

    def after_step(self, network: torch.nn.Module) -> None:
        """Called after every optimisation step, without gradients: where a network keeps its weights within bounds."""

    def observations(self, network: torch.nn.Module) -> Mapping[str, float]:  # noqa: ARG002 - for those who have some
        """Numbers about the network that belong into the curve of its training."""
        return {}

    def features(self, inputs: np.ndarray) -> Mapping[str, float]:  # noqa: ARG002 - for those who know some
        """Numbers that tell inputs (channels, ...) like those of the training from others; the card holds their ranges.

        Their names are what :func:`prbench.core.outside.outside_training` says of one that lies outside.
        """
        return {}

    def for_inference(self, network: torch.nn.Module) -> torch.nn.Module:
        """The network as it is used for solving: the method that folds what is constant once trained."""
        return network

    # Weights

    @property
    def inputs(self) -> tuple[str, ...]:
        """The user's file of weights, where there is one."""
        return () if self.weights in ("shipped", "random") else (self.weights,)

    @classmethod
    def shipped_files(cls) -> tuple[Path, ...]:
        """The files of weights that come with this solver; part of its code."""
        home = Path(str(sys.modules[cls.__module__].__file__)).parent / "weights"
        return tuple(sorted(home.glob(f"{cls.plugin_name}.safetensors")))

    def architecture_settings(self) -> dict[str, Any]:
        """The settings that weights must have been trained with."""
        return {name: getattr(self, name) for name in self.architecture}

    def training_command(self) -> str:
        """The command that makes weights for these settings."""
        changed = {k: v for k, v in self.architecture_settings().items() if v != type(self)().params()[k]}
        name = format_name(self.plugin_name, changed)
        data = " ".join(f"-d '{dataset}'" for dataset in self.training.datasets)
        return f"prbench train {format_value(name) if changed else name} {data} --out FOLDER"

    def load(self, backend: Backend, rng: Rng) -> torch.nn.Module:
        """The network ready for solving on a backend: weights in place, in evaluation mode, convolutions channels-last.

        Kept for the next call with the same settings, backend and, for random weights, the same state of ``rng``.

        Raises:
            MissingWeights: where there are no weights; the message names the command that makes them.
            UsageError: where the weights belong to other settings.
            BadInput: where a file is not one of weights, or not of this network's.
        """
        seed = int(rng.integers(2**62)) if self.weights == "random" else None
        path = None if seed is not None else self._weights_path()
        stamp = None if path is None else path.stat()
        key = (self, backend, seed, path, stamp and (stamp.st_mtime_ns, stamp.st_ino, stamp.st_size))
        if key not in _networks:
            _networks[key] = self._ready(backend, seed, path)
            while len(_networks) > _KEPT:
                _networks.popitem(last=False)
        _networks.move_to_end(key)
        return _networks[key]

    def network_size(self, y: M) -> tuple[int, int]:
        """Of the network as it is trained, nothing folded; counted once for its settings and the shape of its input.

        That shape is the one that the network saw last of such a measurement: to make an input may take longer than a solve.
        """
        shape = _shapes.get((self, y.shape)) or tuple(self.network_input(y).shape)
        key = (type(self), tuple(self.architecture_settings().items()), shape)
        if key not in _sizes:
            _sizes[key] = size_of(fresh_network(self, 0).eval(), shape)
        return _sizes[key]

    def prepare(self, backend: Backend, rng: Rng) -> None:
        """Read the weights."""
        self.load(backend, rng)

    def answer(self, y: M, rng: Rng) -> torch.Tensor:
        """The network's output for a measurement, without gradients."""
        import torch

        with torch.inference_mode():
            return self.answer_to(y, self.network_input(y), rng)

    def answer_to(self, y: M, x: torch.Tensor, rng: Rng) -> torch.Tensor:
        """The network's output for what it sees of a measurement, ``x`` (1, channels, ...), without gradients; counted."""
        import torch

        network = self.load(y.backend, rng)
        y.counters.add_passes(len(x))
        _shapes[self, y.shape] = tuple(x.shape)
        with torch.inference_mode():
            result: torch.Tensor = network(x.contiguous(memory_format=layout(x)))
        return result

    def outside(self, y: M, x: torch.Tensor) -> dict[str, np.ndarray]:
        """Features of an input beyond the ranges on the card of the weights in use, for ``aux``; see :func:`outside_ranges`.

        Args:
            y: the measurement, which has been answered.
            x: what the network sees of it, (1, channels, ...).
        """
        seen = {} if self.weights == "random" else _seen.get(self._weights_path(), {})
        return outside_ranges(self.features(y.backend.to_numpy(x)[0]), seen) if seen else {}

    def _weights_path(self) -> Path:
        if self.weights != "shipped":
            path = Path(self.weights)
            if not path.is_file():
                raise MissingWeights(f"{self.plugin_name}: there is no file {path}; `{self.training_command()}` makes weights")
            return path
        result = [path for path in self.shipped_files() if path.suffix == ".safetensors"]
        if not result:
            raise MissingWeights(
                f"{self.plugin_name} comes without weights; `{self.training_command()}` makes some, "
                "then say weights=FOLDER/weights.safetensors"
            )
        return result[0]

    def _ready(self, backend: Backend, seed: int | None, path: Path | None) -> torch.nn.Module:
        network = fresh_network(self, 0 if seed is None else seed)
        if path is not None:
            weights = read_weights(path)
            _seen[path] = weights.card.get("seen", {})
            self.check_card(weights, str(path))
            fill(network, weights, str(path))
        network = self.for_inference(network.eval().requires_grad_(False))
        return on_backend(network.to(dtype=backend.real), backend)

    def check_card(self, weights: Weights, where: str) -> None:
        """Refuse weights of another solver or of other settings.

        Raises:
            UsageError: naming the first setting that differs.
        """
        solver, settings = weights.card.get("solver"), weights.card.get("settings", {})
        if solver != self.plugin_name:
            raise UsageError(f"{where} holds weights of {solver}, not of {self.plugin_name}")
        for name, value in self.architecture_settings().items():
            if settings.get(name) != value:
                raise UsageError(
                    f"{self.plugin_name}: the weights in {where} have {name}={format_value(settings.get(name))}, asked for "
                    f"{format_value(value)}; `{self.training_command()}` makes such weights, weights=random does for speed"
                )


_networks: OrderedDict[Any, torch.nn.Module] = OrderedDict()
_seen: dict[Path, Mapping[str, Sequence[float]]] = {}
_sizes: dict[Any, tuple[int, int]] = {}
_shapes: dict[Any, tuple[int, ...]] = {}
"""What the network saw last, by solver and shape of the measurement."""


def fresh_network(solver: LearnedSolver[Any], seed: int) -> torch.nn.Module:
    """The solver's network with initial weights that depend on ``seed`` alone; torch's global randomness is left as it was."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return solver.network()


def fill(network: torch.nn.Module, weights: Weights, where: str) -> None:
    """Put weights into a network, in the network's own precision.

    Raises:
        BadInput: where names or shapes differ, naming the first.
    """
    wanted = network.state_dict()
    for name, tensor in wanted.items():
        result = weights.tensors.get(name)
        if result is None or result.shape != tensor.shape:
            has = "none" if result is None else f"shape {tuple(result.shape)}"
            raise BadInput(f"{where} does not fit the network: {name} must have shape {tuple(tensor.shape)}, it has {has}")
    strange = sorted(set(weights.tensors) - set(wanted))
    if strange:
        raise BadInput(f"{where} does not fit the network, which has no {strange[0]}")
    network.load_state_dict(dict(weights.tensors))


def layout(x: torch.Tensor) -> Any:
    """The layout in which networks are fastest, on CPUs and GPUs alike: channels last for batches of images and volumes."""
    import torch

    return {4: torch.channels_last, 5: torch.channels_last_3d}.get(x.ndim, torch.contiguous_format)


def on_backend(network: torch.nn.Module, backend: Backend) -> torch.nn.Module:
    """The network on a backend's device, its convolutions of images channels-last."""
    network = network.to(backend.device)
    for parameter in network.parameters():
        parameter.data = parameter.data.contiguous(memory_format=layout(parameter))
    return network
