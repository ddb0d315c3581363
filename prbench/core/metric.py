"""Metrics: functions from a scoring case to a number, with what a reader must know attached.

One rule for NaN. A score is NaN where the metric applies but this case leaves it undefined: the answer lacks what is judged, the
truth gives no scale, or there is too little of it. The case's notes then say why under the metric's name
(:meth:`Case.undefined`), or at least that it is not defined, and a leaderboard that ranks by the metric counts the cell as worst.
An answer that is merely bad, such as a flat image, gets a number, and never NaN.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from prbench.errors import UsageError

if TYPE_CHECKING:
    from .measurement import Measurement
    from .problem import Problem
    from .reconstruction import Reconstruction

T = TypeVar("T")
Direction = Literal["lower", "higher"]
Needs = Literal["truth", "measurement", "held-out", "starts", "reference", "solve"]


UNLISTED = 1000
"""Priority on a board of a metric that declares none: after all that do."""

_FORMER = {"place": "priority"}
"""Names that values of a description had in stored results, and those that they have."""


@dataclass(frozen=True)
class MetricInfo:
    """What a column means.

    Attributes:
        name: of the metric, and of its column in records.
        better: ``lower`` or ``higher``.
        unit: ``""`` where the number has none.
        range: the values possible, such as ``"[0, inf)"``.
        answers: the kinds of answer it judges (:attr:`~prbench.core.TaskInfo.answer`).
        measurement: the class of the measurements it needs; any measurement where None.
        needs: what must be there besides the reconstruction; ``solve`` where the number is not a score but a cost. What else a
            metric asks of a case, such as a known noise, it says by :attr:`Metric.where`.
        removes: the symmetries it does not see.
        cite: source of the definition.
        definition: one sentence on what the number is.
        header: of its column on boards, a word or two.
        meaning: of its column, a short phrase for the legend under a board.
        priority: on boards, smaller first; None where the column is shown on request only.
        smallest: the smallest difference worth naming, in the metric's unit; smaller ones are called equal.
    """

    name: str
    better: Direction
    unit: str = ""
    range: str = "[0, inf)"
    answers: tuple[str, ...] = ()
    measurement: type[Measurement] | None = None
    needs: Needs = "truth"
    removes: tuple[str, ...] = ()
    cite: str = ""
    definition: str = ""
    header: str = ""
    meaning: str = ""
    priority: int | None = UNLISTED
    smallest: float = 0.0

    def judges(self, answer: str, measurement: type[Measurement]) -> bool:
        """Whether it applies to a kind of answer to measurements of a class."""
        suits = self.measurement is None or issubclass(measurement, self.measurement)
        return self.needs != "solve" and answer in self.answers and suits

    def plain(self) -> dict[str, Any]:
        """The description as JSON holds it; the class of measurements is left out."""
        return {f.name: _listed(getattr(self, f.name)) for f in dataclasses.fields(self) if f.name != "measurement"}

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`plain`; the former names of its values are read too.

        Raises:
            UsageError: for data that are not a description.
        """
        try:
            values: dict[str, Any] = {_FORMER.get(name, name): _hashable(value) for name, value in data.items()}
            return cls(**values)
        except TypeError as error:
            raise UsageError(f"not the description of a metric: {error}") from error

    def rank(self) -> tuple[int, str]:
        """The order of boards: by priority, then by name; what is shown on request only comes last."""
        return (2 * UNLISTED if self.priority is None else self.priority, self.name)


@dataclass(frozen=True, eq=False)
class Case:
    """One reconstruction to be scored, with what several metrics share computed once (see :meth:`shared`).

    Arrays are on the host, and the reconstruction's are finite: a diverged one is not scored. ``assumes`` is what the solver took
    to be true of the object, as :attr:`Solver.assumes <prbench.core.Solver.assumes>` says.
    """

    reconstruction: Reconstruction
    problem: Problem
    assumes: tuple[str, ...] = ()

    @cached_property
    def _shared(self) -> dict[str, object]:
        return {}

    @cached_property
    def notes(self) -> dict[str, float | str]:
        """What a metric found out on its way and a reader of the record needs, such as the data range behind a PSNR."""
        return {}

    def undefined(self, name: str, reason: str) -> float:
        """NaN, with the reason noted under the name of the metric that is not defined for this case."""
        self.notes[name] = reason
        return math.nan

    def defined(self, name: str, score: float, otherwise: str) -> float:
        """A score, with ``otherwise`` noted as the reason where it is NaN; see :meth:`undefined`."""
        return self.undefined(name, otherwise) if math.isnan(score) else score

    def shared(self, name: str, compute: Callable[[], T]) -> T:
        """The value of ``compute()``, computed on the first call under ``name`` only."""
        if name not in self._shared:
            self._shared[name] = compute()
        return self._shared[name]  # type: ignore[return-value]


@dataclass(frozen=True)
class Metric:
    """A scoring function with its description; call it with a :class:`Case`.

    Attributes:
        info: the description.
        function: from a case to a number.
        where: whether the metric applies to a case that has what ``info`` names; to all of them where None.
    """

    info: MetricInfo
    function: Callable[[Case], float]
    where: Callable[[Case], bool] | None = None

    def __call__(self, case: Case) -> float:
        """The score, or NaN where it is not defined for this case, which the case's notes then say under the metric's name.

        Raises:
            MissingDependency: where the metric needs an extra that is not installed.
        """
        score = float(self.function(case))
        if math.isnan(score) and self.info.name not in case.notes:
            return case.undefined(self.info.name, "not defined for this case")
        return score

    def applies(self, case: Case, answer: str) -> bool:
        """Whether the case, whose task has this kind of answer, is one that the metric judges and has what the metric needs."""
        problem = case.problem
        if not self.info.judges(answer, type(problem.measurement)):
            return False
        there = {
            "truth": problem.truth is not None,
            "measurement": True,
            "held-out": problem.held_out is not None,
            "starts": "starts" in case.reconstruction.aux,
            "reference": bool(problem.reference),
            "solve": False,
        }
        return there[self.info.needs] and (self.where is None or self.where(case))


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def metric(
    name: str,
    *,
    better: Direction,
    answers: tuple[str, ...],
    header: str,
    meaning: str,
    measurement: type[Measurement] | None = None,
    unit: str = "",
    range: str = "[0, inf)",  # noqa: A002 - the natural word
    needs: Needs = "truth",
    where: Callable[[Case], bool] | None = None,
    removes: tuple[str, ...] = (),
    cite: str = "",
    priority: int | None = UNLISTED,
    smallest: float = 0.0,
) -> Callable[[Callable[[Case], float]], Metric]:
    """Make a :class:`Metric` of a function of a :class:`Case`; its docstring's first paragraph is the definition.

    The arguments are those of :class:`MetricInfo`, and ``where`` of :class:`Metric`.
    """

    def describe(function: Callable[[Case], float]) -> Metric:
        definition = " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())
        info = MetricInfo(
            name, better, unit, range, answers, measurement, needs, removes, cite, definition, header, meaning, priority, smallest
        )
        return Metric(info, function, where)

    return describe
