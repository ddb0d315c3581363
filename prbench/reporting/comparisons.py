"""A comparison as a terminal table, JSON, CSV, Markdown or LaTeX."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from prbench.analysis.comparison import TOO_FEW
from prbench.analysis.paired import LEAST_PAIRS

from .csv_text import csv_text
from .markup import json_rows, latex_table, pipe_table
from .values import NOTHING, escape_markdown, number, spread

if TYPE_CHECKING:
    from rich.console import Group

    from prbench.analysis.comparison import Versus

_NOTE = (
    "Paired by sample and seed; a failed cell counts as worst. change: median over samples of the second by the first (×), or "
    "minus it, with an interval of 95 % at least (order statistics), from six on. p: signed-rank test, corrected by Holm; pairs "
    "closer than the smallest difference worth naming are ties. effect: rank-biserial correlation, 1 where the second is better "
    "every time. n: {unit} compared."
)
_MARKS = {
    "unpaired": "unpaired: cells that one side alone has, left out ({first} of the first, {second} of the second).",
    "failed": "failed: cells without a score, first/second ({first}/{second} in all).",
    "stale": "stale: computed with an older version of the code, first/second ({first}/{second} in all).",
}


def terminal(result: Versus, width: int) -> Iterator[Group | str]:
    """What to print in ``width`` columns: a table for each pair of solvers in each task, then what its columns mean."""
    from rich.text import Text

    from .console import Column, name_within, table

    for title, all_headers, all_rows in _blocks(result):
        indices, room = _fitting(all_headers, all_rows, width)
        columns: list[Column] = [("dataset", {"no_wrap": True})]
        columns += [(all_headers[i], {"justify": "left" if i < 3 else "right", "no_wrap": True}) for i in indices[1:]]
        names = [name_within(row[0], room) for row in all_rows]
        names = [
            name if i == 0 or row[0] != all_rows[i - 1][0] else ""
            for i, (name, row) in enumerate(zip(names, all_rows, strict=True))
        ]
        yield table(
            title, columns, [[Text(name), *(row[i] for i in indices[1:])] for name, row in zip(names, all_rows, strict=True)]
        )
        yield ""
    yield _note(result)


_NAMES = (0, 1, 2)
_DATASET_WIDTH = 14
_EXPENDABLE = (("first", "second"), ("effect",), ("unpaired",), ("stale",), ("p",), ("failed",))
"""Columns given up in this order where the terminal is too narrow; the other formats always have them."""


def _fitting(headers: list[str], rows: list[list[str]], width: int) -> tuple[list[int], int]:
    """The columns that fit, and the room that they leave for the dataset's name, which is broken."""
    from .console import name_within

    needed = [2 + max(len(text) for text in column) for column in zip(headers, *rows, strict=True)]
    least = max(len(line) for row in rows for line in name_within(row[0], _DATASET_WIDTH).splitlines())
    needed[0] = 2 + least
    indices = list(range(len(headers)))
    for names in _EXPENDABLE:
        if sum(needed[i] for i in indices) > width:
            indices = [i for i in indices if headers[i] not in names]
    return indices, max(least, width - sum(needed[i] for i in indices[1:]) - 2)


def as_json(result: Versus) -> str:
    """An object with ``first``, ``second`` and ``rows``, see :class:`~prbench.analysis.comparison.Versus`."""
    import json

    rows = json.loads(json_rows(result.rows.to_dict("records")))
    return json.dumps({"first": result.first, "second": result.second, "rows": rows}, indent=2, ensure_ascii=False)


def as_csv(result: Versus) -> str:
    """Flat rows with every column."""
    return csv_text(result.rows)


def as_markdown(result: Versus) -> str:
    """A pipe table for each pair of solvers in each task, with names escaped."""
    lines: list[str] = []
    for title, headers, rows in _blocks(result):
        lines += [f"### {escape_markdown(title)}", "", *pipe_table(headers, rows, _NAMES), ""]
    return "\n".join([*lines, _note(result)])


def as_latex(result: Versus) -> str:
    """A ``table`` for each pair of solvers in each task; needs the package booktabs."""
    lines: list[str] = []
    for title, headers, rows in _blocks(result):
        lines += [*latex_table(f"{title}. {_note(result)}", headers, rows, names=(0,)), ""]
    return "\n".join(lines).rstrip("\n")


FORMATS: dict[str, Callable[[Versus], str]] = {
    "json": as_json,
    "csv": as_csv,
    "markdown": as_markdown,
    "latex": as_latex,
}


def _blocks(result: Versus) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Title, headers and rows of text; marks that nothing bears are left out."""
    for (task, first, second), part in result.rows.groupby(["task", "first", "second"], sort=False):
        who = f"{first} · {result.second} against {result.first}" if first == second else f"{second} against {first}"
        rows = part.to_dict("records")
        cells: dict[str, list[str]] = {
            "dataset": [row["dataset"] for row in rows],
            "measure": [row["metric"] for row in rows],
            "verdict": [row["verdict"] for row in rows],
            "n": [str(row["units"]) for row in rows],
            "change": [_change(row) for row in rows],
            "p": [_p(row["p_holm"]) for row in rows],
            "effect": [NOTHING if math.isnan(row["effect"]) else f"{row['effect']:+.2f}" for row in rows],
            "first": [number(row["first_median"]) for row in rows],
            "second": [number(row["second_median"]) for row in rows],
            "unpaired": [str(row["first_only"] + row["second_only"]) for row in rows],
            "failed": [_both(row, "failed") for row in rows],
            "stale": [_both(row, "stale") for row in rows],
        }
        shown = [name for name in cells if name not in _MARKS or any(cell not in ("0", "0/0") for cell in cells[name])]
        yield f"{task} · {who}", shown, [list(row) for row in zip(*(cells[name] for name in shown), strict=True)]


def _change(row: dict[Any, Any]) -> str:
    sign = "×" if row["scale"] == "ratio" else "+" if row["change"] > 0 else ""
    return sign + spread(row["change"], row["change_low"], row["change_high"], values=row["values"])


def _p(value: float) -> str:
    return NOTHING if math.isnan(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _both(row: dict[Any, Any], mark: str) -> str:
    return f"{row[f'first_{mark}']}/{row[f'second_{mark}']}"


def _note(result: Versus) -> str:
    quality = result.rows[
        result.rows["measure"] == result.rows["measure"].max()
    ]  # a cell counts once: of quality, where it is told
    units = sorted(set(result.rows["unit"]))
    notes = [_NOTE.format(unit="s or ".join(units) + "s")]
    if (result.rows["verdict"] == TOO_FEW).any():
        notes.append(f"too few: fewer than {LEAST_PAIRS}, where no test of signs and ranks can reach 5 %.")
    differing = [text for text in dict.fromkeys(result.rows["differing"]) if text]
    if differing:
        notes.append(f"Pairs differ in {', '.join(differing)} as well: verdicts are on these conditions too.")
    for name, note in _MARKS.items():
        first, second = (int(quality[f"{side}_{'only' if name == 'unpaired' else name}"].sum()) for side in ("first", "second"))
        if first or second:
            notes.append(note.format(first=first, second=second))
    return " ".join(notes)
