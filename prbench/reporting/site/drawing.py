"""Small drawings of the site, as SVG without scripts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

_WIDTH, _HEIGHT, _MARGIN = 640, 150, 24
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
"""Okabe and Ito's, which the colour-blind can tell apart."""
_MOST = 7


def history_drawing(series: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Lines of medians over runs, each divided by its first value, on one logarithmic axis; empty where nothing can be drawn."""
    drawable = [(name, values) for name, values in series if len(values) > 1 and all(math.isfinite(v) and v > 0 for v in values)]
    if not drawable:
        return ""
    shown = drawable[:_MOST]
    ratios = [[math.log10(value / values[0]) for value in values] for _, values in shown]
    span = max(0.05, *(abs(ratio) for line in ratios for ratio in line))
    count = max(len(line) for line in ratios)

    def at(step: int, ratio: float) -> str:
        x = _MARGIN + (_WIDTH - 2 * _MARGIN) * step / max(count - 1, 1)
        return f"{x:.1f},{_HEIGHT / 2 - (_HEIGHT / 2 - _MARGIN) * ratio / span:.1f}"

    lines = [
        f'<polyline points="{" ".join(at(step, ratio) for step, ratio in enumerate(line))}" fill="none" '
        f'stroke="{_COLOURS[k]}" stroke-width="2"><title>{escape(name)}</title></polyline>'
        for k, ((name, _), line) in enumerate(zip(shown, ratios, strict=True))
    ]
    across = f'x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{_HEIGHT / 2}" y2="{_HEIGHT / 2}"'
    middle = f'<line {across} stroke="#888" stroke-dasharray="3 3"/>'
    names = "".join(
        f'<text x="{_MARGIN}" y="{_HEIGHT + 14 * (k + 1)}" font-size="11" fill="{_COLOURS[k]}">{escape(name)}</text>'
        for k, (name, _) in enumerate(shown)
    )
    more = len(drawable) - len(shown)
    label = f"Medians over runs relative to the first, {len(shown)} of {len(drawable)} lines, factor {10**span:.3g} up and down"
    left = f'<text x="{_MARGIN}" y="{_HEIGHT + 14 * (len(shown) + 1)}" font-size="11">and {more} more</text>' if more else ""
    height = _HEIGHT + 14 * (len(shown) + 1 + bool(more))
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}">{middle}{"".join(lines)}{names}{left}'
        f'<text x="{_WIDTH - _MARGIN}" y="14" font-size="11" text-anchor="end">×{10**span:.3g}</text></svg>'
    )
