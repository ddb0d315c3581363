"""What a check finds: single comparisons with their verdicts, and all of them together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["better", "worse", "same", "unclear"]

MISSING = "missing"
"""In place of a status: there is no such cell."""
LOST = "no score"
"""In place of a score that is missing or not a number."""

_SEVERITY = {"ok": 0, "time_limit": 1, "diverged": 2}
_FAILED = 3


def severity(status: str) -> int:
    """How bad a status is: 0 for ``ok``, then ``time_limit``, ``diverged``, and 3 for everything without a reconstruction."""
    return _SEVERITY.get(status, _FAILED)


def solved(status: str) -> bool:
    """Whether there is a reconstruction to compare."""
    return status in ("ok", "time_limit")


@dataclass(frozen=True)
class Finding:
    """One comparison.

    Attributes:
        what: ``status``, ``success``, ``time``, ``iterations to target``, a cost such as ``ffts``, or a metric's name.
        solver, dataset: the group of cells.
        cell: which cells, or ``""`` for the whole group.
        base, head: medians of the group, or values of the worst cell.
        ratio: head over base, for a metric head's error over base's: above 1 is worse. NaN where there is none.
        p: probability of a change as large or larger without a cause, one-sided; NaN for what is exact.
        pairs: number of pairs, or of cells on each side, that the comparison rests on.
        verdict: ``unclear`` where there may be a change that the evidence does not show.
        binding: whether a change for the worse is a regression; otherwise it is advice.
        accepted: why a change for the worse is accepted; ``""`` where it is not.
    """

    what: str
    solver: str
    dataset: str
    cell: str
    base: float | str
    head: float | str
    ratio: float
    p: float
    pairs: int
    verdict: Verdict
    binding: bool = True
    accepted: str = ""

    @property
    def regression(self) -> bool:
        """Whether this finding fails the check."""
        return self.verdict == "worse" and self.binding and not self.accepted


@dataclass(frozen=True)
class Comparison:
    """All findings of a check.

    Attributes:
        findings: sorted by solver and dataset.
        compared: pairs of cells compared: those that the base solved. Where it solved none, nothing is known of the head.
        alone: cells that only the head has, or that the base did not solve.
        notes: what a reader must know besides, a sentence each.
    """

    findings: tuple[Finding, ...]
    compared: int
    alone: int
    notes: tuple[str, ...] = ()

    @property
    def regressions(self) -> tuple[Finding, ...]:
        """The findings that fail the check."""
        return tuple(finding for finding in self.findings if finding.regression)

    @property
    def passes(self) -> bool:
        """Whether something was compared and nothing became worse."""
        return self.compared > 0 and not self.regressions
