"""A page of pictures and words at given positions: one set of axes for all, which costs a hundredth of one for each."""

from __future__ import annotations

from typing import Any

import numpy as np

from prbench.reporting.panels import strip, wheel

from .saving import blank

Box = tuple[float, float, float, float]
"""Left, top, width, height; inches from the upper left corner of the page."""


class Sheet:
    """A page of a size in inches.

    Attributes:
        figure: what has been drawn.
        font: size of its text, points.
    """

    def __init__(self, width: float, height: float, font: float) -> None:
        self.figure = blank(width, height, arranged=False)
        self.font = font
        self._axes: Any = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self._axes.set(xlim=(0.0, width), ylim=(height, 0.0))
        self._axes.set_axis_off()

    def lines(self, x: float, y: float, text: str, *, size: float = 1.0) -> None:
        """Lines of text in the middle of ``x``, the last one standing on ``y``."""
        for number, line in enumerate(reversed(text.split("\n"))):
            self.write(x, y - 1.25 * size * self.font / 72 * number, line, size=size, ha="center", va="baseline")

    def write(self, x: float, y: float, text: str, *, size: float = 1.0, **style: Any) -> None:
        """Text at a position; ``size`` in those of the page's font, ``style`` of matplotlib's text."""
        self._axes.text(x, y, text, fontsize=size * self.font, linespacing=1.15, **style)

    def image(self, pixels: np.ndarray, box: Box, *, framed: bool = False) -> None:
        """An image, uint8 (H, W, 3 or 4), stretched into a box; with a pale frame what is white on white has its borders."""
        from matplotlib.patches import Rectangle

        x, y, wide, high = box
        if framed:
            self._axes.add_patch(Rectangle((x, y), wide, high, fill=False, edgecolor="0.8", linewidth=0.5, zorder=0))
        self._axes.imshow(pixels, extent=(x, x + wide, y + high, y), interpolation="none", aspect="auto")

    def bar(self, box: Box, colours: str, low: float, high: float) -> None:
        """The key to a colour map: its colours from ``low`` at the bottom to ``high``, with numbers to the right."""
        from matplotlib.ticker import MaxNLocator

        x, y, wide, tall = box
        self.image(strip(colours).rgb().transpose(1, 0, 2)[::-1], box)
        half = 0.4 * self.font / 72
        steps = max(1, min(4, int(tall * 72 / (2.2 * self.font))))
        for value in MaxNLocator(steps, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high):
            if low <= value <= high:
                at = y + tall * (1 - (value - low) / (high - low))
                self._axes.plot([x + wide, x + 1.3 * wide], [at, at], color="0.35", linewidth=0.6)
                ends = {y <= at < y + half: "top", y + tall - half < at <= y + tall: "bottom"}
                self.write(
                    x + 1.6 * wide, at, f"{value:.6g}".replace("-", "\N{MINUS SIGN}"), size=0.8, va=ends.get(True, "center")
                )

    def scale_bar(self, box: Box, share: float, label: str) -> None:
        """A bar over a share of a box's width in its lower left corner, with a label above; white with a dark edge."""
        from matplotlib.patheffects import withStroke

        x, y, wide, high = box
        left, low = x + 0.05 * wide, y + 0.95 * high
        edge = [withStroke(linewidth=2.6, foreground="black")]
        self._axes.plot([left, left + share * wide], [low, low], color="white", linewidth=1.6, path_effects=edge, zorder=5)
        thin = [withStroke(linewidth=1.4, foreground="black")]
        self.write(left, low - 0.35 * self.font / 72, label, size=0.75, color="white", va="bottom", path_effects=thin, zorder=6)

    def wheel(self, box: Box) -> None:
        """The key to complex images, in the middle of a box: colour is phase, brightness magnitude."""
        x, y, wide, high = box
        side = min(0.5 * wide, 0.7 * high)
        left, top = x + (wide - side) / 2, y + (high - side) / 2
        axis = np.linspace(-1, 1, 128)
        inside = np.hypot(*np.meshgrid(axis, axis)) <= 1
        self.image(np.dstack([wheel(128).rgb(), np.where(inside, 255, 0).astype(np.uint8)]), (left, top, side, side))
        gap = 0.25 * self.font / 72
        self.write(left + side + gap, top + side / 2, "0", size=0.8, va="center")
        self.write(left - gap, top + side / 2, "\N{GREEK SMALL LETTER PI}", size=0.8, va="center", ha="right")
        self.write(left + side / 2, top - gap, "phase", size=0.8, va="bottom", ha="center")
