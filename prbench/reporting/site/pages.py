"""The pages of the site: overview, tasks, datasets, solvers, runs and history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from prbench.analysis import Leaderboard
from prbench.analysis.overview import leaders
from prbench.core import MetricInfo
from prbench.reporting.html.overview import too_few
from prbench.reporting.leaderboards import explained
from prbench.reporting.values import number, spread

from .between import comparisons, gaps
from .blocks import Page, Row, SiteBlock, SiteCell
from .drawing import history_drawing
from .model import Site, plain, solver_cell
from .sources import SiteSource, slug


def pages(site: Site) -> list[Page]:
    """All of them."""
    named = [(kind, name) for kind in ("dataset", "solver") for name in _names(site, kind)]
    return [
        _index(site),
        *(_task(site, task) for task in site.tasks()),
        *(_plugin(site, kind, name) for kind, name in named),
        *(_run(site, source) for source in site.sources),
        _history(site),
        *comparisons(site),
        gaps(site),
    ]


def _names(site: Site, kind: str) -> list[str]:
    return sorted({plain(str(name)) for _, board in site.boards() for name in board.rows[kind]})


def _index(site: Site) -> Page:
    rows = []
    for source, board in site.boards():
        (leader,) = leaders([board])
        info = site.infos.get(leader.goal.metric)
        unit = f" {info.unit}" if info and info.unit else ""
        rows.append(
            Row(
                [
                    SiteCell(board.title, site.address("task", board.task)),
                    solver_cell(site, leader.solver),
                    SiteCell(f"{info.header if info else leader.goal.metric} {number(leader.value)}{unit}"),
                    SiteCell(leader.dataset, site.address("dataset", plain(leader.dataset))),
                    SiteCell(f"{leader.firsts} of {leader.datasets}", number=True),
                    SiteCell(str(leader.others), number=True),
                    SiteCell(source.name, site.address("run", source.slug)),
                ],
                leader.solver,
                leader.dataset,
                source.name,
            )
        )
    headers = ("task", "ahead", "score", "on dataset", "#first on", "#tied", "run")
    note = "First on: datasets on which it ranks first. Tied: solvers that the paired tests do not tell from it there."
    plugins = [
        SiteBlock(f"{kind}s".capitalize(), f"{kind}s", headers=(kind, "what"), rows=_directory(site, kind), filtered=False)
        for kind in ("dataset", "solver")
    ]
    return Page(
        "index.html",
        "prbench: results",
        [SiteBlock("Who is ahead in each task", "overview", [note], headers, rows), _runs(site), *plugins],
        "Solvers of phase problems on the same measurements, under one clock.",
    )


def _directory(site: Site, kind: str) -> list[Row]:
    rows = []
    for name in _names(site, kind):
        tasks = sorted({board.task for _, board in site.boards() if any(plain(str(n)) == name for n in board.rows[kind])})
        what = f"{site.kinds.get(name, kind)}, {', '.join(tasks)}" if kind == "solver" else ", ".join(tasks)
        rows.append(Row([SiteCell(name, site.address(kind, name)), what]))
    return rows


def _runs(site: Site) -> SiteBlock:
    rows = [
        Row(
            [
                SiteCell(source.name, site.address("run", source.slug)),
                source.submitter,
                ", ".join(source.versions),
                source.machine,
                source.date,
                SiteCell(f"{len(source.frame)}", number=True),
                source.sealed,
            ],
            run=source.name,
        )
        for source in reversed(site.sources)
    ]
    return SiteBlock("Runs", "runs", headers=("run", "by", "prbench", "machine", "date", "#cells", "problems"), rows=rows)


def _board_blocks(site: Site, source: SiteSource, board: Leaderboard, only: tuple[str, str] | None = None) -> Iterator[SiteBlock]:
    """A table per dataset; of one solver or dataset alone where ``only`` names its kind and its plain name."""
    for dataset, goal in board.goals.items():
        rows = board.rows[board.rows["dataset"] == dataset].to_dict("records")
        if only is not None:
            rows = [row for row in rows if plain(str(row[only[0]])) == only[1]]
        if not rows:
            continue
        info = site.infos.get(goal.metric)
        beside = [column for column in board.columns if column.name != goal.metric]
        headers = [
            "##",
            "solver",
            f"#{info.header if info else goal.metric}",
            "#success %",
            *(f"#{one.header}" for one in beside),
        ]
        sealed = f" {board.sealed[dataset].capitalize()}." if board.sealed.get(dataset) else ""
        yield SiteBlock(
            f"{dataset} · {source.name}",
            slug(f"{source.slug}-{board.slug}-{dataset}"),
            [f"{board.title}: ranked by {goal.metric}, {goal.better} is better.{sealed}", *too_few(board)],
            [*headers, "#n", "#failed", "#missing", "#stale"],
            [_board_row(site, row, beside, source) for row in rows],
        )


def _board_row(site: Site, row: Mapping[Any, Any], beside: Sequence[MetricInfo], source: SiteSource) -> Row:
    first = row["rank"] == 1
    success = "–" if row["success"] != row["success"] else f"{100 * row['success']:.0f}"
    scores = [SiteCell(number(float(row[one.name])), number=True, title=one.meaning) for one in beside]
    counts = [SiteCell(f"{int(row[name])}", number=True) for name in ("cells", "failed", "missing", "stale")]
    median = spread(row["median"], row["median_low"], row["median_high"], values=str(row["values"] or ""))
    rank = "–" if row["rank"] != row["rank"] or row["rank"] is None else f"{int(row['rank'])}"
    cells = [SiteCell(rank, number=True), solver_cell(site, str(row["solver"])), SiteCell(median, number=True)]
    return Row(
        [*cells, SiteCell(success, number=True), *scores, *counts],
        str(row["solver"]),
        str(row["dataset"]),
        source.name,
        first=first,
    )


def _task(site: Site, task: str) -> Page:
    blocks: list[SiteBlock] = []
    for source, board in site.boards():
        if board.task == task:
            blocks += _board_blocks(site, source, board)
    notes = explained([board for _, board in site.boards() if board.task == task])
    return Page(site.address("task", task), f"Task {task}", [*blocks, SiteBlock("Reading the tables", "reading", notes)])


def _plugin(site: Site, kind: str, name: str) -> Page:
    blocks: list[SiteBlock] = [_history_block(site, kind, name)]
    for source, board in site.boards():
        blocks += _board_blocks(site, source, board, (kind, name))
    label = site.kinds.get(name, kind) if kind == "solver" else kind
    return Page(
        site.address(kind, name), f"{label.capitalize()} {name}", [block for block in blocks if block.rows or block.drawing]
    )


def _run(site: Site, source: SiteSource) -> Page:
    blocks = [block for board in source.boards for block in _board_blocks(site, source, board)]
    facts = [
        Row([SiteCell(name), text])
        for name, text in (
            ("by", source.submitter),
            ("prbench", ", ".join(source.versions)),
            ("machine", source.machine),
            ("problems", source.sealed),
            ("note", source.note or "none"),
        )
    ]
    links = [Row([SiteCell(f"{source.slug}.{kind}", f"../data/{source.slug}.{kind}"), what]) for kind, what in DOWNLOADS.items()]
    report = Row(
        [SiteCell("report", f"../report/{source.slug}.html"), "charts, pictures, every cell, failures, how to reproduce"]
    )
    return Page(
        site.address("run", source.slug),
        f"Run {source.name}",
        [
            SiteBlock("Facts", "facts", headers=("what", "value"), rows=facts, filtered=False),
            SiteBlock("Downloads", "downloads", headers=("name", "what"), rows=[report, *links], filtered=False),
            *blocks,
        ],
        f"{len(source.frame)} cells, {source.date}",
    )


DOWNLOADS = {
    "csv": "boards, every column",
    "json": "boards for programs",
    "md": "boards as Markdown",
    "tex": "boards as LaTeX",
    "bib": "references of everything shown",
}
"""Files of a run under ``data/``, by suffix."""


def _points(site: Site, kind: str, name: str) -> dict[tuple[str, str, str], list[tuple[SiteSource, Mapping[Any, Any]]]]:
    """The rows of a plug-in over the runs, by metric, dataset and solver as spelled; oldest run first."""
    series: dict[tuple[str, str, str], list[tuple[SiteSource, Mapping[Any, Any]]]] = {}
    for source in site.sources:
        for board in source.boards:
            for row in board.rows.to_dict("records"):
                if not name or plain(str(row[kind])) == name:
                    series.setdefault((str(row["metric"]), str(row["dataset"]), str(row["solver"])), []).append((source, row))
    return series


def _history_block(site: Site, kind: str, name: str) -> SiteBlock:
    """Medians of each solver on each dataset over the runs, where there is more than one."""
    rows = []
    for (metric, dataset, solver), points in sorted(_points(site, kind, name).items()):
        for source, row in points if len(points) > 1 else ():
            cells: list[SiteCell | str] = [
                solver_cell(site, solver),
                SiteCell(dataset, site.address("dataset", plain(dataset))),
                metric,
                SiteCell(source.name, site.address("run", source.slug)),
                ", ".join(source.versions),
                source.date,
                SiteCell(number(float(row["median"])), number=True),
                SiteCell(f"{int(row['samples'])}", number=True),
            ]
            rows.append(Row(cells, solver, dataset, source.name))
    series = [
        (f"{solver} on {dataset}", [float(row["median"]) for _, row in points])
        for (_, dataset, solver), points in sorted(_points(site, kind, name).items())
        if len(points) > 1
    ]
    headers = ("solver", "dataset", "metric", "run", "prbench", "date", "#median", "#samples")
    return SiteBlock("History", "history", (), headers, rows, drawing=history_drawing(series) if name else "")


def _history(site: Site) -> Page:
    block = _history_block(site, "solver", "")
    note = "Medians of the same solver on the same dataset, run by run; oldest first."
    empty = () if block.rows else ("No solver stands in two runs yet.",)
    return Page("history.html", "History", [SiteBlock("", "history", [note, *empty], block.headers, block.rows)])
