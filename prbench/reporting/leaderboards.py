"""A leaderboard as a terminal table, JSON, CSV, Markdown or LaTeX."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from prbench.analysis.common import RULE
from prbench.analysis.paired import samples_needed
from prbench.core.labels import labels_of
from prbench.errors import one_line

from .csv_text import csv_text
from .latex import aligned, best, escape_latex, label, latex_cell
from .values import NOTHING, escape_markdown, escape_markdown_text, interval_end, json_value, number, spread

if TYPE_CHECKING:
    from rich.console import Group

    from prbench.analysis import Leaderboard
    from prbench.analysis.goals import Goal
    from prbench.core import MetricInfo

INTERVALS = (
    "Intervals cover 95 % at least: order statistics for medians, Clopper-Pearson for success rates; below 6 samples the values "
    "stand in their place."
)
NOTE = f"Medians over samples; failed cells count as worst. {INTERVALS}"

_MEANINGS = {
    "ranks": "ranks: ranks consistent with the paired tests; medians closer than the smallest difference worth naming share one.",
    "bootstrap share": "bootstrap share: in how many per cent of the resamples the median is the best, from 10 samples on.",
    "n": "n: cells.",
}
"""Of the columns that are neither scores nor costs."""


def terminal(boards: Sequence[Leaderboard], width: int) -> Iterator[Group | str]:
    """What to print in ``width`` columns: a table for each dataset of each task, then the notes that explain it."""
    from .console import Column, table

    for board in boards:
        for dataset, headers, rows in _blocks(board):
            goal = board.goals[dataset]
            title = f"{board.title} · {dataset} · ranked by {goal.metric}, {goal.better} is better{_sealed(board, dataset)}"
            for number_, (part_headers, part_rows) in enumerate(_parts(headers, rows, width)):
                columns: list[Column] = [("#", {"justify": "right"}), ("solver", {"min_width": _SOLVER_WIDTH})]
                columns += [(header, {"justify": "right", "no_wrap": True}) for header in part_headers[2:]]
                yield table(title if number_ == 0 else "", columns, part_rows)
            yield ""
    yield _note(boards)
    for column, note in _NOTES.items():
        if any(board.rows[column].sum() for board in boards):
            yield note


_SOLVER_WIDTH = 20

_NOTES = {
    "failed": "failed: crashed, diverged, killed or without a score; `prbench status` lists the reasons.",
    "time_limit": "limit: stopped at the time limit, scored as they stood.",
    "stale": "stale: computed with an older version of the code; `prbench run --rerun stale` renews them.",
    "missing": "missing: samples and seeds that other solvers of the dataset have a cell of.",
    "left_out": "left out: cells of samples that not all ranked solvers have.",
}


def _sealed(board: Leaderboard, dataset: str) -> str:
    """Whether the problems of a dataset could be known beforehand, to follow a title."""
    state = board.sealed.get(dataset, "")
    return f" · {state}" if state else ""


def _note(boards: Sequence[Leaderboard]) -> str:
    """What the numbers of the tables of these boards mean."""
    infos = {(info.header, info.meaning): info for board in boards for info in _infos(board)}
    columns = [f"{info.header}: {info.meaning}." for info in infos.values() if info.header]
    return " ".join([NOTE, *explained(boards)[1:], *_MEANINGS.values(), *columns])


def explained(boards: Sequence[Leaderboard]) -> list[str]:
    """Sentences on intervals, on the samples that ranks need, and on solvers without a rank."""
    return [INTERVALS, *_power(boards), *_partial(boards), *_labels(boards)]


def _power(boards: Sequence[Leaderboard]) -> Iterator[str]:
    """How many samples the ranked solvers of the datasets need before their ranks can differ."""
    counts: set[tuple[int, int]] = set()
    for board in boards:
        ranked = board.rows[board.rows["rank"].notna()]
        groups = ranked.groupby("dataset")["samples"].agg(["size", "max"])
        counts |= {(int(solvers), int(samples)) for solvers, samples in groups.itertuples(index=False)}
    for solvers in sorted({solvers for solvers, _ in counts if solvers > 1}):
        yield power(solvers, min(samples for other, samples in counts if other == solvers))


def power(solvers: int, samples: int) -> str:
    """In a sentence, whether ranks of so many solvers can differ at all on so many samples."""
    needed = samples_needed(solvers)
    there = "" if samples >= needed else f", and there are {samples}" if samples > 1 else ", and there is 1"
    return f"Ranks of {solvers} solvers can differ from {needed} samples on{there}."


def _partial(boards: Sequence[Leaderboard]) -> Iterator[str]:
    """The rule of common samples where it matters, and the solvers without a rank."""
    rows = [row for board in boards for row in board.rows.to_dict("records") if row["reason"] or row["left_out"]]
    if rows:
        yield RULE
    told = dict.fromkeys(f"{row['solver']} on {row['dataset']} has {row['reason']}" for row in rows if row["reason"])
    if told:
        yield f"Without a rank: {one_line('; '.join(told), 500)}."


def _labels(boards: Sequence[Leaderboard]) -> Iterator[str]:
    """What stands behind the labels of tuned settings."""
    for name, label_ in labels_of(solver for board in boards for solver in board.rows["solver"].unique()).items():
        yield f"{label_}: {one_line(name, 500)}."


def _infos(board: Leaderboard) -> list[MetricInfo]:
    """The scores and costs of a board: those that rank, then those beside them."""
    from prbench.metrics.costs import metric_infos

    infos = metric_infos()
    ranking = [infos[goal.metric] for goal in board.goals.values() if goal.metric in infos]
    return list(dict.fromkeys([*ranking, *board.columns]))


def _parts(headers: list[str], rows: list[list[str]], width: int) -> Iterator[tuple[list[str], list[list[str]]]]:
    """The columns in as many tables as a terminal's width asks for, each with rank and solver; the solver's name wraps."""
    widths = [max(len(header), *(len(row[i]) for row in rows)) for i, header in enumerate(headers)]
    widths[1] = _SOLVER_WIDTH
    start = widths[0] + widths[1] + 2
    at, used, part = 2, start, [0, 1]
    while at < len(headers):
        if used + widths[at] + 2 > width and len(part) > 2:
            yield [headers[i] for i in part], [[row[i] for i in part] for row in rows]
            used, part = start, [0, 1]
        part.append(at)
        used += widths[at] + 2
        at += 1
    yield [headers[i] for i in part], [[row[i] for i in part] for row in rows]


def as_json(boards: Sequence[Leaderboard]) -> str:
    """One list of rows with the columns of :class:`~prbench.analysis.Leaderboard`; null where undefined, and
    ``"Infinity"``, as in the records, where failures reach the median or the end of an interval.
    """
    rows = [{key: json_value(value) for key, value in row.items()} for board in boards for row in board.rows.to_dict("records")]
    return json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False)


def as_csv(boards: Sequence[Leaderboard]) -> str:
    """Flat rows, one per dataset and solver, with every column; ``inf`` where failures reach the median."""
    import pandas as pd

    rows = pd.concat([board.rows for board in boards], ignore_index=True)
    names = {name: rows[name].map(lambda text: one_line(text, 500)) for name in ("dataset", "solver")}
    return csv_text(rows.assign(**names))


def as_markdown(boards: Sequence[Leaderboard]) -> str:
    """A pipe table for each dataset, with names escaped."""
    lines: list[str] = []
    for board in boards:
        for dataset, headers, rows in _blocks(board):
            goal = board.goals[dataset]
            lines += [f"### {escape_markdown(board.title)} · {escape_markdown(dataset)}", ""]
            lines += [f"Ranked by {escape_markdown(goal.metric)}, {goal.better} is better{_sealed(board, dataset)}.", ""]
            lines += ["| " + " | ".join(escape_markdown(h) for h in headers) + " |"]
            lines += ["| ---: | :--- |" + " ---: |" * (len(headers) - 2)]
            lines += ["| " + " | ".join(escape_markdown(cell) for cell in row) + " |" for row in rows]
            lines.append("")
    return "\n".join([*lines, escape_markdown_text(_note(boards))])


MOST_COLUMNS = 7
"""Of a LaTeX table unless more are asked for: what fits a page."""


def as_latex(boards: Sequence[Leaderboard], most: int | None = MOST_COLUMNS) -> str:
    """A ``table`` with a label and a ``tabular`` for each dataset, the best in bold; needs the package booktabs.

    Args:
        boards: to print.
        most: columns at most, from the left in the order of the boards; all where None.
    """
    lines: list[str] = []
    for board in boards:
        by_dataset = dict(tuple(board.rows.groupby("dataset", sort=False, observed=True)))
        explanations = explained([board])
        for dataset, headers, rows in _blocks(board):
            goal = board.goals[dataset]
            columns = _latex_columns(board, goal, headers, rows, by_dataset[dataset].to_dict("records"))
            shown = dict(list(columns.items())[:most])
            left_out = f" {len(columns) - len(shown)} further columns: prbench leaderboard." if len(columns) > len(shown) else ""
            meanings = [f"{info.header}: {info.meaning}." for info in _infos(board) if info.header in shown]
            notes = " ".join(["Medians over samples; failed cells count as worst, n counts all.", *explanations, *meanings])
            caption = f"{board.title}, {dataset}: ranked by {goal.metric}{_sealed(board, dataset)}. {notes}{left_out}"
            lines += [r"\begin{table}", r"  \centering", f"  \\caption{{{escape_latex(caption)}}}"]
            lines += [f"  \\label{{{label(board.title, dataset)}}}"]
            lines += [f"  \\begin{{tabular}}{{rl{'r' * (len(shown) - 2)}}}", r"    \toprule"]
            lines += ["    " + " & ".join(escape_latex(header) for header in shown) + r" \\", r"    \midrule"]
            lines += ["    " + " & ".join(row) + r" \\" for row in zip(*shown.values(), strict=True)]
            lines += [r"    \bottomrule", r"  \end{tabular}", r"\end{table}", ""]
    return "\n".join(lines).rstrip("\n")


def _latex_columns(
    board: Leaderboard, goal: Goal, headers: list[str], rows: list[list[str]], records: list[dict[Any, Any]]
) -> dict[str, list[str]]:
    """Cells of LaTeX by header, of one dataset: what a paper prints first stands first.

    Args:
        board: where the dataset stands.
        goal: what ranks there.
        headers: of the columns, as :func:`_blocks` gives them.
        rows: of text, as it gives them.
        records: the board's rows of the dataset, in the same order.
    """
    cells = {header: [row[at] for row in rows] for at, header in enumerate(headers)}
    infos = {info.header or info.name: info for info in _infos(board)}
    score = headers[2]
    last = [name for name in ("ranks", "bootstrap share") if name in cells]
    failed = ["failed"] if any(row["failed"] for row in records) else []
    first = ["#", "solver", score, "success %", "n", *failed]
    order = [*first, *(name for name in headers if name not in (*first, *last, "failed")), *last]
    heavy = {
        name: best([float(row[info.name]) for row in records], info.better)
        for name, info in infos.items()
        if name != score and info.name in records[0]
    }
    heavy[score] = best([float(row["median"]) for row in records], goal.better)
    heavy["success %"] = best([float(row["success"]) for row in records], "higher")
    return {
        name: [latex_cell(1, cell) for cell in cells[name]]
        if name == "solver"
        else aligned(cells[name], heavy.get(name, [False] * len(rows)))
        for name in order
    }


FORMATS: dict[str, Callable[[Sequence[Leaderboard]], str]] = {
    "json": as_json,
    "csv": as_csv,
    "markdown": as_markdown,
    "latex": as_latex,
}


def _blocks(board: Leaderboard) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Dataset, headers and rows of text, the same columns for every dataset of a board and for every format."""
    infos = {info.name: info for info in _infos(board)}
    counts = {"time_limit": "limit", "stale": "stale", "missing": "missing", "left_out": "left out"}
    told = {name: header for name, header in counts.items() if board.rows[name].any()}
    names = labels_of(board.rows["solver"].unique())
    by_dataset = dict(tuple(board.rows.groupby("dataset", sort=False, observed=True)))
    exact = {goal.exact for goal in board.goals.values() if goal.exact is not None and (board.rows["exact"] > 0).any()}
    for dataset, goal in board.goals.items():
        rows = by_dataset[dataset].to_dict("records")
        ranked = sum(not row["reason"] for row in rows)
        cells: dict[str, list[str]] = {
            "#": [NOTHING if row["reason"] else str(row["rank"]) for row in rows],
            "solver": [one_line(names.get(row["solver"], row["solver"]), 200) for row in rows],
            infos[goal.metric].header if goal.metric in infos else goal.metric: [
                _spread(row, "median", values=row["values"]) for row in rows
            ],
            "ranks": [_ranks(row, alone=ranked < 2) for row in rows],
            "bootstrap share": [NOTHING if math.isnan(row["best"]) or ranked < 2 else _percent(row["best"]) for row in rows],
            "success %": [_spread(row, "success", _percent, _percent) for row in rows],
            **{f"≤ {value:g} %": [_share(row["exact"]) for row in rows] for value in exact},
            "n": [str(row["cells"]) for row in rows],
            "failed": [str(row["failed"]) for row in rows],
            **{header: [str(row[name]) for row in rows] for name, header in told.items()},
        }
        for info in board.columns:
            if info.name != goal.metric:
                cells[info.header or info.name] = [number(row[info.name]) for row in rows]
        yield dataset, list(cells), [list(row) for row in zip(*cells.values(), strict=True)]


def _spread(
    row: dict[Any, Any],
    name: str,
    form: Callable[[float], str] = number,
    end: Callable[[float], str] = interval_end,
    values: str = "",
) -> str:
    return spread(row[name], row[f"{name}_low"], row[f"{name}_high"], form, end, values)


def _ranks(row: dict[Any, Any], *, alone: bool) -> str:
    """The ranks that the tests leave possible; nothing is said of a solver alone, unranked, or of a single sample."""
    if alone or row["reason"] or row["samples"] < 2:
        return NOTHING
    low, high = row["rank_low"], row["rank_high"]
    return f"{low}" if low == high else f"{low}-{high}"


def _share(share: float) -> str:
    return NOTHING if math.isnan(share) else _percent(share)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"
