"""Figures as files that are the same bytes whenever they are made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("pdf", "svg", "png")
_SILENT: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}
"""By format, the metadata that would differ from day to day or machine to machine, left out."""


def blank(width: float, height: float, *, arranged: bool = True) -> Figure:
    """An empty figure of a size in inches, drawn without any window; its panels are arranged to leave room for their labels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained" if arranged else None)
    FigureCanvasAgg(figure)
    if arranged:
        figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.03, hspace=0.03)  # type: ignore[union-attr, call-arg]
    return figure


def save(figure: Figure, folder: Path, name: str, formats: Sequence[str]) -> Iterator[Path]:
    """Write a figure as ``folder/name.<format>`` in each of ``formats``, of :data:`FORMATS`, and tell the paths."""
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)  # what has been laid out once need not be for every format, nor drawn for it first
    for form in formats:
        path = folder / f"{name}.{form}"
        figure.savefig(path, format=form, metadata=_SILENT[form])
        yield path
