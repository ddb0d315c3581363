"""Pages on several runs: comparisons of two, and what is missing or stale."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from prbench.analysis.comparison import Versus, compare_results
from prbench.errors import UsageError
from prbench.reporting.values import number, spread

from .blocks import Page, Row, SiteBlock, SiteCell
from .model import Site, solver_cell

MOST_COMPARED = 12
"""Runs of which each pair is compared, newest first; further ones are compared with their successor alone."""


def comparisons(site: Site) -> Iterator[Page]:
    """A page per pair of runs that can be compared, and one with links to them."""
    newest = list(reversed(site.sources))
    near = set(combinations(range(min(len(newest), MOST_COMPARED)), 2)) | {(k, k + 1) for k in range(len(newest) - 1)}
    links = []
    for late, early in sorted(near):
        before, after = newest[early], newest[late]
        try:
            versus = compare_results(before.frame, after.frame, names=(before.name, after.name))
        except UsageError:
            continue  # no solver and no problem in common
        path = f"compare/{before.slug}--{after.slug}.html"
        links.append(Row([SiteCell(f"{before.name} → {after.name}", path), SiteCell(_verdicts(versus))]))
        yield Page(path, f"{before.name} → {after.name}", [_comparison(site, versus)], "The verdict is on the second.")
    notes = ["Pairs of runs that have a solver and problems in common; the verdict is on the second."]
    notes += [] if links else ["There is no such pair yet."]
    yield Page("compare.html", "Comparisons", [SiteBlock("", "compare", notes, ("runs", "verdicts"), links, filtered=False)])


def _verdicts(versus: Versus) -> str:
    counts = versus.rows["verdict"].value_counts()
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


def _comparison(site: Site, versus: Versus) -> SiteBlock:
    rows = []
    for row in versus.rows.to_dict("records"):
        solver, dataset = str(row["second"]), str(row["dataset"])
        change = spread(row["change"], row["change_low"], row["change_high"], values=str(row["values"] or ""))
        sign = "×" if row["scale"] == "ratio" else ""
        cells = [
            solver_cell(site, solver),
            SiteCell(dataset),
            SiteCell(str(row["metric"])),
            *(SiteCell(number(float(row[name])), number=True) for name in ("first_median", "second_median")),
            SiteCell(f"{sign}{change}", number=True),
            SiteCell(number(float(row["p_holm"])), number=True),
            SiteCell(f"{int(row['pairs'])}", number=True),
            SiteCell(str(row["verdict"])),
        ]
        rows.append(Row(cells, solver, dataset))
    notes = [
        f"{versus.first} and {versus.second}, pair by pair of cells. p: Wilcoxon's signed-rank test, corrected by Holm.",
        "Change: median over samples of the second's value over the first's (×) or minus it.",
    ]
    headers = ("solver", "dataset", "metric", "#first", "#second", "#change", "#p", "#pairs", "verdict")
    return SiteBlock("", "comparison", notes, headers, rows)


def gaps(site: Site) -> Page:
    """What is missing, failed, stale or unreadable in each run."""
    rows = []
    for source, board in site.boards():
        for row in board.rows.to_dict("records"):
            counts = [int(row[name]) for name in ("missing", "failed", "stale", "left_out")]
            if any(counts):
                cells = [
                    SiteCell(source.name, site.address("run", source.slug)),
                    SiteCell(board.task, site.address("task", board.task)),
                ]
                cells += [solver_cell(site, str(row["solver"])), SiteCell(str(row["dataset"]))]
                cells += [SiteCell(str(count), number=True) for count in counts]
                rows.append(Row([*cells, str(row["reason"] or "")], str(row["solver"]), str(row["dataset"]), source.name))
    headers = ("run", "task", "solver", "dataset", "#missing", "#failed", "#stale", "#left out", "no rank")
    notes = (
        "Missing: samples and seeds that other solvers of the run have been given.",
        "Stale: computed with other code than is installed where this page was made.",
        "Left out: cells of samples that not all ranked solvers have.",
    )
    broken = [
        Row([SiteCell(source.name), str(path.name), reason])
        for source in site.sources
        for path, reason in sorted(source.results.store.corrupt.items())
    ]
    blocks = [SiteBlock("", "gaps", notes, headers, rows)]
    if broken:
        blocks.append(SiteBlock("Not readable", "unreadable", (), ("run", "name", "reason"), broken))
    return Page("gaps.html", "Missing and stale", blocks)
