"""From the words of a command line to a matrix."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from prbench.errors import UsageError

if TYPE_CHECKING:
    from prbench.running.request.spec import Block, Matrix

DEFAULT = "quick"
CUSTOM = "custom"


def requested_matrix(
    matrix: str | None,
    solvers: tuple[str, ...],
    datasets: tuple[str, ...],
    *,
    samples: str | None = None,
    seeds: str | None = None,
    seed: int | None = None,
    **options: str | float | None,
) -> Matrix:
    """The matrix that a command line asks for.

    Args:
        matrix: a YAML file or the name of a built-in matrix; the built-in ``quick`` where None, unless solvers and datasets are
            both named.
        solvers: names, or lists of them with commas, in place of the matrix's. Where no datasets are named, those stay that have
            a task in common.
        datasets: in the same way.
        samples: as :func:`prbench.running.request.spec.parse_indices` reads them; in place of the matrix's, as all below.
        seeds: in the same way.
        seed: the only seed.
        options: ``split``, ``backend``, ``precision`` and ``time_limit_s`` in place of the matrix's.

    Raises:
        UsageError: for what cannot be understood or does not fit together.
    """
    from prbench.core import split_names
    from prbench.running.request.spec import Matrix, builtin_names, parse_indices

    if seed is not None and seeds is not None:
        raise UsageError("--seed and --seeds were both given; --seed 7 is the seed 7, --seeds 7 the seeds 0 to 6")
    named_solvers = [name for text in solvers for name in split_names(text)]
    named_datasets = [name for text in datasets for name in split_names(text)]
    if matrix is None and named_solvers and named_datasets:
        base = Matrix(name=CUSTOM)
    else:
        chosen = matrix or DEFAULT
        base = Matrix.builtin(chosen) if chosen in builtin_names() and not Path(chosen).is_file() else Matrix.read(chosen)
    if named_solvers or named_datasets:
        base = _replaced(base, named_solvers, named_datasets)
    replaced: dict[str, Any] = {
        "samples": None if samples is None else parse_indices(samples),
        "seeds": (seed,) if seed is not None else None if seeds is None else parse_indices(seeds),
        **options,
    }
    return _everywhere(base, {name: value for name, value in replaced.items() if value is not None})


def _replaced(base: Matrix, solvers: list[str], datasets: list[str]) -> Matrix:
    """One block with the named solvers or datasets and, of the other kind, those of the matrix that share a task."""
    from prbench.running.request.spec import Matrix

    blocks = (base, *base.runs)
    kept_solvers = [solver for block in blocks for solver in block.solvers]
    kept_datasets = [entry for block in blocks for entry in block.datasets]
    if not solvers:
        tasks = _tasks("dataset", datasets)
        solvers = [solver for solver in kept_solvers if _tasks("solver", [solver]) & tasks]
    entries: list[Any] = list(datasets)
    if not datasets:
        tasks = _tasks("solver", solvers)
        entries = [entry for entry in kept_datasets if _tasks("dataset", [entry.dataset]) & tasks]
    unique = list(dict.fromkeys(solvers))
    matrix = Matrix.of("command line", name=CUSTOM if datasets else base.name, solvers=unique, datasets=entries)
    options = ("samples", "seeds", "split", "backend", "precision", "time_limit_s")
    return matrix.model_copy(update={name: getattr(base, name) for name in options})


def _tasks(kind: Literal["solver", "dataset"], names: list[Any]) -> set[str]:
    from prbench.running.request.cell import find_plugin

    return {find_plugin(kind, name).task for name in names}


def _everywhere(matrix: Matrix, options: dict[str, Any]) -> Matrix:
    """The matrix with options that hold in every block, and for every dataset."""
    if not options:
        return matrix

    def changed(block: Block) -> dict[str, Any]:
        entries = block.datasets
        if "samples" in options:
            entries = tuple(entry.model_copy(update={"samples": None}) for entry in entries)
        return {**options, "datasets": entries}

    runs = tuple(block.model_copy(update=changed(block)) for block in matrix.runs)
    return matrix.model_copy(update={**changed(matrix), "runs": runs})
