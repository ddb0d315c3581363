"""The list of accepted changes for the worse: reviewed with the change that causes them, void with the next baseline.

::

    - solver: hio-er-ml            # a name, a name with settings, or "*"
      what: ffts                   # as in the report of `prbench check`
      up_to: 1.25                  # the largest ratio, or what the head shows: time_limit, no score
      baseline: far-field@1a2b3c4d # as the report names it
      why: "each generation refines the support once more; the median error falls by a factor of 3"
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prbench.core.names import parse_name
from prbench.core.yaml_text import read_yaml
from prbench.errors import BadInput, one_line

from .findings import Comparison, Finding

_KEYS = ("solver", "what", "up_to", "baseline", "why")


@dataclass(frozen=True)
class Accepted:
    """One change for the worse that a reviewer has accepted.

    Attributes:
        solver: its name, its name with settings, or ``*`` for all.
        what: as in :class:`~prbench.gate.findings.Finding`.
        up_to: the largest ratio accepted, or the head's value where there is no ratio.
        baseline: name and digest of the baseline beside which it was accepted.
        why: the reason, which reports repeat.
    """

    solver: str
    what: str
    up_to: float | str
    baseline: str
    why: str

    def covers(self, finding: Finding) -> bool:
        """Whether this is the change that the finding shows, and no larger."""
        if finding.what != self.what or self.solver not in ("*", finding.solver, parse_name(finding.solver)[0]):
            return False
        if isinstance(self.up_to, str):
            return finding.head == self.up_to
        return not math.isnan(finding.ratio) and finding.ratio <= self.up_to


def read_accepted(path: Path) -> tuple[Accepted, ...]:
    """Read the list; a file that is not there accepts nothing.

    Raises:
        BadInput: one line naming the entry and what is wrong with it.
    """
    if not path.exists():
        return ()
    try:
        data = read_yaml(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read: {one_line(error)}") from error
    if data is None:
        return ()
    if not isinstance(data, list):
        raise BadInput(f"{path}: expected a list of entries with {', '.join(_KEYS)}, got {type(data).__name__}")
    return tuple(_entry(path, number, entry) for number, entry in enumerate(data, 1))


def _entry(path: Path, number: int, entry: Any) -> Accepted:
    where = f"{path}: entry {number}"
    if not isinstance(entry, dict) or set(entry) != set(_KEYS):
        raise BadInput(f"{where} must have exactly {', '.join(_KEYS)}")
    for key in ("solver", "what", "baseline", "why"):
        if not isinstance(entry[key], str) or not entry[key].strip():
            raise BadInput(f"{where}: {key} must be text, got {one_line(entry[key], 60)!r}")
    up_to = entry["up_to"]
    if isinstance(up_to, bool) or not isinstance(up_to, int | float | str) or (isinstance(up_to, int | float) and not up_to > 1):
        raise BadInput(f"{where}: up_to must be a ratio above 1, or what the head shows, got {one_line(up_to, 60)!r}")
    if "@" not in entry["baseline"]:
        named = one_line(entry["baseline"], 60)
        raise BadInput(f"{where}: baseline must be as `prbench check` names it, such as far-field@1a2b3c4d, got {named!r}")
    return Accepted(**entry)


def expired(accepted: Iterable[Accepted], baselines: Sequence[str]) -> tuple[Accepted, ...]:
    """The entries whose baseline has been measured anew since, given the names of all baselines that there are."""
    return tuple(entry for entry in accepted if entry.baseline not in baselines)


def accept(comparison: Comparison, accepted: Sequence[Accepted], baseline: str) -> Comparison:
    """Mark the findings that the list covers for this baseline."""
    valid = [entry for entry in accepted if entry.baseline == baseline]

    def marked(finding: Finding) -> Finding:
        why = next((entry.why for entry in valid if finding.regression and entry.covers(finding)), "")
        return dataclasses.replace(finding, accepted=why) if why else finding

    return dataclasses.replace(comparison, findings=tuple(map(marked, comparison.findings)))
