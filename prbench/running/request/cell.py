"""A cell: one solver with its settings, one dataset with its settings, one sample, one seed, one backend, one budget."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self, cast

from prbench.backend import Backend, Precision, get_backend
from prbench.core import Dataset, Problem, Solver, Split, build_plugin, format_name, parse_name, setting_defaults
from prbench.core.foreign import ForeignSolver
from prbench.core.names import is_reference
from prbench.core.registry import Kind
from prbench.core.settings import Scalar
from prbench.core.tuned import resolve_tuned
from prbench.errors import DataNotFound, UsageError
from prbench.running.salts import dataset_seed, salt_of
from prbench.running.solving import choose_backend
from prbench.running.store.plain import canonical, digest, plain


@dataclass(frozen=True)
class Cell:
    """The spec of one record, every default resolved. Equal cells have equal keys.

    Attributes:
        solver, dataset: names, or references such as ``my_file.py:MySolver``.
        solver_params, dataset_params: every setting with its value.
        inputs: checksum of the user's files that the dataset and the solver read; ``""`` where they read none.
        task: the task that both serve.
        sample: number of the problem.
        seed: of the solver's randomness; the problem is the same for every seed, so that seeds measure the solver's own spread.
        split: ``test``, ``tune`` or ``train``.
        precision: ``single`` or ``double``.
        backend: ``numpy``, ``torch``, ``torch:cuda`` or ``cupy``.
        device_class: ``cpu``, or the model of the GPU.
        time_limit_s: the soft limit, None where there is none.
        salt: digest of the salt with which the problem is drawn (:mod:`prbench.running.salts`); ``""`` for public draws.
    """

    solver: str
    solver_params: Mapping[str, Scalar]
    dataset: str
    dataset_params: Mapping[str, Scalar]
    task: str
    sample: int = 0
    seed: int = 0
    split: Split = "test"
    precision: Precision = "single"
    backend: str = "numpy"
    device_class: str = "cpu"
    time_limit_s: float | None = None
    inputs: str = ""
    salt: str = ""

    def to_plain(self) -> dict[str, Any]:
        """The spec as JSON holds it; of a cell that an older version wrote, as that did."""
        if (older := self.__dict__.get("older_spec")) is not None:
            return dict(older)
        return {name: plain(getattr(self, name)) for name in _FIELDS if name != "salt" or self.salt}

    @classmethod
    def from_plain(cls, spec: Mapping[str, Any], key: str | None = None) -> Self:
        """The inverse of :meth:`to_plain`; members that an older version did not write take their defaults.

        Args:
            spec: what :meth:`to_plain` gave.
            key: the key that the spec has to belong to, as the version that wrote it made keys; not looked at where None.

        Raises:
            KeyError, TypeError, ValueError: where the mapping is not a spec, or not that of the key.
        """
        cell = cls(**{name: spec[name] for name in _FIELDS if name in spec or name in _REQUIRED})
        if key is not None:
            if digest(canonical(spec)) != key:
                raise ValueError("its key does not belong to its spec")
            if unknown := spec.keys() - set(_FIELDS):
                raise ValueError(f"its spec has a member that this version does not know, {min(unknown)!r}; update prbench")
            cell.__dict__["key"] = key
            if len(spec) < len(_FIELDS) - (not cell.salt):  # it has a key of its own, by which its record is found
                cell.__dict__["older_spec"] = dict(spec)
        return cell

    def sibling(self, sample: int, seed: int, key: str) -> Self:
        """The cell that differs in sample and seed alone, and has that key; quicker than making it anew."""
        cell = object.__new__(type(self))
        cell.__dict__.update(self.__dict__, sample=sample, seed=seed, key=key)
        return cell

    @cached_property
    def key(self) -> str:
        """BLAKE2b (16 bytes, hexadecimal) of the canonical JSON of the spec: the name of the record."""
        return digest(canonical(self.to_plain()))

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def kind(self) -> tuple[object, ...]:
        """Equal for cells that differ in sample and seed alone: those that may be expected to take the same time."""
        settings = (*self.solver_params.values(), *self.dataset_params.values())
        return self.solver, self.dataset, self.backend, self.device_class, self.precision, *settings

    @property
    def solver_spelled(self) -> str:
        """Solver and the settings that differ from their defaults, as a user would type it."""
        return _spelled("solver", self.solver, self.solver_label, self.solver_params)

    @property
    def dataset_spelled(self) -> str:
        """Dataset and the settings that differ from their defaults."""
        return _spelled("dataset", self.dataset, self.dataset_label, self.dataset_params)

    def build_solver(self) -> Solver[Any]:
        """The solver.

        Raises:
            UsageError: where it is no longer known or no longer takes these settings.
        """
        return cast("Solver[Any]", _build("solver", self.solver, self.solver_label, self.solver_params))

    def build_dataset(self) -> Dataset:
        """The dataset; raises as :meth:`build_solver`."""
        return cast("Dataset", _build("dataset", self.dataset, self.dataset_label, self.dataset_params))

    @cached_property
    def solver_label(self) -> str:
        """The solver's settings as text: equal for equal settings."""
        return canonical(self.solver_params)

    @cached_property
    def dataset_label(self) -> str:
        """The dataset's settings as text: equal for equal settings."""
        return canonical(self.dataset_params)

    @property
    def problem_label(self) -> str:
        """The same for all cells that share a problem, and for no others."""
        return canonical([self.dataset, self.dataset_params, self.inputs, self.sample, self.split, self.salt])

    def problem(self) -> Problem:
        """Make the problem; raises as :meth:`build_solver`, as the dataset, and UsageError where its salt is not known here."""
        if not self.salt:
            return self.public_problem()
        seed = dataset_seed(salt_of(self.salt))
        result = self.build_dataset().problem(self.sample, seed=seed, split=self.split)
        # The seed would give the salt's draw away.
        return dataclasses.replace(result, id=result.id.replace(str(seed), self.salt[:8]))

    def public_problem(self) -> Problem:
        """The problem as it is without a salt."""
        return self.build_dataset().problem(self.sample, split=self.split)

    def open_backend(self) -> Backend:
        """The backend to compute on."""
        return get_backend(self.backend, self.precision)

    def __str__(self) -> str:
        return f"{self.solver_spelled} on {self.dataset_spelled}, sample {self.sample}, seed {self.seed}"


_FIELDS = tuple(field.name for field in dataclasses.fields(Cell))
_REQUIRED = frozenset(field.name for field in dataclasses.fields(Cell) if field.default is dataclasses.MISSING)
_built: dict[tuple[str, str, str], Any] = {}
_spellings: dict[tuple[str, str, str], str] = {}


def _build(kind: Kind, name: str, label: str, params: Mapping[str, object]) -> Any:
    if (kind, name, label) not in _built:
        _built[kind, name, label] = build_plugin(kind, name, dict(params))
    return _built[kind, name, label]


def _spelled(kind: Kind, name: str, label: str, params: Mapping[str, Scalar]) -> str:
    if (kind, name, label) not in _spellings:
        built = _build(kind, name, label, params)
        defaults = setting_defaults(type(built))
        changed = {key: value for key, value in built.params().items() if value != defaults[key]}
        _spellings[kind, name, label] = format_name(name, changed)
    return _spellings[kind, name, label]


@dataclass(frozen=True)
class Plugin:
    """A solver or dataset as a request names it: how to find it again in another process, and the thing itself."""

    reference: str
    built: Any

    @property
    def task(self) -> str:
        """The task it serves."""
        return cast("str", self.built.info.task)


def find_plugin(kind: Kind, request: object) -> Plugin:
    """Resolve ``"hio-er[beta=0.8]"``, ``"my_file.py:MySolver"``, or a solver or dataset object.

    Raises:
        UsageError: for what is unknown, of the wrong kind, or cannot be found again by a worker.
    """
    base = Solver if kind == "solver" else Dataset
    if isinstance(request, str):
        name = parse_name(request)[0]
        reference = _normal_reference(resolve_tuned(name)[0] if kind == "solver" else name)
        built = build_plugin(kind, request)
    elif isinstance(request, base):
        reference, built = _reference(kind, request), request
    else:
        raise UsageError(f"a {kind} is given by name or as a {base.__name__}, got {type(request).__name__}")
    if not isinstance(built, base):
        raise UsageError(f"{reference} is not a {kind}: it does not derive from prbench.core.{base.__name__}")
    return Plugin(reference, built)


def name_in_records(spelled: str) -> str:
    """A solver's or dataset's name as records spell it: a file by its path from the working folder, ``my_file.py:MySolver``."""
    name, bracket, settings = spelled.partition("[")
    return f"{_normal_reference(name)}{bracket}{settings}"


def _normal_reference(reference: str) -> str:
    """One spelling of a reference: a file in the working folder is named from there, another by its whole path."""
    module, colon, attribute = reference.rpartition(":")
    if not colon and is_reference(reference):
        return _from_here(reference)
    if not colon or not module.endswith(".py"):
        return reference
    return f"{_from_here(module)}:{attribute}"


def _from_here(name: str) -> str:
    path, here = Path(name).resolve(), Path.cwd().resolve()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def _reference(kind: Kind, built: Any) -> str:
    """How a worker will find the class of ``built``: by its registered name, or by its reference."""
    cls = type(built)
    if isinstance(built, ForeignSolver):
        return _normal_reference(cls.reference)
    try:
        if type(build_plugin(kind, cls.plugin_name)) is cls:
            return cast("str", cls.plugin_name)
    except UsageError:
        pass  # not registered under that name: its reference is tried
    if cls.__module__.startswith("_prbench_file_") and "." not in cls.__qualname__:
        return _normal_reference(f"{sys.modules[cls.__module__].__file__}:{cls.__name__}")
    if cls.__module__ == "__main__" or "." in cls.__qualname__:
        raise UsageError(
            f"a worker cannot import {cls.__qualname__} from {cls.__module__}; "
            f"put it into a file of its own and name it as my_file.py:{cls.__name__}"
        )
    return f"{cls.__module__}:{cls.__name__}"


def make_cell(
    solver: Plugin,
    dataset: Plugin,
    *,
    sample: int,
    seed: int,
    split: Split = "test",
    backend: str = "auto",
    precision: Precision = "single",
    time_limit_s: float | None = None,
    salt: str = "",
) -> Cell:
    """Resolve what the request leaves open.

    Raises:
        UsageError: where solver and dataset serve different tasks, or the solver cannot compute on the backend.
        DataNotFound: where a file that the dataset names is not there.
    """
    if solver.task != dataset.task:
        raise UsageError(f"{solver.reference} solves {solver.task} problems, {dataset.reference} has {dataset.task} ones")
    if time_limit_s is not None and not 0 < time_limit_s < math.inf:
        raise UsageError(f"time_limit_s must be a number of seconds above zero, got {time_limit_s}")
    resolved = choose_backend(solver.built, backend, precision)
    return Cell(
        solver=solver.reference,
        solver_params=solver.built.params(),
        dataset=dataset.reference,
        dataset_params=dataset.built.params(),
        task=solver.task,
        sample=sample,
        seed=seed,
        split=split,
        precision=precision,
        backend=resolved.name,
        device_class=_device_class(resolved),
        time_limit_s=None if time_limit_s is None else float(time_limit_s),
        inputs=_inputs(dataset.built, solver.built),
        salt=salt if split == "test" else "",
    )


@cache
def _device_class(resolved: Backend) -> str:
    return resolved.device_class


def _inputs(*plugins: Dataset | Solver[Any]) -> str:
    paths = [path for plugin in plugins for path in _present(plugin)]
    return digest(*(_checksum(path, Path(path).stat().st_mtime_ns) for path in paths)) if paths else ""


def _present(plugin: Dataset | Solver[Any]) -> tuple[str, ...]:
    for path in plugin.inputs:
        if not Path(path).is_file():
            raise DataNotFound(f"{plugin.plugin_name}: there is no file {path}")
    return plugin.inputs


@cache
def _checksum(path: str, mtime_ns: int) -> str:  # noqa: ARG001 - a file changed is a file to read again
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()
