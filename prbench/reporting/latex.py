"""What LaTeX tables need: text without commands, labels, columns aligned at the decimal point, the best in bold."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Literal

from prbench.errors import one_line

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "∞": r"$\infty$",
    "–": "--",
    "·": r"\textperiodcentered{}",
    "×": r"$\times$",
    **{c: f"\\{c}" for c in "$&#_%"},
}
_PLAIN = re.compile(r"-?\d+(\.\d+)?")


def label(*names: str) -> str:
    """The label of a table, such as ``tab:far-field-crystal2d``."""
    return "tab:" + "-".join(part for name in names for part in re.findall(r"[A-Za-z0-9]+", name)).lower()[:100]


def best(values: Sequence[float], better: Literal["lower", "higher"]) -> list[bool]:
    """Which of the values are the best; none where all finite values are the same, or there are fewer than two."""
    finite = [value for value in values if math.isfinite(value)]
    if len(set(finite)) < 2:
        return [False] * len(values)
    top = min(finite) if better == "lower" else max(finite)
    return [value == top for value in values]


def aligned(cells: Sequence[str], bold: Sequence[bool]) -> list[str]:
    """Cells of LaTeX, right-aligned, with plain numbers filled up to the same decimals by blanks, and some in bold."""
    decimals = [len(cell.partition(".")[2]) if _PLAIN.fullmatch(cell) else -1 for cell in cells]
    most = max(decimals, default=-1)
    made = []
    for cell, own, heavy in zip(cells, decimals, bold, strict=True):
        plain = latex_cell(0, cell)
        text = f"\\textbf{{{plain}}}" if heavy else plain
        missing = ("." if own == 0 else "") + "0" * (most - own) if 0 <= own < most else ""
        made.append(f"{text}\\phantom{{{missing}}}" if missing else text)
    return made


def escape_latex(text: str) -> str:
    """Text in LaTeX, without commands."""
    return "".join(_LATEX.get(c, c) for c in one_line(text, 1000))


def latex_cell(column: int, cell: str) -> str:
    """A cell of a table whose column 1 holds spelled names; powers of ten are set as such."""
    if column == 1:
        return f"\\texttt{{{escape_latex(cell)}}}"
    return re.sub(r"(-?\d+(?:\.\d+)?)e([+-]\d+)", lambda m: f"${m[1]}\\times10^{{{int(m[2])}}}$", escape_latex(cell))
