"""From results to the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prbench.analysis import NOT_RUN, leaderboards
from prbench.errors import UsageError
from prbench.metrics import metric_infos
from prbench.reporting.cell_table import gather

from .embedding import charting, digest, own_script, script_json, text
from .payload import payload
from .pictures import gallery
from .specs import specs

if TYPE_CHECKING:
    from prbench.running.store.results import ResultSet

PICTURES = 60
"""Reconstructions shown unless the user says otherwise."""


@dataclass(frozen=True)
class Written:
    """A report on disk.

    Attributes:
        path: of the HTML file.
        records: in it.
        bytes_: its size.
        picture_bytes: how much of that are pictures.
    """

    path: Path
    records: int
    bytes_: int
    picture_bytes: int


def write_report(
    results: ResultSet,
    path: str | Path,
    *,
    pictures: int = PICTURES,
    rank_by: str | None = None,
    columns: Sequence[str] | None = None,
) -> Written:
    """Write results as one HTML file that needs neither network nor server.

    It holds the leaderboards, quality against cost, convergence, the curves of settings that vary, a gallery, every cell, the
    failures, environments and how to reproduce. The same results give the same bytes.

    Args:
        results: what to report.
        path: the file; its folder must exist.
        pictures: at most so many reconstructions are shown.
        rank_by: the metric or cost that ranks; the tasks' goals where None.
        columns: names of the metrics and costs that the boards show at first; those of each task where None.

    Raises:
        UsageError: where there are no records.
    """
    frame = results.frame
    if frame.empty:
        raise UsageError(f"no records in {results.store.path}; `prbench run` makes some")
    table = gather(results)
    boards = leaderboards(frame, rank_by=rank_by, columns=columns) if not frame["status"].isin(NOT_RUN).all() else []
    shown = gallery(results, boards, pictures)
    data = script_json(payload(results, table, boards, shown, metric_infos()))
    html = _page(data, title=results.store.path.resolve().name)
    file = Path(path)
    file.write_text(html, encoding="utf-8", errors="replace")  # a folder's name may hold bytes that are no text
    return Written(file, len(frame), file.stat().st_size, _picture_bytes(shown))


def _page(data: str, title: str) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    library, own = charting(), own_script()
    environment = Environment(
        loader=PackageLoader(__package__, "assets"), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    return environment.get_template("page.html.j2").render(
        title=title,
        policy=f"default-src 'none'; script-src {digest(library)} {digest(own)}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'",
        style=Markup(text("page.css")),  # noqa: S704 - our own file
        library=Markup(library),  # noqa: S704 - checked by closed()
        own=Markup(own),  # noqa: S704 - checked by closed()
        specs=Markup(script_json(specs())),  # noqa: S704 - escaped for script elements
        data=Markup(data),  # noqa: S704 - escaped for script elements
    )


def _picture_bytes(shown: dict[str, Any]) -> int:
    return sum(
        len(image)
        for task in shown.values()
        for entry in task["datasets"]
        for view in entry["views"]
        for image in (view["truth"], *view["answers"], *view["errors"])
        if image is not None
    )
