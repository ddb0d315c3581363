"""Whether a contestant keeps to its task's conventions: axes, signs, units, centre, as its answers to known problems show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from prbench.core import build_plugin, find_task
from prbench.core.conformance import Conformance
from prbench.errors import DataNotFound, MissingDependency, PrbenchError, UsageError, one_line
from prbench.running.solving import solve

from .folders import spelled_contestant
from .solver import Contestant

Verdict = Literal["ok", "-", "!"]
_SEED = 1


@dataclass(frozen=True)
class CheckLine:
    """One line of a check: ``ok`` where all is well, ``-`` where there is nothing to say, ``!`` where something is wrong."""

    verdict: Verdict
    what: str
    found: str


def check_contestant(spelled: str) -> Iterator[CheckLine]:
    """Run a contestant on its task's conformance problems, line by line as they end.

    Args:
        spelled: its name or file, with settings, or its folder.

    Raises:
        UsageError: for what is no contestant, or a task that has no conformance problems.
    """
    solver = build_plugin("solver", spelled_contestant(spelled))
    if not isinstance(solver, Contestant):
        raise UsageError(f"{spelled} is a solver of prbench's own Python; `pytest --prbench {spelled}` checks those")
    task = find_task(solver.info.task)
    if task.conformance is None:
        raise UsageError(f"the task {task.name} has no conformance problems; its declaration takes them as conformance=")
    lines = []
    for conformance in task.conformance():
        lines.append(_checked(solver, conformance))
        if lines[0] is lines[-1] and (facts := solver.facts()):
            yield CheckLine("ok", "program", f"{solver.plugin_name} {facts['version']}, Python {facts['python'] or 'none'}")
        yield lines[-1]
    if not any(line.verdict == "ok" for line in lines) and not any(line.verdict == "!" for line in lines):
        yield CheckLine("!", "nothing answered", f"of {len(lines)} problem{'s' * (len(lines) > 1)} of {task.name} it takes none")


def _checked(solver: Contestant, conformance: Conformance) -> CheckLine:
    what = conformance.name
    try:
        found = solve(solver, conformance.problem.measurement, seed=_SEED).reconstruction
        conformance.problem.measurement.check(found)
    except MissingDependency:
        raise
    except DataNotFound as refusal:
        return CheckLine("-", what, f"not taken: {one_line(refusal, 200)}")
    except (PrbenchError, MemoryError) as failure:
        return CheckLine("!", what, one_line(failure, 600))
    error = conformance.error(found)
    told = f"{error:.3g}, at most {conformance.limit:g} expected ({conformance.meaning})"
    if error <= conformance.limit:
        return CheckLine("ok", what, told)
    mistake = conformance.diagnosis(found)
    return CheckLine("!", what, f"{mistake}: otherwise it would pass; {told}" if mistake else told)
