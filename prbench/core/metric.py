"""Metrics: functions from a scoring case to a number, with what a reader must know attached."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from .problem import Problem
    from .reconstruction import Reconstruction

T = TypeVar("T")
Direction = Literal["lower", "higher"]
Needs = Literal["truth", "measurement", "held-out", "starts", "reference", "solve"]


@dataclass(frozen=True)
class MetricInfo:
    """What a column means.

    Attributes:
        name: the column.
        better: ``lower`` or ``higher``.
        unit: ``""`` where the number has none.
        range: the values possible, such as ``"[0, inf)"``.
        tasks: the tasks it applies to.
        needs: what must be there besides the reconstruction; ``solve`` where the number is not a score but a cost.
        removes: the symmetries it does not see.
        cite: source of the definition.
        definition: one sentence on what the number is.
        extra: the optional extra of prbench without which there is no number; ``""`` where none is needed.
    """

    name: str
    better: Direction
    unit: str = ""
    range: str = "[0, inf)"
    tasks: tuple[str, ...] = ()
    needs: Needs = "truth"
    removes: tuple[str, ...] = ()
    cite: str = ""
    definition: str = ""
    extra: str = ""


@dataclass(frozen=True, eq=False)
class Case:
    """One reconstruction to be scored, with what several metrics share computed once (see :meth:`shared`).

    Arrays are on the host, and the reconstruction's are finite: a diverged one is not scored.
    """

    reconstruction: Reconstruction
    problem: Problem

    @cached_property
    def _shared(self) -> dict[str, object]:
        return {}

    @cached_property
    def notes(self) -> dict[str, float | str]:
        """What a metric found out on its way and a reader of the record needs, such as the data range behind a PSNR."""
        return {}

    def shared(self, name: str, compute: Callable[[], T]) -> T:
        """The value of ``compute()``, computed on the first call under ``name`` only."""
        if name not in self._shared:
            self._shared[name] = compute()
        return self._shared[name]  # type: ignore[return-value]


@dataclass(frozen=True)
class Metric:
    """A scoring function with its description; call it with a :class:`Case`."""

    info: MetricInfo
    function: Callable[[Case], float]

    def __call__(self, case: Case) -> float:
        """The score, or NaN where it is not defined for this case.

        Raises:
            MissingDependency: where the metric needs an extra that is not installed.
        """
        return float(self.function(case))

    def applies(self, case: Case) -> bool:
        """Whether the case has what the metric needs."""
        problem = case.problem
        if problem.measurement.task not in self.info.tasks:
            return False
        return {
            "truth": problem.truth is not None,
            "measurement": True,
            "held-out": problem.held_out is not None,
            "starts": "starts" in case.reconstruction.aux,
            "reference": bool(problem.reference),
            "solve": False,
        }[self.info.needs]


def metric(
    name: str,
    *,
    better: Direction,
    tasks: tuple[str, ...],
    unit: str = "",
    range: str = "[0, inf)",  # noqa: A002 - the natural word
    needs: Needs = "truth",
    removes: tuple[str, ...] = (),
    cite: str = "",
    extra: str = "",
) -> Callable[[Callable[[Case], float]], Metric]:
    """Make a :class:`Metric` of a function of a :class:`Case`; its docstring's first paragraph is the definition."""

    def describe(function: Callable[[Case], float]) -> Metric:
        definition = " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())
        definition += f" Needs the extra {extra}: pip install -c constraints.txt -e '.[{extra}]'." if extra else ""
        return Metric(MetricInfo(name, better, unit, range, tasks, needs, removes, cite, definition, extra), function)

    return describe
