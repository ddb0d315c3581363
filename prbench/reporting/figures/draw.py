"""Every figure and table that results have the records for."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from prbench.analysis import NOT_RUN, leaderboards
from prbench.analysis.goals import judged_by_record
from prbench.errors import UsageError, one_line
from prbench.metrics import metric_infos
from prbench.reporting.cell_table import gather, of_board
from prbench.reporting.markup import pipe_table
from prbench.reporting.variations import natural

from .convergence import convergence
from .field import field
from .galleries import galleries
from .pareto import pareto
from .profiles import profiles
from .published import read_published
from .quality import quality
from .robustness import robustness
from .saving import FORMATS, save
from .style import STYLES, styled
from .tables import leaderboard_table, metrics_table, published_table
from .task_report import TaskReport, letter_panels
from .trials import trials

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from prbench.running.store.results import ResultSet

KINDS: dict[str, Callable[[TaskReport], Figure | None]] = {
    "quality": quality,
    "pareto": pareto,
    "field": field,
    "profiles": profiles,
    "robustness": robustness,
    "convergence": convergence,
    "trials": trials,
}
"""The figures that a task has one of."""


def draw_figures(
    results: ResultSet,
    folder: Path,
    *,
    style: str = "paper",
    formats: Sequence[str] = ("pdf",),
    published: Path | None = None,
    datasets: Sequence[str] = (),
    rank_by: str | None = None,
    columns: Sequence[str] | None = None,
    apart: Sequence[str] = (),
) -> Iterator[Path]:
    """Draw results into ``folder``, which is made, and tell each path once it is written.

    Where a task has several boards, as of different splits, their conditions follow the task in the names of files.

    For each task ``<task>-<kind>`` of :data:`KINDS` where its records hold what the kind needs, ``<task>-gallery-<dataset>``, and
    as LaTeX the tables ``<task>-leaderboard``, ``<task>-metrics`` and ``<task>-published``; ``<task>-captions.md`` says what is
    what. The same results give the same bytes.

    Args:
        results: what to draw.
        folder: where to.
        style: one of :data:`~prbench.reporting.figures.style.STYLES`.
        formats: of :data:`~prbench.reporting.figures.saving.FORMATS`.
        published: folder of the CSV files of figures quoted from papers, or None.
        datasets: only those whose names hold one of these texts; empty for all.
        rank_by: the metric or cost that ranks; the tasks' goals where None.
        columns: names of the metrics and costs that the tables show; those of each task where None.
        apart: names of solvers that quality against cost shows without letting them into its front.

    Raises:
        UsageError: for an unknown style or format, datasets that there are none of, or results of which nothing has been run.
        BadInput: where a file of published figures cannot be understood.
    """
    if style not in STYLES:
        raise UsageError(f"there is no style {style!r}; there are {', '.join(STYLES)}")
    unknown = [form for form in formats if form not in FORMATS]
    if unknown or not formats:
        raise UsageError(f"formats must be some of {', '.join(FORMATS)}, got {', '.join(unknown) or 'none'}")
    results = _of_datasets(results, datasets) if datasets else results
    if results.frame["status"].isin(NOT_RUN).all():
        raise UsageError(f"nothing in {results.store.path} has been run; `prbench status` counts its cells")
    quoted = [] if published is None else read_published(published)
    table, infos = gather(results), metric_infos()
    folder.mkdir(parents=True, exist_ok=True)
    for board in leaderboards(results.frame, rank_by=rank_by, columns=columns):
        part = of_board(results, board)
        report = TaskReport(
            part,
            board,
            gather(part) if board.conditions else table,
            infos,
            [row for row in quoted if row.task == board.task],
            STYLES[style],
            frozenset(apart),
        )
        with styled(report.style):
            written = list(_figures(report, folder, formats))
        yield from written
        yield from _tables(report, folder)
        yield _captions(report, folder, {path.stem for path in written})


def _of_datasets(results: ResultSet, wanted: Sequence[str]) -> ResultSet:
    """The part of the results whose datasets' names hold one of the texts."""
    names = results.frame["dataset"]
    met = sorted({name for name in names if any(text in name for text in wanted)})
    if not met:
        there = one_line(", ".join(sorted(names.unique(), key=natural)))
        raise UsageError(f"no dataset of {results.store.path} holds {' or '.join(map(repr, wanted))}; there are {there}")
    return type(results)(results.store, list(results.frame["key"][names.isin(met)]))


def _figures(report: TaskReport, folder: Path, formats: Sequence[str]) -> Iterator[Path]:
    for kind, draw in KINDS.items():
        figure = draw(report)
        if figure is not None:
            letter_panels(figure)
            yield from save(figure, folder, f"{report.board.slug}-{kind}", formats)
    for dataset, figure in galleries(report):
        yield from save(figure, folder, f"{report.board.slug}-gallery-{_slug(dataset)}", formats)


def _tables(report: TaskReport, folder: Path) -> Iterator[Path]:
    tables = {"leaderboard": leaderboard_table(report), "metrics": metrics_table(report)}
    if report.published:
        tables["published"] = published_table(report.task, list(report.published))
    for name, text in tables.items():
        path = folder / f"{report.board.slug}-{name}.tex"
        path.write_text(text, encoding="utf-8")
        yield path


def _captions(report: TaskReport, folder: Path, drawn: set[str]) -> Path:
    """What the figures show, and the full names behind the short ones in them."""
    lines = [f"# {report.board.title}", ""]
    for kind, draw in {**KINDS, "gallery": galleries}.items():
        if any(name.startswith(f"{report.board.slug}-{kind}") for name in drawn):
            part = f" Shown: {report.notes[kind]}." if kind in report.notes else ""
            lines.append(f"- `{report.board.slug}-{kind}`: {(sys.modules[draw.__module__].__doc__ or '').strip()}{part}")
    if report.notes:
        lines += ["", "`prbench figures --dataset NAME` draws one dataset."]
    lines += ["", *_thresholds(report)]
    lines += [
        "",
        "Medians are over samples, failed cells count as worst, intervals cover 95 % at least; below six samples there are none.",
        "",
    ]
    lines += pipe_table(
        ["solver", "as in the figures"],
        [[name, style.name] for name, style in report.line_styles.items()],
        names=(0, 1),
    )
    lines += ["", *pipe_table(["dataset", "as in the figures"], [list(pair) for pair in report.titles.items()], names=(0, 1)), ""]
    path = folder / f"{report.board.slug}-captions.md"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _thresholds(report: TaskReport) -> Iterator[str]:
    """From which value on a reconstruction is a success, and why, and what bounds the score; the grey lines of the figures."""
    for goal in {goal.metric: goal for goal in report.board.goals.values()}.values():
        if goal.success is None:
            continue
        bound = f"{report.label(goal.metric)} {'at most' if goal.better == 'lower' else 'at least'} {goal.success:g}"
        if not goal.found:
            yield f"Success (grey lines): {bound}. {goal.reason}".rstrip()
        elif judged_by_record(goal, report.frame):
            yield f"Success: {report.infos[goal.found].meaning}."
        else:
            yield f"Success: {bound}, for records of before success was a function of the problem. {goal.reason}".rstrip()
        for name in goal.bounds:
            if name in report.frame and report.frame[name].notna().any():
                yield f"{report.label(name)}: {report.infos[name].meaning}, median over samples."


def _slug(dataset: str) -> str:
    """A dataset's name as part of a file's."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", dataset).strip("-.")[:80]
