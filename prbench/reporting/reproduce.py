"""From records back to the matrix that makes them: what a reader runs to have the same cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prbench.running.store.record import Record

Options = tuple[tuple[str, Any], ...]
Coverage = tuple[tuple[str, tuple[int, ...]], ...]

_OPTIONS = ("split", "backend", "precision", "time_limit_s")


def matrix_yaml(records: Iterable[Record], name: str) -> str:
    """A matrix in YAML that holds every cell of ``records``.

    Solvers that met the same datasets, samples and seeds under the same options share a block. Where the cells of a solver and
    a dataset do not fill a rectangle of samples and seeds, as after an interrupted run, the matrix has the whole rectangle.
    """
    import yaml

    blocks = _blocks(records)
    common = _common([options for options, _, _, _ in blocks])
    runs = []
    for options, seeds, coverage, solvers in blocks:
        samples = {of for _, of in coverage}
        run: dict[str, Any] = {"solvers": sorted(solvers)}
        if len(samples) == 1:
            run |= {"datasets": [dataset for dataset, _ in coverage], "samples": _indices(samples.pop())}
        else:
            run["datasets"] = [{"dataset": dataset, "samples": _indices(of)} for dataset, of in coverage]
        run["seeds"] = _indices(seeds)
        run |= {key: value for key, value in options if key not in common and value is not None}
        runs.append(run)
    data = {"name": name, **{key: value for key, value in common.items() if value is not None}, "runs": runs}
    return str(yaml.safe_dump(data, sort_keys=False, width=120, allow_unicode=True, default_flow_style=False))


def _blocks(records: Iterable[Record]) -> list[tuple[Options, tuple[int, ...], Coverage, list[str]]]:
    """Options, seeds, the samples of each dataset, and the solvers that share all these."""
    met: dict[tuple[Options, str], dict[str, tuple[set[int], set[int]]]] = defaultdict(
        lambda: defaultdict(lambda: (set(), set()))
    )
    for record in records:
        cell = record.cell
        options = tuple((option, getattr(cell, option)) for option in _OPTIONS)
        samples, seeds = met[options, record.solver][record.dataset]
        samples.add(cell.sample)
        seeds.add(cell.seed)
    shared: dict[tuple[Options, tuple[int, ...], Coverage], list[str]] = defaultdict(list)
    for (options, solver), datasets in met.items():
        by_seeds: dict[tuple[int, ...], list[tuple[str, tuple[int, ...]]]] = defaultdict(list)
        for dataset, (samples, seeds) in datasets.items():
            by_seeds[tuple(sorted(seeds))].append((dataset, tuple(sorted(samples))))
        for seeds_met, coverage in by_seeds.items():
            shared[options, seeds_met, tuple(sorted(coverage))].append(solver)
    return sorted(((*key, solvers) for key, solvers in shared.items()), key=repr)


def _common(options: Sequence[Options]) -> dict[str, Any]:
    """The options that all blocks agree on."""
    first = dict(options[0]) if options else {}
    return {key: value for key, value in first.items() if all(dict(other)[key] == value for other in options)}


def _indices(result: tuple[int, ...]) -> int | str | list[int]:
    """As a matrix spells them: a count, a range, or a list."""
    if result == tuple(range(len(result))):
        return len(result)
    if len(result) > 1 and result == tuple(range(result[0], result[-1] + 1)):
        return f"{result[0]}:{result[-1] + 1}"
    return list(result)
