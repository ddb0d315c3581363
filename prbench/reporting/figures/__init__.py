"""Figures and tables of results for papers: one kind a file, the same results give the same bytes."""

from .draw import KINDS, draw_figures
from .style import STYLES

__all__ = ["KINDS", "STYLES", "draw_figures"]
