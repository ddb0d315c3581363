"""LaTeX tables: the leaderboard, every metric, and what papers have published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prbench.analysis import SCORED, group_medians, medians
from prbench.metrics.cost_names import (
    FLOPS,
    LATENCY_PAIRS,
    LATENCY_S,
    OPERATORS,
    PARAMETERS,
    PASSES,
    PEAK_MEMORY_DEVICE,
    PEAK_MEMORY_HOST,
    SOLVE_FLOPS,
)
from prbench.reporting.leaderboards import as_latex
from prbench.reporting.markup import latex_table
from prbench.reporting.values import spread
from prbench.running.store.table import metric_columns

from .published import Quoted
from .task_report import TaskReport

if TYPE_CHECKING:
    import pandas as pd

COSTS = (LATENCY_S, LATENCY_PAIRS, OPERATORS, PASSES, PARAMETERS, FLOPS, SOLVE_FLOPS, PEAK_MEMORY_HOST, PEAK_MEMORY_DEVICE)


def leaderboard_table(report: TaskReport) -> str:
    """As ``prbench leaderboard --format latex`` prints it."""
    return as_latex([report.board]) + "\n"


def metrics_table(report: TaskReport) -> str:
    """For each dataset every metric and cost known there: medians over samples of what was scored, with their intervals."""
    frame = report.frame
    scored = frame[frame["status"].isin(SCORED)]
    scores = metric_columns(frame.columns)
    lines: list[str] = []
    for dataset in report.datasets:
        mine = scored[scored["dataset"] == dataset]
        columns = [name for name in (*scores, *COSTS) if mine[name].notna().any()]
        ranked = [row["solver"] for row in report.rows(dataset)]
        cells = [_column(mine, name, ranked) for name in columns]
        counts = [str(int((mine["solver"] == solver).sum())) for solver in ranked]
        rows = [[solver, *(column[at] for column in cells), counts[at]] for at, solver in enumerate(ranked)]
        caption = (
            f"{report.board.title}, {dataset}: medians over samples with intervals of 95 % at least, of cells that were scored; "
            "n counts them. " + " ".join(_meaning(report, name) for name in columns)
        )
        lines += [*latex_table(caption.strip(), ["solver", *columns, "n"], rows, names=(0,)), ""]
    return "\n".join(lines)


def published_table(task: str, published: list[Quoted]) -> str:
    """What papers say, with their conditions and sources."""
    headers = ["method", "quantity", "value", "unit", "conditions", "source"]
    rows = [[row.method, row.quantity, f"{row.value:g}", row.unit, row.conditions, row.source] for row in published]
    caption = f"{task}: published figures. They were measured elsewhere; times of different machines do not compare."
    return "\n".join(latex_table(caption, headers, rows, names=(0, 1, 3, 4, 5))) + "\n"


def _column(records: pd.DataFrame, name: str, ranked: list[str]) -> list[str]:
    """The text of each solver's cell."""
    import pandas as pd

    rank = {solver: at for at, solver in enumerate(ranked)}
    pair, pairs = pd.factorize(pd.MultiIndex.from_arrays([records["solver"], records["sample"]]))
    owner = np.asarray([rank[solver] for solver in pairs.get_level_values(0)], dtype=int)
    result = medians(group_medians(records[name].to_numpy(dtype=float), pair, len(pairs))[0], owner, len(ranked))
    ends = zip(result.value.tolist(), result.low.tolist(), result.high.tolist(), strict=True)
    return [spread(value, low, high) for value, low, high in ends]


def _meaning(report: TaskReport, name: str) -> str:
    info = report.infos.get(name)
    return "" if info is None else f"{name}{f' ({info.unit})' if info.unit else ''}: {info.better} is better."
