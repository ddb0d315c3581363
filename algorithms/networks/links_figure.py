"""A drawing of a decoder's links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .links import POOL, STAGES, Links
from .sparse_decoder import stride_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = {"E": "#0072b2", "D": "#d55e00", POOL: "#009e73"}
"""Of links from features, stages and the pool; apart for every kind of colour vision."""


def draw_links(links: Links, figure: Figure) -> None:
    """Features on the left, stages on the right, from fine (top) to coarse; an arrow a link; stages without links in grey."""
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_xlim(-0.35, 1.6)
    axes.set_ylim(-STAGES - 1.7, -0.4)
    used = {source for _, source in links.pairs} | set(links.table)
    for number in range(1, STAGES + 1):
        for name, x in ((f"E{number}", 0.0), (f"D{number}", 1.0)):
            _node(axes, name, x, -number, "black" if name in used or name[0] == "E" else "0.75")
        axes.text(-0.12, -number, f"1/{stride_of(f'E{number}')}", fontsize=7, ha="right", va="center", color="0.4")
    _node(axes, POOL, 0.0, -STAGES - 1, "black" if POOL in used else "0.75")
    for stage, source in sorted(links.pairs):
        _arrow(axes, source, stage)
    axes.annotate("phase", (1.03, -1), (1.45, -1), va="center", fontsize=8, arrowprops={"arrowstyle": "<-", "color": "0.4"})
    axes.set_title(f"{len(links)} links", fontsize=9)


def _node(axes: Axes, name: str, x: float, y: float, colour: str) -> None:
    box = {"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": colour, "linewidth": 0.8}
    axes.text(x, y, name, fontsize=8, ha="center", va="center", color=colour, bbox=box, zorder=3)


def _arrow(axes: Axes, source: str, stage: str) -> None:
    rows = {"from": -STAGES - 1 if source == POOL else -int(source[1:]), "to": -int(stage[1:])}
    inner = source[0] == "D"
    steps = rows["to"] - rows["from"]
    style = {
        "arrowstyle": "-|>",
        "color": _COLOURS[source[0]],
        "linewidth": 0.9,
        "alpha": 0.8,
        "shrinkA": 9,
        "shrinkB": 9,
        "connectionstyle": f"arc3,rad={0.25 + 0.03 * steps}" if inner else "arc3,rad=0",
    }
    axes.annotate("", (1.0, rows["to"]), (1.0 if inner else 0.0, rows["from"]), arrowprops=style, zorder=2)
