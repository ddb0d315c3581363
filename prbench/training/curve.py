"""The curve of a training: a JSON object a line, and a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from .files import write_text

TOLD = ("step", "seconds", "loss", "validation", "rate")
"""What every row of a curve holds; the rest was observed by the solver."""


def write_curve(folder: Path, rows: Sequence[Mapping[str, float]]) -> None:
    """Write ``curve.jsonl``: loss, validation, learning rate, and whatever else was observed, by step."""
    write_text(folder / "curve.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def draw_curve(path: Path, rows: Sequence[Mapping[str, float]], title: str) -> None:
    """Draw the rows of a curve, one at least, as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    others = [name for name in rows[0] if name not in TOLD]
    figure = Figure(figsize=(6, 3.2 + 1.8 * len(others)), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1 + len(others), 1, sharex=True, squeeze=False)[:, 0]
    steps = [row["step"] for row in rows]
    for name in ("loss", "validation"):
        values = [row[name] for row in rows]
        axes[0].plot(steps, values, marker="." if len(rows) < 60 else None, linewidth=1, label=name)
        if all(value > 0 for value in values):
            axes[0].set_yscale("log")
    best = min(rows, key=lambda row: row["validation"])
    axes[0].axvline(best["step"], color="0.7", linewidth=1, label=f"best, {best['validation']:.4g}")
    axes[0].legend(fontsize=8)
    axes[0].set_title(title, fontsize=9, parse_math=False)
    for name, panel in zip(others, axes[1:], strict=True):
        panel.plot(steps, [row[name] for row in rows], linewidth=1)
        panel.set_ylabel(name, fontsize=8)
    axes[-1].set_xlabel("step", fontsize=9)
    temporary = path.with_name(f".new.{path.name}")
    figure.savefig(temporary, metadata={"Software": None})
    temporary.replace(path)
