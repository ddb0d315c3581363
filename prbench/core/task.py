"""Tasks: what kind of problem a measurement poses, what answers it, and how answers are judged, drawn and exported.

A task is declared once and found through the entry-point group ``prbench.tasks``, or in the file of the solver or dataset that
needs it. Nothing else names it: boards, figures, exports and suggestions of the command line read its declaration.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from prbench.errors import UsageError

from .metric import Metric, MetricInfo
from .reconstruction import FIELDS

if TYPE_CHECKING:
    from .conformance import Conformance
    from .measurement import Measurement
    from .problem import Problem
    from .reconstruction import Reconstruction

_NAME_LENGTH = 40

SYMMETRIES = ("phase", "shift", "flip", "offset")
"""Ambiguities that a task may leave open: global phase, translation, conjugate flip, a constant added to a real map."""


def is_task_name(name: object) -> bool:
    """Whether a value can name a task: lower-case letters, digits and hyphens, so that it can stand in the names of files."""
    return isinstance(name, str) and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) is not None and len(name) <= _NAME_LENGTH


@dataclass(frozen=True)
class Goal:
    """A metric that can decide a ranking.

    Attributes:
        metric: its name.
        better: ``lower`` or ``higher``, as the metric declares.
        success: the value from which on a reconstruction is a success, or None where there is no such value.
        reason: why that value, in one sentence; stated wherever there is a value.
        found: name of the metric, 1 or 0, that says of each record whether it is a success, where that depends on its problem;
            ``success`` then counts for records without it alone.
        exact: a value well beyond success; boards show the share of the cells that reach it, where some do.
        bounds: names of metrics that are numbers of the problem and bound the score; figures draw them.
    """

    metric: str
    better: Literal["lower", "higher"] = "lower"
    success: float | None = None
    reason: str = ""
    found: str = ""
    exact: float | None = None
    bounds: tuple[str, ...] = ()

    @property
    def threshold(self) -> float | None:
        """The value that tells a success from a failure in every problem; None where there is none, or it is the problem's."""
        return None if self.found else self.success

    @property
    def worst(self) -> float:
        """What a cell without a score counts as."""
        return float("inf") if self.better == "lower" else float("-inf")


@dataclass(frozen=True)
class Map:
    """One real-valued map of a reconstruction, and how it is drawn. All colours can be told apart by the colour-blind.

    Attributes:
        field: of :class:`~prbench.core.Reconstruction`.
        label: above its panels.
        unit: at its colour bar.
        colours: a colour map of matplotlib.
        component: of a field of vectors.
        signed: whether zero is the middle of the colours.
        free_offset: whether the task leaves a constant open; then the mean over the region is removed.
    """

    field: str
    label: str
    unit: str = ""
    colours: str = "gray"
    component: int | None = None
    signed: bool = False
    free_offset: bool = False


PHASE = Map("phase", "phase", "rad", "viridis", free_offset=True)
"""A phase in radians, known up to a constant."""


@dataclass(frozen=True)
class Panel:
    """The array of a measurement that is drawn beside reconstructions without truth.

    Attributes:
        field: the measurement's attribute; of a stack the first image is drawn.
        label: above the panel.
        scale: ``log`` for intensities over many decades, else ``linear``.
    """

    field: str
    label: str
    scale: Literal["linear", "log"] = "linear"


@dataclass(frozen=True)
class Export:
    """How a reconstruction of measured data is handed to other programs.

    Attributes:
        folder: below the results' folder.
        suffix: of the file; empty where each reconstruction becomes a folder.
        write: called with the path, the problem, the reconstruction, its finite scores by name and the solver's spelled name.
    """

    folder: str
    suffix: str
    write: Callable[[Path, Problem, Reconstruction, Mapping[str, float], str], object]


@dataclass(frozen=True, kw_only=True)
class TaskInfo:
    """What reading results needs to know about a task; plain values only, so that a results folder can hold it.

    Attributes:
        name: as users type it.
        answer: the kind of answer, such as ``complex object``; metrics say which kinds they judge.
        symmetries: ambiguities that the measurement leaves open, among :data:`SYMMETRIES`; metrics remove them.
        goals: metrics that can decide a ranking, in order of preference: the first needs the truth, the last the
            measurement alone; between them may stand what needs more than that, such as pixels held out.
        maps: the real-valued maps drawn, from top to bottom; empty where the answer is a complex object.
        panel: the measured image drawn where there is no truth.
        solvers: names of solvers that the command line suggests to compare with.
        dataset: name of the dataset that reads a user's own files; empty where there is none.
        rim_px: width of the frame's rim that scores leave out where the dataset names no region.
    """

    name: str
    answer: str
    symmetries: tuple[str, ...]
    goals: tuple[Goal, ...]
    maps: tuple[Map, ...]
    panel: Panel
    solvers: tuple[str, ...]
    dataset: str
    rim_px: int = 0

    def __post_init__(self) -> None:
        """Refuse a declaration that would fail later.

        Raises:
            UsageError: naming the member and what was expected.
        """
        where = f"task {self.name!r}"
        if not is_task_name(self.name):
            raise UsageError(f"{where}: name must be lower-case letters, digits and hyphens")
        if not self.answer:
            raise UsageError(f"{where}: answer must name the kind of answer, such as 'complex object'")
        unknown = [name for name in self.symmetries if name not in SYMMETRIES]
        if unknown:
            raise UsageError(f"{where}: symmetries must be among {', '.join(SYMMETRIES)}, got {unknown[0]!r}")
        if not self.goals:
            raise UsageError(f"{where}: goals must name at least one metric that ranks solvers")
        for goal in self.goals:
            if goal.success is not None and not goal.reason:
                raise UsageError(f"{where}: the goal {goal.metric} has a success value and no reason for it")
        for kind in self.maps:
            if kind.field not in FIELDS:
                raise UsageError(f"{where}: maps must be fields of Reconstruction ({', '.join(FIELDS)}), got {kind.field!r}")

    def plain(self) -> dict[str, Any]:
        """The declaration as JSON holds it."""
        return {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(TaskInfo)}

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`plain`.

        Raises:
            UsageError: for data that are not a declaration.
        """
        try:
            return cls(
                name=str(data["name"]),
                answer=str(data["answer"]),
                symmetries=tuple(map(str, data["symmetries"])),
                goals=tuple(Goal(**{**goal, "bounds": tuple(goal.get("bounds", ()))}) for goal in data["goals"]),
                maps=tuple(Map(**kind) for kind in data["maps"]),
                panel=Panel(**data["panel"]),
                solvers=tuple(map(str, data["solvers"])),
                dataset=str(data["dataset"]),
                rim_px=int(data["rim_px"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"not the declaration of a task: {type(error).__name__}: {error}") from error


@dataclass(frozen=True, kw_only=True)
class Task(TaskInfo):
    """A kind of problem.

    Attributes:
        measurement: the class of its measurements, whose ``task`` is this name.
        export: how reconstructions of measured data are written for other programs; None where there is no such format.
        metrics: metrics of this task alone that no entry point names, as in a file that declares a task with its solver.
        conformance: makes the problems by which a program of another package shows that it keeps to this task's conventions;
            None where there are none.
        starter: folder of a trivial method with which a new contestant begins: ``adapter.py.template``, Python in which ``$name``
            is the contestant's, and ``settings.toml``, the end of its declaration; None where there is none.
        align: moves a reconstruction to where its truth is, for pictures of maps whose position is free; None where it is not.
        truth_gap: how far the truth of a simulated problem without noise is from explaining its measurement, as a multiple of
            what rounding and the task's approximations allow, so that 1 is the most; None where the measurement's ``misfit``
            says it, of which 1e-4 is allowed.
    """

    measurement: type[Measurement]
    export: Export | None
    metrics: tuple[Metric, ...] = ()
    align: Callable[[Problem, Reconstruction], Reconstruction] | None = None
    conformance: Callable[[], tuple[Conformance, ...]] | None = None
    truth_gap: Callable[[Problem], float] | None = None
    starter: Path | None = None

    def __post_init__(self) -> None:
        """As :meth:`TaskInfo.__post_init__`, and the measurement must be one of this task.

        Raises:
            UsageError: naming the member and what was expected.
        """
        super().__post_init__()
        named = getattr(self.measurement, "task", None)
        if named != self.name:
            raise UsageError(f"task {self.name!r}: {self.measurement.__name__}.task must be {self.name!r}, got {named!r}")

    @property
    def info(self) -> TaskInfo:
        """The plain part of the declaration."""
        return TaskInfo(**{f.name: getattr(self, f.name) for f in dataclasses.fields(TaskInfo)})


def applying(infos: Sequence[MetricInfo], task: Task) -> list[MetricInfo]:
    """Of some metrics, those that judge answers of a task, in the order of boards."""
    mine = [info for info in infos if info.judges(task.answer, task.measurement)]
    return sorted(mine, key=MetricInfo.rank)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
