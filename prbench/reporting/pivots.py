"""Scores, successes and seconds against a setting of the dataset, as a terminal table, JSON, CSV, Markdown or LaTeX."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from prbench.core.names import format_value
from prbench.errors import one_line
from prbench.metrics.cost_names import LATENCY_S

from .csv_text import csv_text
from .latex import escape_latex, latex_cell
from .values import NOTHING, escape_markdown, json_value, number, spread

if TYPE_CHECKING:
    from rich.console import Group

    from prbench.analysis import Pivot

NOTE = (
    "Medians over samples, and success rates, with intervals of 95 % at least, from six samples on; failed cells count as worst, "
    "not in seconds; a dash was not run."
)

_DOSE = "photons per pixel, all images"


def terminal(pivots: Sequence[Pivot], shown: str = "all") -> Iterator[Group | str]:
    """What to print: tables of scores and of seconds for each dataset, intervals below the medians; then a note.

    ``shown`` here and below is ``all``, ``scores``, ``success`` or ``seconds``; JSON and CSV have every column always.
    """
    from rich.text import Text

    from .console import Column, table

    for pivot in pivots:
        for title, headers, rows in _tables(pivot, shown):
            columns: list[Column] = [
                (headers[0], {"min_width": 12}),
                *((h, {"justify": "right", "no_wrap": True}) for h in headers[1:]),
            ]
            yield table(title, columns, [[row[0], *(Text(cell.replace(" [", "\n[")) for cell in row[1:])] for row in rows])
            yield ""
    yield NOTE


def as_json(pivots: Sequence[Pivot], shown: str = "all") -> str:  # noqa: ARG001 - data are whole
    """One list of rows with the columns of :class:`~prbench.analysis.Pivot`."""
    rows = [{key: json_value(value) for key, value in row.items()} for pivot in pivots for row in pivot.rows.to_dict("records")]
    return json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False)


def as_csv(pivots: Sequence[Pivot], shown: str = "all") -> str:  # noqa: ARG001 - data are whole
    """Flat rows, one per solver and value; ``inf`` where failures reach the median."""
    import pandas as pd

    return csv_text(pd.concat([pivot.rows for pivot in pivots], ignore_index=True))


def as_markdown(pivots: Sequence[Pivot], shown: str = "all") -> str:
    """Pipe tables of scores, successes and seconds for each dataset."""
    lines: list[str] = []
    for pivot in pivots:
        for title, headers, rows in _tables(pivot, shown):
            lines += [f"### {escape_markdown(title)}", "", "| " + " | ".join(escape_markdown(h) for h in headers) + " |"]
            lines += ["| :--- |" + " ---: |" * (len(headers) - 1)]
            lines += ["| " + " | ".join(escape_markdown(cell) for cell in row) + " |" for row in rows]
            lines.append("")
    return "\n".join([*lines, NOTE])


def as_latex(pivots: Sequence[Pivot], shown: str = "all") -> str:
    """A ``table`` of scores, one of successes and one of seconds for each dataset; need the package booktabs."""
    lines: list[str] = []
    for pivot in pivots:
        for title, headers, rows in _tables(pivot, shown):
            lines += [r"\begin{table}", r"  \centering", f"  \\caption{{{escape_latex(f'{title}. {NOTE}')}}}"]
            lines += [f"  \\begin{{tabular}}{{l{'r' * (len(headers) - 1)}}}", r"    \toprule"]
            lines += ["    " + " & ".join(escape_latex(h) for h in headers) + r" \\", r"    \midrule"]
            lines += ["    " + " & ".join(latex_cell(1 - min(i, 1), cell) for i, cell in enumerate(row)) + r" \\" for row in rows]
            lines += [r"    \bottomrule", r"  \end{tabular}", r"\end{table}", ""]
    return "\n".join(lines).rstrip("\n")


FORMATS: dict[str, Callable[[Sequence[Pivot], str], str]] = {
    "json": as_json,
    "csv": as_csv,
    "markdown": as_markdown,
    "latex": as_latex,
}


def _tables(pivot: Pivot, shown: str) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Title, headers and rows of text: the goal's medians, with the dose below where it is known, then successes and seconds."""
    against = f"{pivot.setting} ({pivot.unit})" if pivot.unit else pivot.setting
    headers = [against, *(format_value(value) for value in pivot.values)]
    where = f"{pivot.task}{pivot.conditions and f', {pivot.conditions}'} · {pivot.dataset}"
    solvers = list(dict.fromkeys(pivot.rows["solver"]))
    cells = {(row["solver"], _key(row["value"])): row for row in pivot.rows.to_dict("records")}
    for what, column, title in (
        ("scores", "median", f"{pivot.goal.metric} against {pivot.setting}, {pivot.goal.better} is better"),
        ("success", "success", f"success % against {pivot.setting}"),
        ("seconds", LATENCY_S, f"seconds per solve against {pivot.setting}"),
    ):
        if shown not in ("all", what) or (what == "success" and pivot.rows["success"].isna().all()):
            continue
        rows = [
            [one_line(solver, 200), *(_cell(cells.get((solver, _key(value))), column) for value in pivot.values)]
            for solver in solvers
        ]
        if column == "median":
            doses = [_dose_at(pivot, value) for value in pivot.values]
            rows += [[_DOSE, *(number(dose) for dose in doses)]] if not all(math.isnan(dose) for dose in doses) else []
        yield f"{where} · {title}", headers, rows


def _cell(row: dict[Any, Any] | None, column: str) -> str:
    if row is None:
        return NOTHING
    estimate = row[column], row[f"{column}_low"], row[f"{column}_high"]
    return spread(*estimate, _percent, _percent) if column == "success" else spread(*estimate)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"


def _dose_at(pivot: Pivot, value: object) -> float:
    return next((float(row["dose"]) for row in pivot.rows.to_dict("records") if _key(row["value"]) == _key(value)), math.nan)


def _key(value: Any) -> Any:
    """A value as it can be compared: pandas turns None among numbers into NaN, and whole numbers beside it into floats."""
    return None if isinstance(value, float) and math.isnan(value) else value
