"""Learned solvers whose network is found by a search: what ``prbench search`` asks of them."""

from __future__ import annotations

import json
import sys
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from prbench.errors import BadInput, MissingWeights, one_line

from .learned import LearnedSolver
from .recipe import Recipe
from .solver import M

if TYPE_CHECKING:
    import torch
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class SearchableSolver(LearnedSolver[M]):
    """Base of learned solvers whose network's structure can be searched by gradient descent.

    A search trains the network of :meth:`searching`, which holds every structure there is, by ``search_recipe``. The hooks
    ``objective``, ``parameter_groups``, ``after_step`` and ``observations`` make it settle for one, which :meth:`structure` reads
    off. A network of that structure is then trained from the beginning.

    The structure that comes with the package lies in a folder ``structures`` beside the solver's file, ``<name>.json``.
    """

    search_recipe: ClassVar[Recipe]

    @abstractmethod
    def searching(self) -> Self:
        """The solver with the settings under which :meth:`network` is the one that a search trains."""

    @abstractmethod
    def structure(self, network: torch.nn.Module) -> dict[str, Any]:
        """What a search has come to, in plain values: the content of the file that it writes."""

    @abstractmethod
    def draw_structure(self, structure: Mapping[str, Any], figure: Figure) -> None:
        """Draw what :meth:`structure` gave on an empty figure."""

    @classmethod
    def shipped_files(cls) -> tuple[Path, ...]:
        """Weights, and the structure that was found."""
        return super().shipped_files() + tuple(path for path in (cls._shipped_structure(),) if path.is_file())

    @classmethod
    def found_structure(cls, name: str | None = None) -> Any:
        """The structure that comes with this solver, or with another one beside it.

        Raises:
            MissingWeights: where none does; the message names the command that finds one.
        """
        path = cls._shipped_structure(name)
        if not path.is_file():
            raise MissingWeights(
                f"{path.stem} comes without a structure; `prbench search {path.stem} --out FOLDER` finds one, "
                "which its settings then name as a file"
            )
        return read_structure(str(path))

    @classmethod
    def _shipped_structure(cls, name: str | None = None) -> Path:
        return Path(str(sys.modules[cls.__module__].__file__)).parent / "structures" / f"{name or cls.plugin_name}.json"


def read_structure(name: str) -> Any:
    """The plain values of a JSON file that ``prbench search`` has written, or the array of a ``.npy`` file.

    Raises:
        BadInput: where the file is not there or neither of both.
    """
    path = Path(name)
    try:
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False)
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"there is no structure and no file {name}; `prbench search` writes such files") from error
    except (ValueError, OSError) as error:
        raise BadInput(f"{name} holds no structure: {one_line(error, 120)}") from error
