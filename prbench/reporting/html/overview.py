"""What the page opens on: one row per board, and where there are too few samples for ranks or intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from prbench.analysis.overview import leaders
from prbench.analysis.paired import samples_needed
from prbench.reporting.values import number

from .columns import short

if TYPE_CHECKING:
    from prbench.analysis import Leaderboard
    from prbench.core import MetricInfo

INTERVALS_FROM = 6
"""Samples from which on a median has an interval (:mod:`prbench.analysis.statistics`)."""


def overview(boards: Sequence[Leaderboard], infos: dict[str, MetricInfo]) -> list[dict[str, Any]]:
    """One row per board: who is ahead, by what, on how many datasets, and what the board rests on."""
    return [_row(board, leader, infos) for board, leader in zip(boards, leaders(boards), strict=True)]


def _row(board: Leaderboard, leader: Any, infos: dict[str, MetricInfo]) -> dict[str, Any]:
    info = infos.get(leader.goal.metric)
    rows = board.rows
    return {
        "name": board.slug,
        "solver": leader.solver,
        "score": f"{number(leader.value)} {info.unit if info else ''}".rstrip(),
        "value": short(leader.value),
        "metric": info.header if info else leader.goal.metric,
        "meaning": info.meaning if info else "",
        "dataset": leader.dataset,
        "firsts": leader.firsts,
        "datasets": leader.datasets,
        "tied": leader.others,
        "solvers": int(rows["solver"].nunique()),
        "cells": int(rows["cells"].sum()),
        "failed": int(rows["failed"].sum()),
    }


def too_few(board: Leaderboard) -> list[str]:
    """Sentences for the banner of a board: datasets whose samples are too few for intervals, and for ranks to differ."""
    ranked = board.rows[board.rows["rank"].notna()]
    groups = ranked.groupby("dataset")["samples"].agg(["size", "max"])
    counts = [(int(solvers), int(samples)) for solvers, samples in groups.itertuples(index=False)]
    bare = sum(samples < INTERVALS_FROM for _, samples in counts)
    unranked = [(solvers, samples) for solvers, samples in counts if solvers > 1 and samples < samples_needed(solvers)]
    told = []
    if bare:
        told.append(f"{bare} of {_datasets(len(counts))} with fewer than {INTERVALS_FROM} samples: values instead of intervals.")
    if unranked:
        most = max(samples_needed(solvers) for solvers, _ in unranked)
        told.append(
            f"{len(unranked)} of {_datasets(len(counts))} with too few samples for ranks to differ: {most} samples suffice."
        )
    return told


def _datasets(count: int) -> str:
    return f"{count} dataset{'s' * (count != 1)}"
