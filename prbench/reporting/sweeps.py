"""Sweeps as terminal tables, JSON, CSV, Markdown and LaTeX."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prbench.core.names import format_value
from prbench.errors import one_line
from prbench.metrics.cost_names import LATENCY_PAIRS

from .csv_text import csv_text
from .leaderboards import NOTE
from .markup import json_rows, latex_table, pipe_table
from .values import NOTHING, escape_markdown, number, spread

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Group

    from prbench.analysis.goals import Goal

Block = tuple[str, list[str], list[list[str]]]

_NOTE = f"{NOTE} n: cells."
_NOTE_OF_SETTINGS = (
    "Scores are medians over samples; failed cells count as worst. named: the solver as asked for, with its interval. "
    "10 %, 90 %: what a tenth of the settings beat, and fall short of. solved: settings that succeed in half of their samples."
)


@dataclass(frozen=True, eq=False)
class Sweep:
    """A finished sweep.

    Attributes:
        goals: by dataset.
        rows: of :func:`prbench.analysis.sweeps.sweep_table`; of :func:`prbench.analysis.sensitivity.sensitivity` without axes.
        axes: columns of the values swept; none for random settings.
        influences: of random settings.
    """

    goals: Mapping[str, Goal]
    rows: pd.DataFrame
    axes: tuple[str, ...] = ()
    influences: pd.DataFrame | None = None


def terminal(sweep: Sweep) -> Iterator[Group | str]:
    """What to print: tables, then what they mean."""
    from .console import Column, table

    for title, headers, rows in _blocks(sweep):
        columns: list[Column] = [(headers[0], {"min_width": 14})]
        columns += [(header, {"justify": "right", "no_wrap": True}) for header in headers[1:]]
        yield table(title, columns, rows)
        yield ""
    yield _note(sweep)


def as_json(sweep: Sweep) -> str:
    """A list of rows with every column; of random settings an object with ``rows`` and ``influences``."""
    rows = json_rows(sweep.rows.to_dict("records"))
    if sweep.influences is None:
        return rows
    return f'{{\n"rows": {rows},\n"influences": {json_rows(sweep.influences.to_dict("records"))}\n}}'


def as_csv(sweep: Sweep) -> str:
    """Flat rows with every column."""
    return csv_text(sweep.rows)


def as_markdown(sweep: Sweep) -> str:
    """Pipe tables, with names escaped."""
    lines: list[str] = []
    for title, headers, rows in _blocks(sweep):
        lines += [f"### {escape_markdown(title)}", "", *pipe_table(headers, rows, names=(0,)), ""]
    return "\n".join([*lines, _note(sweep)])


def as_latex(sweep: Sweep) -> str:
    """Tables; need the package booktabs."""
    lines: list[str] = []
    for title, headers, rows in _blocks(sweep):
        lines += [*latex_table(f"{title}. {_note(sweep)}", headers, rows, names=(0,)), ""]
    return "\n".join(lines).rstrip("\n")


FORMATS: dict[str, Callable[[Sweep], str]] = {"json": as_json, "csv": as_csv, "markdown": as_markdown, "latex": as_latex}


def _note(sweep: Sweep) -> str:
    if not sweep.axes:
        return _NOTE_OF_SETTINGS
    return _NOTE


def _blocks(sweep: Sweep) -> Iterator[Block]:
    """Title, headers and rows of text, the same for every format."""
    if not sweep.axes:
        yield from _settings(sweep)
    elif len(sweep.axes) == 1:
        yield from _curves(sweep)
    else:
        yield from _maps(sweep)


def _title(sweep: Sweep, task: str, dataset: str) -> str:
    goal = sweep.goals[dataset]
    return f"{task} · {dataset} · {goal.metric}, {goal.better} is better"


def _curves(sweep: Sweep) -> Iterator[Block]:
    """A table for each dataset: the solvers, and each at every value."""
    axis = sweep.axes[0]
    for (task, dataset), part in sweep.rows.groupby(["task", "dataset"], sort=False):
        rows = [row for _, group in part.groupby("solver", sort=False) for row in group.to_dict("records")]
        cells = {
            "solver": [one_line(row["solver"], 200) for row in rows],
            axis.removeprefix("over."): [value_text(row[axis]) for row in rows],
            sweep.goals[str(dataset)].metric: [spread(row["median"], row["median_low"], row["median_high"]) for row in rows],
            "success %": [_percents(row) for row in rows],
            "pairs": [number(row[LATENCY_PAIRS]) for row in rows],
            "n": [str(row["cells"]) for row in rows],
            "failed": [str(row["failed"]) for row in rows],
        }
        yield _block(_title(sweep, str(task), str(dataset)), cells, keep=2)


def _maps(sweep: Sweep) -> Iterator[Block]:
    """A table for each dataset and solver: the first setting across, the second down."""
    across, down = sweep.axes
    for (task, dataset, solver), part in sweep.rows.groupby(["task", "dataset", "solver"], sort=False):
        rows = part.to_dict("records")
        column, line = (list(dict.fromkeys(value_text(row[axis]) for row in rows)) for axis in (across, down))
        at = {(value_text(row[across]), value_text(row[down])): row for row in rows}
        success = any(not math.isnan(row["success"]) for row in rows)
        corner = f"{down.removeprefix('over.')} \\ {across.removeprefix('over.')}"
        text = [[y, *(_of_map(at.get((x, y)), success=success) for x in column)] for y in line]
        goal = sweep.goals[str(dataset)]
        threshold = "" if goal.threshold is None else f", {goal.metric} to {goal.threshold:g}"
        what = f"success %{threshold}" if success else f"median {goal.metric}"
        cells = part["cells"].unique()
        many = str(cells[0]) if len(cells) == 1 else f"{cells.min()} to {cells.max()}"
        yield f"{task} · {dataset} · {one_line(solver, 200)} · {what} · n = {many} each", [corner, *column], text


def _of_map(row: dict[Any, Any] | None, *, success: bool) -> str:
    if row is None:
        return NOTHING
    return _percents(row) if success else spread(row["median"], row["median_low"], row["median_high"])


def _settings(sweep: Sweep) -> Iterator[Block]:
    """A table for each dataset, and one of what matters."""
    for (task, dataset), part in sweep.rows.groupby(["task", "dataset"], sort=False):
        rows = part.to_dict("records")
        cells = {
            "solver": [one_line(row["solver"], 200) for row in rows],
            "named": [spread(row["default"], row["default_low"], row["default_high"]) for row in rows],
            **{header: [number(row[name]) for row in rows] for header, name in _QUANTILES.items()},
            "solved %": [NOTHING if math.isnan(row["success"]) else f"{100 * row['success']:.0f}" for row in rows],
            "settings": [str(row["settings"]) for row in rows],
        }
        yield _block(_title(sweep, str(task), str(dataset)), cells, keep=1)
        if sweep.influences is not None and len(result := sweep.influences[sweep.influences["dataset"] == dataset]):
            of = result.to_dict("records")
            yield (
                f"{task} · {dataset} · rank correlation of {sweep.goals[str(dataset)].metric} with each setting",
                ["solver", "setting", "correlation", "p"],
                [[row["solver"], row["setting"], f"{row['correlation']:+.2f}", f"{row['p']:.2g}"] for row in of],
            )


_QUANTILES = {"best": "best", "10 %": "low", "median": "median", "90 %": "high", "worst": "worst"}


def _block(title: str, cells: Mapping[str, Sequence[str]], keep: int) -> Block:
    headers = [header for i, (header, column) in enumerate(cells.items()) if i < keep or any(cell != NOTHING for cell in column)]
    return title, headers, [list(row) for row in zip(*(cells[header] for header in headers), strict=True)]


def _percents(row: dict[Any, Any]) -> str:
    def percent(share: float) -> str:
        return f"{100 * share:.0f}"

    return spread(row["success"], row["success_low"], row["success_high"], percent, percent)


def value_text(value: object) -> str:
    """A value swept, as a user writes it; a dash where a solver does not have the setting."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOTHING
    plain = value.item() if hasattr(value, "item") else value
    return f"{plain:g}" if isinstance(plain, float) else format_value(plain)
