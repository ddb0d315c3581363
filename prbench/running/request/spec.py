"""Matrices: which solvers meet which datasets, in YAML or in Python, expanded to cells.

::

    name: noise
    time_limit_s: 60
    samples: 5                   # the first five; a range "10:20" or a list [0, 3, 7] also
    seeds: 2
    solvers: [hio, "hio-er[starts=8]"]
    datasets:
      - crystal2d
      - {dataset: "crystal2d[photons=100]", samples: 20}
    runs:                        # further blocks, which inherit what they do not say
      - {solvers: [raar], datasets: [cell2d], seeds: 1}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from prbench.core import Dataset, Solver, Split
from prbench.core.yaml_text import read_yaml
from prbench.errors import UsageError, one_line
from prbench.shipped import MATRICES

from .cell import Cell, Plugin, find_plugin, make_cell
from .cells import CellBlock, Cells

Indices = tuple[int, ...] | int
"""Numbers of samples or seeds: those listed, or the first so many."""

_MOST = 1_000_000
_MOST_CELLS = 10_000_000
_RANGE = re.compile(r"(\d{1,9})(?!:)|(\d{0,9}):(\d{1,9})")


def parse_indices(text: str) -> Indices:
    """Read ``5`` (the first five), ``3:10`` (3 to 9), ``0,3,7`` or a mixture such as ``0,5:8``; ``3,`` is number 3 alone.

    Raises:
        UsageError: for anything else.
    """
    wanted = "expected 5 (the first five), 3:10 (3 to 9) or a list such as 0,3,7"
    if text.strip().isdecimal():
        return _count(int(text))
    result: list[int] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _RANGE.fullmatch(part)
        if match is None:
            raise UsageError(f"{wanted}, got {one_line(text, 60)!r}")
        low, high = (int(match[1]), int(match[1]) + 1) if match[1] else (int(match[2] or 0), int(match[3]))
        if not low < high <= low + _MOST:
            raise UsageError(f"{wanted}, got {one_line(text, 60)!r}")
        result += range(low, high)
    if not result:
        raise UsageError(f"{wanted}, got nothing")
    return tuple(dict.fromkeys(result))


def as_indices(value: object) -> Indices:
    """The same from Python: a count, a string as on the command line, or numbers.

    Raises:
        UsageError: for anything else.
    """
    if isinstance(value, str):
        return parse_indices(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _count(value)
    if isinstance(value, Sequence) and value and all(isinstance(v, int) and v >= 0 for v in value):
        return tuple(dict.fromkeys(value))
    raise UsageError(f"expected a count, a range such as '3:10' or a list of numbers, got {one_line(value, 60)}")


def _count(value: int) -> int:
    if not 1 <= value <= _MOST:
        raise UsageError(f"a count must be from 1 to {_MOST}, got {value}")
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class DatasetEntry(_Strict):
    """A dataset in a matrix, with samples of its own where they differ."""

    dataset: Any
    samples: Any = None

    @field_validator("dataset")
    @classmethod
    def _is_dataset(cls, value: Any) -> Any:
        if not isinstance(value, str | Dataset):
            raise ValueError(f"expected the name of a dataset, got {type(value).__name__}")  # noqa: TRY004 - pydantic's way
        return value


class Block(_Strict):
    """Solvers and datasets, each with each where the tasks agree; what is None is inherited from the matrix."""

    solvers: tuple[Any, ...] = ()
    datasets: tuple[DatasetEntry, ...] = ()
    samples: Any = None
    seeds: Any = None
    split: Split | None = None
    backend: Literal["auto", "numpy", "torch", "torch:cuda", "cupy"] | None = None
    precision: Literal["single", "double"] | None = None
    time_limit_s: float | None = Field(default=None, gt=0)

    @field_validator("solvers", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str | Solver) else value

    @field_validator("solvers")
    @classmethod
    def _are_solvers(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        for item in value:
            if not isinstance(item, str | Solver):
                raise ValueError(f"expected names of solvers, got {type(item).__name__}")  # noqa: TRY004 - pydantic's way
        return value

    @field_validator("datasets", mode="before")
    @classmethod
    def _entries(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            value = [value]
        return [{"dataset": item} if isinstance(item, str | Dataset) else item for item in value]

    @field_validator("samples", "seeds")
    @classmethod
    def _indices(cls, value: Any) -> Any:
        try:
            return None if value is None else as_indices(value)
        except UsageError as error:
            raise ValueError(str(error)) from error


class Matrix(Block):
    """A named set of cells: one block, and further ones under ``runs`` that inherit its options.

    Defaults: one sample, seed 0, the test split, backend ``auto``, single precision, no time limit.
    """

    name: str = "matrix"
    description: str = ""
    runs: tuple[Block, ...] = ()

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a YAML file.

        Raises:
            UsageError: one line naming the file, the key and what was expected.
        """
        file = Path(path)
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file} cannot be read: {one_line(error)}; built in are: {', '.join(builtin_names())}") from error
        return cls.parse(text, str(file), file.stem)

    @classmethod
    def builtin(cls, name: str) -> Self:
        """Read one of the matrices that come with prbench.

        Raises:
            UsageError: for an unknown name.
        """
        if name not in builtin_names():
            raise UsageError(f"there is no built-in matrix {name!r}; there are: {', '.join(builtin_names())}")
        return cls.parse(_builtin()[name].read_text(encoding="utf-8"), f"{name}.yaml", name)

    @classmethod
    def parse(cls, text: str, where: str, name: str = "matrix") -> Self:
        """Read YAML text; ``where`` names it in messages, ``name`` is the matrix's where it has none of its own."""
        data = read_yaml(text, where)
        if not isinstance(data, dict):
            raise UsageError(f"{where}: a matrix is a mapping with solvers and datasets, got {type(data).__name__}")
        return cls.of(where, **{"name": name, **{str(key): value for key, value in data.items()}})

    @classmethod
    def of(cls, where: str, /, **data: Any) -> Self:
        """Make a matrix from keyword arguments; ``where`` begins every message.

        Raises:
            UsageError: one line naming the key and what was expected.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(str(part) for part in first["loc"])
            known = f"; known keys are: {', '.join(cls.model_fields)}" if first["type"] == "extra_forbidden" else ""
            raise UsageError(f"{where}: {key}: {one_line(first['msg'].removeprefix('Value error, '))}{known}") from error

    def cells(self) -> list[Cell]:
        """As :meth:`expand`, in a list."""
        return list(self.expand())

    def expand(self, salt: str = "") -> Cells:
        """All cells: for each dataset, sample and seed every solver of its task; none twice; each made when asked for.

        ``salt`` is the digest of the salt with which test problems are drawn, ``""`` where they are drawn without.

        Raises:
            UsageError: where nothing pairs, a name or sample is unknown, or a solver cannot compute on the backend.
        """
        blocks = [block for block in (self, *self.runs) if block.solvers or block.datasets or block is not self]
        if not blocks:
            raise UsageError(f"{self.name}: there are no solvers and no datasets; a matrix needs both")
        parts = [part for block in blocks for part in self._expand(block, salt)]
        if (count := sum(map(len, parts))) > _MOST_CELLS:
            raise UsageError(f"{self.name}: {count} cells, at most {_MOST_CELLS} make a matrix; divide it")
        return Cells(parts)

    def _expand(self, block: Block, salt: str) -> Iterator[CellBlock]:
        for kind in ("solvers", "datasets"):
            if not getattr(block, kind):
                raise UsageError(f"{self.name}: a block names no {kind}")
        solvers = [self._find("solver", solver) for solver in block.solvers]
        datasets = [(self._find("dataset", entry.dataset), entry) for entry in block.datasets]
        for solver in solvers:
            if all(solver.task != dataset.task for dataset, _ in datasets):
                tasks = ", ".join(sorted({dataset.task for dataset, _ in datasets}))
                raise UsageError(f"{self.name}: {solver.reference} solves {solver.task} problems, the datasets have {tasks} ones")
        for dataset, entry in datasets:
            paired = [solver for solver in solvers if solver.task == dataset.task]
            if not paired:
                raise UsageError(f"{self.name}: no solver given is for {dataset.reference}, whose task is {dataset.task}")
            request = as_indices(entry.samples) if entry.samples is not None else self._option(block, "samples", 1)
            cells = [self._cell(block, solver, dataset, salt) for solver in paired]
            yield CellBlock(cells, self._samples(dataset, request), _numbers(self._option(block, "seeds", 1)))

    def _cell(self, block: Block, solver: Plugin, dataset: Plugin, salt: str) -> Cell:
        return make_cell(
            solver,
            dataset,
            sample=0,
            seed=0,
            split=self._option(block, "split", "test"),
            backend=self._option(block, "backend", "auto"),
            precision=self._option(block, "precision", "single"),
            time_limit_s=self._option(block, "time_limit_s", None),
            salt=salt,
        )

    def _find(self, kind: Literal["solver", "dataset"], request: object) -> Plugin:
        try:
            return find_plugin(kind, request)
        except UsageError as error:
            raise type(error)(f"{self.name}: {error}") from error

    def _samples(self, dataset: Plugin, request: Indices) -> Sequence[int]:
        """A count takes what there is; a sample named must exist."""
        there = dataset.built.samples
        if isinstance(request, int):
            return _numbers(request if there is None else min(request, there))
        if there is not None and max(request) >= there:
            raise UsageError(f"{self.name}: {dataset.reference} has samples 0 to {there - 1}, asked for {max(request)}")
        return request

    def _option(self, block: Block, name: str, default: Any) -> Any:
        return next((value for value in (getattr(block, name), getattr(self, name)) if value is not None), default)


def _numbers(request: Indices) -> Sequence[int]:
    return range(request) if isinstance(request, int) else request


def _builtin() -> dict[str, Any]:
    """The files of the matrices that come with prbench, by name: its own, and those of stored results."""
    homes = (MATRICES, resources.files("prbench.running") / "matrices")
    return {entry.name.removesuffix(".yaml"): entry for home in homes for entry in home.iterdir() if entry.name.endswith(".yaml")}


def builtin_names() -> list[str]:
    """The matrices that come with prbench."""
    return sorted(_builtin())
