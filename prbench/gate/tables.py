"""A check of two versions as text, Markdown for a pull request, or JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from prbench.metrics.cost_names import COUNTS

from .exact import MEMORY
from .findings import Comparison, Finding
from .timing import CONVERGENCE, TIME, WALL_TIME

_WORDS = {
    **dict.fromkeys((TIME, WALL_TIME), ("faster", "slower")),
    MEMORY: ("less", "more"),
    **dict.fromkeys((*COUNTS, CONVERGENCE), ("fewer", "more")),
}


def word(finding: Finding) -> str:
    """The verdict in the words of what is compared: slower, worse, more, the same."""
    better, worse = _WORDS.get(finding.what, ("better", "worse"))
    said = {"better": better, "worse": worse, "same": "same", "unclear": "unclear"}[finding.verdict]
    if finding.verdict == "worse" and not finding.regression:
        said += ", accepted" if finding.accepted else ", not binding"
    return said


def summary(comparison: Comparison) -> str:
    """One line: how many cells, how many regressions."""
    if not comparison.compared:
        return f"nothing compared: no cell stands on both sides, solved by the base ({comparison.alone} do not)"
    count = len(comparison.regressions)
    better = sum(finding.verdict == "better" for finding in comparison.findings)
    alone = f"; {comparison.alone} cells lack a side, or the base did not solve them" if comparison.alone else ""
    result = "no regression" if not count else "1 regression" if count == 1 else f"{count} regressions"
    accepted = sum(bool(finding.accepted) for finding in comparison.findings)
    besides = f", {accepted} accepted" if accepted else ""
    return f"{result}{besides}, {better} improvements, {comparison.compared} cells compared{alone}"


def as_text(name: str, comparison: Comparison) -> str:
    """Aligned columns for a terminal or a log."""
    rows = [_HEADER, *(_row(finding) for finding in comparison.findings)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    notes = [*comparison.notes, *_reasons(comparison)]
    return "\n".join([f"{name}: {summary(comparison)}", *(lines if comparison.findings else []), *notes])


def as_markdown(name: str, comparison: Comparison) -> str:
    """For a comment on a pull request: the verdict, then what changed, then the rest folded away."""
    changed = [finding for finding in comparison.findings if finding.verdict in ("worse", "better")]
    rest = [finding for finding in comparison.findings if finding not in changed]
    sign = "✅" if comparison.passes else "❌"
    notes = [_escaped(note) for note in (*comparison.notes, *_reasons(comparison))]
    parts = [f"### {sign} {_escaped(name)}: {summary(comparison)}", *notes, _markdown_table(changed)]
    if rest:
        parts.append(f"<details><summary>{len(rest)} without a change shown</summary>\n\n{_markdown_table(rest)}\n\n</details>")
    return "\n\n".join(part for part in parts if part) + "\n"


def as_json(name: str, comparison: Comparison) -> dict[str, Any]:
    """Plain values; null where a number is not finite."""
    return {
        "name": name,
        "compared": comparison.compared,
        "alone": comparison.alone,
        "regressions": len(comparison.regressions),
        "notes": list(comparison.notes),
        "findings": [{k: _plain(v) for k, v in dataclasses.asdict(finding).items()} for finding in comparison.findings],
    }


Named = Sequence[tuple[str, Comparison]]

FORMATS: dict[str, Callable[[Named], str]] = {
    "text": lambda checks: "\n\n".join(as_text(*check) for check in checks),
    "markdown": lambda checks: "\n".join(as_markdown(*check) for check in checks),
    "json": lambda checks: json.dumps([as_json(*check) for check in checks], indent=2, ensure_ascii=False, allow_nan=False),
}

_HEADER = ("verdict", "what", "solver", "dataset", "cell", "base", "head", "ratio", "p", "pairs")


def _row(finding: Finding) -> tuple[str, ...]:
    p = f"{finding.p:.2g}" if not math.isnan(finding.p) else "exact"
    ratio = f"{finding.ratio:.3g}" if not math.isnan(finding.ratio) else ""
    labels = (finding.solver, finding.dataset, finding.cell or "all")
    return (word(finding), finding.what, *labels, _value(finding.base), _value(finding.head), ratio, p, str(finding.pairs))


def _reasons(comparison: Comparison) -> list[str]:
    """Why changes for the worse were accepted, each reason once."""
    accepted = [finding for finding in comparison.findings if finding.accepted]
    return list(dict.fromkeys(f"accepted for {result.solver}, {result.what}: {result.accepted}" for result in accepted))


def _value(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:d}" if isinstance(value, int) else f"{value:.4g}"


def _markdown_table(findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    lines = ["| " + " | ".join(_HEADER) + " |", "|" + "---|" * len(_HEADER)]
    lines += ["| " + " | ".join(_escaped(cell) for cell in _row(finding)) + " |" for finding in findings]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;"), ("`", "&#96;")):
        text = text.replace(sign, written)
    return text.replace("\n", " ")


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
