"""One line per board: who is ahead, by which number, and who cannot be told apart from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .goals import Goal
from .leaderboard import Leaderboard


@dataclass(frozen=True)
class Leader:
    """Who is ahead in one task.

    Attributes:
        task: the task.
        title: the board's: the task, and its conditions where the task has several boards.
        solver: the solver that is first on most datasets; of several the one with the first name.
        firsts: datasets on which it is first.
        datasets: all datasets of the board.
        dataset: the first of those on which it is first; the next two members are of it.
        goal: what ranks there.
        value: the solver's median.
        others: further solvers there that the paired tests leave the first rank.
    """

    task: str
    title: str
    solver: str
    firsts: int
    datasets: int
    dataset: str
    goal: Goal
    value: float
    others: int


def leaders(boards: Sequence[Leaderboard]) -> list[Leader]:
    """The leader of each board."""
    return [_leader(board) for board in boards]


def _leader(board: Leaderboard) -> Leader:
    first = board.rows[board.rows["rank"] == 1]
    counts = Counter(map(str, first["solver"]))
    solver = min(counts, key=lambda name: (-counts[name], name))
    mine = first[first["solver"] == solver].iloc[0]
    dataset = str(mine["dataset"])
    beside = board.rows[(board.rows["dataset"] == dataset) & (board.rows["solver"] != solver)]
    return Leader(
        board.task,
        board.title,
        solver,
        counts[solver],
        len(board.goals),
        dataset,
        board.goals[dataset],
        float(mine["median"]),
        int((beside["rank_low"] == 1).sum()),
    )
