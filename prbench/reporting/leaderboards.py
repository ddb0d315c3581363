"""A leaderboard as a terminal table, JSON, CSV, Markdown or LaTeX."""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from prbench.errors import one_line

from .csv_text import csv_text

if TYPE_CHECKING:
    from rich.console import Group

    from prbench.analysis import Leaderboard

NOTE = "Medians over samples, and success rates, with 95 % intervals (bootstrap, Wilson); failed cells count as worst."
NOTHING = "–"

HEADERS = {
    "r_factor": "R",
    "displacement_outliers": "outliers",
    "phase_rmse": "phase",
    "stack_residual": "residual",
    "images_used": "images",
    "mesh_mse": "mesh MSE",
    "mesh_skewness": "mesh skew",
    "relief_skewness": "relief skew",
    "brisque": "BRISQUE",
    "niqe": "NIQE",
    "latency_s": "seconds",
    "latency_fft": "pairs",
}
"""Short headers of the columns beside the goal."""

_MEANINGS = {
    "R": "R: misfit to the measurement.",
    "outliers": "outliers: pixels displaced wrongly by more than 1 px.",
    "phase": "phase: its error in rad.",
    "residual": "residual: misfit to the sample's images, 1 is no better than the reference.",
    "images": "images: pairs used.",
    "mesh MSE": "mesh MSE: mean squared error of the height, m^2.",
    "mesh skew": "mesh skew: mean equiangular skewness of the surface's triangles, 0 is best.",
    "relief skew": "relief skew: the same of the phase's surface plot, a grey level as high as a pixel.",
    "BRISQUE": "BRISQUE, NIQE: how unlike a photograph the phase looks, whatever the truth.",
    "ranks": "ranks: those that paired tests leave possible.",
    "best %": "best: probability of having the best median.",
    "pairs": "pairs: the time in FFT pairs of the same shape.",
}


def terminal(boards: Sequence[Leaderboard], width: int) -> Iterator[Group | str]:
    """What to print in ``width`` columns: a table for each dataset of each task, then the notes that explain it."""
    from .console import Column, table

    shown: set[str] = set()
    for board in boards:
        for dataset, all_headers, all_rows in _blocks(board):
            goal = board.goals[dataset]
            headers, rows = _fit(all_headers, all_rows, width)
            shown |= set(headers)
            columns: list[Column] = [("#", {"justify": "right"}), ("solver", {"min_width": _SOLVER_WIDTH})]
            columns += [(header, {"justify": "right", "no_wrap": True}) for header in headers[2:]]
            yield table(f"{board.task} · {dataset} · ranked by {goal.metric}, {goal.better} is better", columns, rows)
            yield ""
    yield _note(shown)
    yield from _extras_wanted(boards)
    for column, note in _NOTES.items():
        if any(board.rows[column].sum() for board in boards):
            yield note


_SOLVER_WIDTH = 20
_EXPENDABLE = (
    "pairs",
    "images",
    "R",
    "mesh skew",
    "NIQE",
    "BRISQUE",
    "mesh MSE",
    "phase",
    "residual",
    "outliers",
    "best %",
    "seconds",
    "success %",
    "ranks",
)
"""Columns given up in this order where the terminal is too narrow; the other formats always have them."""

_NOTES = {
    "failed": "failed: crashed, diverged, killed or without a score; `prbench status` lists the reasons.",
    "time_limit": "limit: stopped at the time limit, scored as they stood.",
    "stale": "stale: computed with an older version of the code; `prbench run --rerun stale` renews them.",
    "missing": "missing: samples and seeds that other solvers of the dataset have a cell of.",
}


def _note(headers: Iterable[str]) -> str:
    """What the numbers of tables with these headers mean."""
    return " ".join([NOTE, *(text for header, text in _MEANINGS.items() if header in set(headers)), "n: cells."])


def _fit(headers: list[str], rows: list[list[str]], width: int) -> tuple[list[str], list[list[str]]]:
    """Leave out expendable columns until the rest fits; the solver's name wraps."""
    for name in (*_EXPENDABLE, ""):
        columns = [max(len(header), *(len(row[i]) for row in rows)) for i, header in enumerate(headers)]
        columns[1] = _SOLVER_WIDTH
        if sum(columns) + 2 * (len(columns) - 1) <= width or name not in headers:
            continue
        at = headers.index(name)
        headers = headers[:at] + headers[at + 1 :]
        rows = [row[:at] + row[at + 1 :] for row in rows]
    return headers, rows


def as_json(boards: Sequence[Leaderboard]) -> str:
    """One list of rows with the columns of :class:`~prbench.analysis.Leaderboard`; null where undefined, and
    ``"Infinity"``, as in the records, where failures reach the median or the end of an interval.
    """
    rows = [{key: json_value(value) for key, value in row.items()} for board in boards for row in board.rows.to_dict("records")]
    return json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False)


def as_csv(boards: Sequence[Leaderboard]) -> str:
    """Flat rows, one a dataset and solver, with every column; ``inf`` where failures reach the median."""
    import pandas as pd

    rows = pd.concat([board.rows for board in boards], ignore_index=True)
    names = {name: rows[name].map(lambda text: one_line(text, 500)) for name in ("dataset", "solver")}
    return csv_text(rows.assign(**names))


def as_markdown(boards: Sequence[Leaderboard]) -> str:
    """A pipe table for each dataset, with names escaped."""
    lines: list[str] = []
    shown: set[str] = set()
    for board in boards:
        for dataset, headers, rows in _blocks(board):
            goal = board.goals[dataset]
            shown |= set(headers)
            lines += [f"### {escape_markdown(board.task)} · {escape_markdown(dataset)}", ""]
            lines += [f"Ranked by {escape_markdown(goal.metric)}, {goal.better} is better.", ""]
            lines += ["| " + " | ".join(escape_markdown(h) for h in headers) + " |"]
            lines += ["| ---: | :--- |" + " ---: |" * (len(headers) - 2)]
            lines += ["| " + " | ".join(escape_markdown(cell) for cell in row) + " |" for row in rows]
            lines.append("")
    return "\n".join([*lines, " ".join([_note(shown), *map(escape_markdown, _extras_wanted(boards))])])


def as_latex(boards: Sequence[Leaderboard]) -> str:
    """A ``table`` with a ``tabular`` for each dataset; needs the package booktabs."""
    lines: list[str] = []
    for board in boards:
        for dataset, headers, rows in _blocks(board):
            goal = board.goals[dataset]
            caption = f"{board.task}, {dataset}: ranked by {goal.metric}. {' '.join([_note(headers), *_extras_wanted([board])])}"
            lines += [r"\begin{table}", r"  \centering", f"  \\caption{{{escape_latex(caption)}}}"]
            lines += [f"  \\begin{{tabular}}{{rl{'r' * (len(headers) - 2)}}}", r"    \toprule"]
            lines += ["    " + " & ".join(escape_latex(h) for h in headers) + r" \\", r"    \midrule"]
            lines += ["    " + " & ".join(latex_cell(i, cell) for i, cell in enumerate(row)) + r" \\" for row in rows]
            lines += [r"    \bottomrule", r"  \end{tabular}", r"\end{table}", ""]
    return "\n".join(lines).rstrip("\n")


FORMATS: dict[str, Callable[[Sequence[Leaderboard]], str]] = {
    "json": as_json,
    "csv": as_csv,
    "markdown": as_markdown,
    "latex": as_latex,
}


def number(value: float) -> str:
    """Three significant digits; a dash where undefined."""
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if 1000 <= abs(value) < 1e6:
        return f"{value:.0f}"
    return f"{value:.3g}"


def _end(value: float) -> str:
    """An end of an interval: two digits are enough."""
    return number(value) if math.isinf(value) or 100 <= abs(value) < 1e6 else f"{value:.2g}"


def spread(
    value: float, low: float, high: float, form: Callable[[float], str] = number, end: Callable[[float], str] = _end
) -> str:
    """An estimate with its interval; a single sample has none and says so by a dash."""
    if math.isnan(value):
        return NOTHING
    inner = NOTHING if math.isnan(low) else f"{end(low)}, {end(high)}"
    return f"{form(value)} [{inner}]"


def _blocks(board: Leaderboard) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Dataset, headers and rows of text, the same for every format; columns that hold nothing are left out."""
    extras = wanted_extras(board)
    for dataset, goal in board.goals.items():
        rows = board.rows[board.rows["dataset"] == dataset].to_dict("records")
        cells: dict[str, list[str]] = {
            "#": [str(row["rank"]) for row in rows],
            "solver": [one_line(row["solver"], 200) for row in rows],
            goal.metric: [_spread(row, "median") for row in rows],
            "ranks": [_ranks(row) for row in rows],
            "best %": [NOTHING if math.isnan(row["best"]) or len(rows) < 2 else _percent(row["best"]) for row in rows],
            "success %": [_spread(row, "success", _percent, _percent) for row in rows],
        }
        for name, header in HEADERS.items():
            if name != goal.metric and name in board.rows:
                wanted = f"[{extras[dataset][name]}]" if name in extras.get(dataset, {}) else NOTHING
                cells[header] = [wanted if math.isnan(row[name]) else number(row[name]) for row in rows]
        cells["n"] = [str(row["cells"]) for row in rows]
        cells["failed"] = [str(row["failed"]) for row in rows]
        for name, header in {"time_limit": "limit", "stale": "stale", "missing": "missing"}.items():
            if any(row[name] for row in rows):
                cells[header] = [str(row[name]) for row in rows]
        kept = [header for header, column in cells.items() if header in ("#", "solver") or any(c != NOTHING for c in column)]
        yield dataset, kept, [list(row) for row in zip(*(cells[header] for header in kept), strict=True)]


def _empty(rows: Sequence[dict[Any, Any]], name: str) -> bool:
    """Whether a column has no number though there are reconstructions."""
    return all(math.isnan(row[name]) for row in rows) and any(row["failed"] < row["cells"] for row in rows)


@functools.cache
def _missing_extra(name: str) -> str:
    """The extra that a metric needs and that is not installed here; empty where none is."""
    from prbench.catalogue.machine import missing_of
    from prbench.core import load_plugin, plugin_names

    extra: str = load_plugin("metric", name).info.extra if name in plugin_names("metric") else ""
    return extra if extra and missing_of(extra) else ""


def wanted_extras(board: Leaderboard) -> dict[str, dict[str, str]]:
    """By dataset, the columns that hold nothing there for want of an extra of prbench, each with that extra."""
    missing = {name: extra for name in HEADERS if name in board.rows and (extra := _missing_extra(name))}
    found: dict[str, dict[str, str]] = {}
    for dataset in board.goals if missing else ():
        rows = board.rows[board.rows["dataset"] == dataset].to_dict("records")
        found[dataset] = {name: extra for name, extra in missing.items() if _empty(rows, name)}
    return found


def how_to_get(extra: str) -> str:
    """A sentence that says why a column says ``[extra]``, and how it would be filled."""
    return f"[{extra}]: not computed; pip install -c constraints.txt -e '.[{extra}]', then `prbench rescore`."


def _extras_wanted(boards: Sequence[Leaderboard]) -> list[str]:
    """The sentences for all extras for want of which a column shown is empty."""
    wanted = [extra for board in boards for columns in wanted_extras(board).values() for extra in columns.values()]
    return [how_to_get(extra) for extra in dict.fromkeys(wanted)]


def _spread(row: dict[Any, Any], name: str, form: Callable[[float], str] = number, end: Callable[[float], str] = _end) -> str:
    return spread(row[name], row[f"{name}_low"], row[f"{name}_high"], form, end)


def _ranks(row: dict[Any, Any]) -> str:
    """The ranks that the data leave possible; nothing is said of a solver alone or of a single sample."""
    low, high = row["rank_low"], row["rank_high"]
    if row["samples"] < 2 or math.isnan(row["best"]):
        return NOTHING
    return f"{low}" if low == high else f"{low}-{high}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"


def json_value(value: Any) -> Any:
    """A value as strict JSON holds it: null where undefined, infinities as words."""
    plain = value.item() if hasattr(value, "item") else value
    if not isinstance(plain, float) or math.isfinite(plain):
        return plain
    return None if math.isnan(plain) else "Infinity" if plain > 0 else "-Infinity"


def escape_markdown(text: str) -> str:
    """Text in a Markdown table, without markup."""
    entities = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]()#+!|~$])", r"\\\1", one_line(entities, 500))


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


def escape_latex(text: str) -> str:
    """Text in LaTeX, without commands."""
    return "".join(_LATEX.get(c, c) for c in one_line(text, 1000))


def latex_cell(column: int, cell: str) -> str:
    """A cell of a table whose column 1 holds spelled names; powers of ten are set as such."""
    if column == 1:
        return f"\\texttt{{{escape_latex(cell)}}}"
    return re.sub(r"(-?\d+(?:\.\d+)?)e([+-]\d+)", lambda m: f"${m[1]}\\times10^{{{int(m[2])}}}$", escape_latex(cell))
