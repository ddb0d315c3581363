"""The page's gallery: for one sample of each dataset the truth, every solver's reconstruction and its error, on one scale."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from prbench.analysis import Leaderboard
from prbench.errors import PrbenchError, one_line
from prbench.reporting.panels import Plane, View, strip, views, wheel
from prbench.reporting.selection import pictured_rows
from prbench.reporting.variations import natural

from .columns import short

if TYPE_CHECKING:
    from prbench.running.store.results import ResultSet

MOST_SOLVERS = 12
"""Solvers shown of one dataset, the best first."""


def gallery(results: ResultSet, boards: list[Leaderboard], most: int) -> dict[str, Any]:
    """Pictures by task.

    Args:
        results: with stored reconstructions.
        boards: which solvers come first, and by what.
        most: reconstructions shown in all; datasets share them evenly, by their names.

    Returns:
        for each board ``keys`` (the colour maps met, as images) and ``datasets``, a list; see :func:`_of_dataset`.
    """
    shown = [(board, dataset) for board in boards for dataset in sorted(board.goals, key=natural)]
    estimate: dict[str, Any] = {}
    left = most
    for number, (board, dataset) in enumerate(shown):
        share = min(MOST_SOLVERS, -(-left // (len(shown) - number)))
        if share < 1:
            break
        entry = _of_dataset(results, board, dataset, share)
        if entry is not None:
            left -= len(entry["solvers"])
            estimate.setdefault(board.slug, []).append(entry)
    return {task: {"keys": _keys(entries), "datasets": entries} for task, entries in estimate.items()}


def _of_dataset(results: ResultSet, board: Leaderboard, dataset: str, most: int) -> dict[str, Any] | None:
    """One sample of a dataset, or None where nothing is stored of it.

    Returns:
        ``dataset, sample, seed, metric``; ``solvers``, each with ``solver, seed, score``; ``views``, each with the members of
        :class:`~prbench.reporting.panels.View`, images as data URIs; or ``problem``, why it could not be made again.
    """
    rows = pictured_rows(results, board, dataset, most)
    if not rows:
        return None
    metric = board.goals[dataset].metric
    solvers = [{"solver": row["solver"], "seed": int(row["seed"]), "score": short(row.get(metric))} for row, _ in rows]
    entry = {"dataset": dataset, "sample": int(rows[0][0]["sample"]), "metric": metric, "solvers": solvers, "views": []}
    try:
        problem = results.problem(rows[0][0]["key"])
    except PrbenchError as error:
        return entry | {"problem": one_line(error, 300)}
    return entry | {"views": [_plain(view) for view in views(problem, [estimate for _, estimate in rows])]}


def _plain(view: View) -> dict[str, Any]:
    return {
        "name": view.name,
        "kind": view.kind,
        "colours": view.colours,
        "unit": view.unit,
        "plane": view.plane,
        "low": short(view.low),
        "high": short(view.high),
        "error_colours": view.error_colours,
        "error_low": short(view.error_low),
        "error_high": short(view.error_high),
        "truth": _uri(view.truth),
        "answers": [_uri(plane) for plane in view.estimate],
        "errors": [_uri(plane) for plane in view.errors],
    }


def _keys(entries: list[dict[str, Any]]) -> dict[str, str | None]:
    maps = {view[key] for entry in entries for view in entry["views"] for key in ("colours", "error_colours")} - {""}
    return {"wheel": _uri(wheel()), **{name: _uri(strip(name)) for name in sorted(maps)}}


def _uri(plane: Plane | None) -> str | None:
    return None if plane is None else f"data:image/png;base64,{base64.b64encode(plane.png()).decode()}"
