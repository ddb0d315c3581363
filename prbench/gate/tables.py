"""A check of two versions as text, Markdown for a pull request, or JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from .regression import Comparison, Finding

_WORDS = {
    "time": ("faster", "slower"),
    "ffts": ("fewer", "more"),
    "operators": ("fewer", "more"),
    "iterations": ("fewer", "more"),
    "iterations to target": ("fewer", "more"),
    "allocated_bytes": ("less", "more"),
}


def word(finding: Finding) -> str:
    """The verdict in the words of what is compared: slower, worse, more, the same."""
    better, worse = _WORDS.get(finding.what, ("better", "worse"))
    return {"better": better, "worse": worse, "same": "same", "unclear": "unclear"}[finding.verdict]


def summary(comparison: Comparison) -> str:
    """One line: how many cells, how many regressions."""
    if not comparison.compared:
        return f"nothing compared: no cell stands on both sides, solved by the base ({comparison.alone} do not)"
    count = len(comparison.regressions)
    better = sum(finding.verdict == "better" for finding in comparison.findings)
    alone = f"; {comparison.alone} cells lack a side, or the base did not solve them" if comparison.alone else ""
    found = "no regression" if not count else "1 regression" if count == 1 else f"{count} regressions"
    return f"{found}, {better} improvements, {comparison.compared} cells compared{alone}"


def as_text(name: str, comparison: Comparison) -> str:
    """Aligned columns for a terminal or a log."""
    rows = [_HEADER, *(_row(finding) for finding in comparison.findings)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([f"{name}: {summary(comparison)}", *(lines if comparison.findings else [])])


def as_markdown(name: str, comparison: Comparison) -> str:
    """For a comment on a pull request: the verdict, then what changed, then the rest folded away."""
    changed = [finding for finding in comparison.findings if finding.verdict in ("worse", "better")]
    rest = [finding for finding in comparison.findings if finding not in changed]
    sign = "❌" if comparison.regressions or not comparison.compared else "✅"
    parts = [f"### {sign} {_escaped(name)}: {summary(comparison)}", _markdown_table(changed)]
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
        "findings": [{k: _plain(v) for k, v in dataclasses.asdict(finding).items()} for finding in comparison.findings],
    }


Named = Sequence[tuple[str, Comparison]]

FORMATS: dict[str, Callable[[Named], str]] = {
    "text": lambda checks: "\n\n".join(as_text(*check) for check in checks),
    "markdown": lambda checks: "\n".join(as_markdown(*check) for check in checks),
    "json": lambda checks: json.dumps([as_json(*check) for check in checks], indent=2, ensure_ascii=False, allow_nan=False),
}

_HEADER = ("verdict", "what", "solver", "dataset", "cell", "base", "head", "ratio", "99 % interval", "pairs")


def _row(finding: Finding) -> tuple[str, ...]:
    interval = f"{finding.low:.3g} to {finding.high:.3g}" if math.isfinite(finding.low) else ""
    ratio = f"{finding.ratio:.3g}" if not math.isnan(finding.ratio) else ""
    place = (finding.solver, finding.dataset, finding.cell or "all")
    return (word(finding), finding.what, *place, _value(finding.base), _value(finding.head), ratio, interval, str(finding.pairs))


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
