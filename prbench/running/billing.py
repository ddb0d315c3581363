"""What a solve costs: the time on the clock, and the time beside it that a solver may take for the framework's questions.

The framework asks an iterative solver questions outside the clock: how many steps, whether it has finished, the misfit of an
iterate for the curve. A point of the curve may take the time of two steps, all questions a tenth of the solve besides, together
at most as long as the solve; a millisecond is free. What takes longer is on the bill, and the record says so. The same holds for
``prepare`` where its second call still takes time, and for what the process did that no clock of its own has seen.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

ASIDE_SHARE, POINT_STEPS, MOST_SHARE, FREE_S = 0.1, 2.0, 1.0, 1e-3
"""What questions may take off the clock: a share of the solve, steps per point of the curve, at most this share, and seconds.

The misfit of several starts at once takes one to two steps of honest solvers.
"""
GAP_RATIO, GAP_S = 2.5, 5e-3
"""Solves of one cell that differ by this factor and by this many seconds of processor time are no repeats of each other."""
_UNSEEN_SHARE, _UNSEEN_S, _UNSEEN_S_PER_BYTE = 0.15, 5e-3, 2e-8
"""What a process may do beside its solve without being asked: moving arrays, converting them, answering."""
_WAITING_RATIO, _WAITING_S = 1.5, 0.05


@dataclass(frozen=True)
class Spent:
    """Wall and processor time, seconds."""

    wall_s: float = 0.0
    processor_s: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.wall_s + other.wall_s, self.processor_s + other.processor_s)

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.wall_s - other.wall_s, self.processor_s - other.processor_s)


@dataclass(frozen=True)
class Times:
    """Where the time of one solve went.

    Attributes:
        clocked: between start and stop of the clock.
        asked: by the framework's questions.
        prepared: by ``prepare``.
        steps: steps done.
        points: points of the curve.
        outside: of the whole process, as another process has measured it; None where none has.
        moved_bytes: sizes of the arrays that were moved within ``outside``.
    """

    clocked: Spent
    asked: Spent = Spent()
    prepared: Spent = Spent()
    steps: int = 1
    points: int = 0
    outside: Spent | None = None
    moved_bytes: int = 0


def with_outside(times: Sequence[Times], outside: Spent, moved_bytes: int) -> list[Times]:
    """The times of solves that were measured from outside together: what no clock has seen is divided among them.

    Args:
        times: of the solves, by their own clocks.
        outside: of all of them.
        moved_bytes: sizes of the arrays that were moved within ``outside``.
    """
    count = len(times)
    seen = [one.clocked + one.asked + one.prepared for one in times]
    unseen = outside - sum(seen, Spent())
    share = Spent(unseen.wall_s / count, unseen.processor_s / count)
    return [
        dataclasses.replace(one, outside=its + share, moved_bytes=moved_bytes // count)
        for one, its in zip(times, seen, strict=True)
    ]


@dataclass(frozen=True)
class Bill:
    """What a solve is charged with, and why that differs from its clock."""

    spent: Spent
    notes: tuple[str, ...] = ()


def bill(times: Sequence[Times], *, on_processor: bool = True) -> Bill:
    """The bill of a cell from its solves of one measurement: their median wall time and their least processor time, which other
    load only adds to; or the dearest solve where they are no repeats.

    Args:
        times: of the solves, in order.
        on_processor: whether the solver computes on the processor, so that processor time tells its work.
    """
    notes: dict[str, str] = {}
    charged = [_charged(one, notes, on_processor=on_processor) for one in times]
    spent = Spent(statistics.median(one.wall_s for one in charged), min(one.processor_s for one in charged))
    works = [one.processor_s if on_processor else one.wall_s for one in charged]
    if max(works) > GAP_RATIO * min(works) and max(works) - min(works) > GAP_S:
        spent = charged[works.index(max(works))]
        notes["gap"] = f"solves of equal work took {min(works):.3g} to {max(works):.3g} s; the longest counts"
    prepared = min((one.prepared for one in times), key=lambda one: one.processor_s)
    late = _beyond(prepared, Spent(ASIDE_SHARE * spent.wall_s, ASIDE_SHARE * spent.processor_s))
    if late.wall_s:
        notes.setdefault("prepare", _on_the_bill("prepare", prepared, spent))
        spent = spent + late
    return Bill(spent, tuple(notes.values()))


def waiting(spent: Spent, threads: int) -> str:
    """A note where a solve on the processor took longer than its processor time explains; ``""`` where not."""
    if spent.wall_s > _WAITING_RATIO * spent.processor_s and spent.wall_s - spent.processor_s > _WAITING_S:
        return (
            f"wall time {spent.wall_s:.3g} s, processor time {spent.processor_s:.3g} s on {threads} threads: "
            "the machine was busy, or the solver waited"
        )
    return ""


def _charged(one: Times, notes: dict[str, str], *, on_processor: bool) -> Spent:
    """The time on the clock and what is beyond the shares."""
    spent = one.clocked
    allowed_share = min(MOST_SHARE, ASIDE_SHARE + (POINT_STEPS * one.points / one.steps if one.steps else 0.0))
    late = _beyond(one.asked, Spent(allowed_share * spent.wall_s, allowed_share * spent.processor_s))
    if late.wall_s > ASIDE_SHARE * spent.wall_s:
        notes.setdefault("asked", _on_the_bill("answers outside the clock", one.asked, spent))
    charged = spent + late
    if one.outside is None:
        return charged
    seen = spent + one.asked + one.prepared
    unseen = one.outside - seen
    moving = _UNSEEN_S + _UNSEEN_S_PER_BYTE * one.moved_bytes
    work, known = (unseen.processor_s, seen.processor_s) if on_processor else (unseen.wall_s, seen.wall_s)
    if work > moving + _UNSEEN_SHARE * known:
        notes.setdefault("unseen", _on_the_bill("work that the clock did not see", unseen, spent))
        return one.outside
    if on_processor and one.outside.processor_s > moving + GAP_RATIO * seen.wall_s * max(1, _busy_threads(one)):
        notes.setdefault("clock", "the clock did not run with the processor; the time from outside counts")
        return one.outside
    return charged


def _busy_threads(one: Times) -> int:
    return max(1, round(one.outside.processor_s / max(one.outside.wall_s, 1e-9))) if one.outside else 1


def _beyond(spent: Spent, allowed: Spent) -> Spent:
    return Spent(max(0.0, spent.wall_s - allowed.wall_s - FREE_S), max(0.0, spent.processor_s - allowed.processor_s - FREE_S))


def _on_the_bill(what: str, spent: Spent, solve: Spent) -> str:
    return f"{what} took {spent.wall_s:.3g} s beside {solve.wall_s:.3g} s on the clock, and is on the bill"
