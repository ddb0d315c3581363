"""Writing the site."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prbench import __version__
from prbench.errors import CannotWrite, UsageError
from prbench.metrics import metric_infos
from prbench.reporting.html import write_report
from prbench.reporting.html.embedding import text as asset
from prbench.reporting.leaderboards import FORMATS

from .blocks import Page
from .model import Site
from .pages import DOWNLOADS, pages
from .sources import SiteSource, read_sources

if TYPE_CHECKING:
    from prbench.running.store.results import ResultSet

LINKS = (
    ("Overview", "index.html"),
    ("History", "history.html"),
    ("Comparisons", "compare.html"),
    ("Missing and stale", "gaps.html"),
    ("All references", "data/references.bib"),
)
_FORMS = {"csv": "csv", "json": "json", "md": "markdown", "tex": "latex"}
_MARKER = "prbench-site"
"""A file in the site's folder by which a site is known that may be overwritten."""


def build_site(
    results: Sequence[ResultSet],
    folder: Path,
    *,
    bibliography: Callable[[Sequence[ResultSet]], str],
    kinds: Mapping[str, str] | None = None,
    pictures: int = 12,
) -> list[Path]:
    """Write a static site of several folders of results. It needs no server, and the same results give the same bytes.

    Args:
        results: the folders.
        folder: where to; created, or a site that is written anew.
        bibliography: the references of results, as BibTeX.
        kinds: what solvers are by name where that is not ``solver``, such as ``contestant``.
        pictures: reconstructions in the report of each run, at most.

    Returns:
        The files written.

    Raises:
        UsageError: for folders without records, and for a folder that holds something other than a site.
        CannotWrite: where the folder cannot be written to.
    """
    if not results:
        raise UsageError("name at least one folder of results")
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARKER).is_file():
        raise UsageError(f"{folder} holds something other than a site; name another folder with --out")
    sources = read_sources(results)
    site = Site(sources, metric_infos(), kinds or {})
    files: dict[str, str] = {_MARKER: f"{__version__}\n", "style.css": asset("page.css") + _EXTRA, "site.js": _own("site.js")}
    environment = _environment()
    for page in pages(site):
        files[page.path] = _render(environment, page)
    files["data/references.bib"] = bibliography(results)
    files["data/all.csv"] = FORMATS["csv"]([board for source in sources for board in source.boards])
    for source in sources:
        files |= _downloads(source, bibliography)
    written = _write(folder, files)
    for source in sources:
        path = folder / "report" / f"{source.slug}.html"
        path.parent.mkdir(exist_ok=True)
        write_report(source.results, path, pictures=pictures)
        written.append(path)
    return written


def _downloads(source: SiteSource, bibliography: Callable[[Sequence[ResultSet]], str]) -> dict[str, str]:
    made = {suffix: FORMATS[form](source.boards) + "\n" for suffix, form in _FORMS.items()}
    made["bib"] = bibliography([source.results])
    return {f"data/{source.slug}.{suffix}": made[suffix] for suffix in DOWNLOADS}


def _write(folder: Path, files: Mapping[str, str]) -> list[Path]:
    written = []
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", errors="replace")
            written.append(path)
    except OSError as error:
        raise CannotWrite(f"{folder}: {error.strerror}; choose another folder with --out") from error
    return written


def _render(environment: Any, page: Page) -> str:
    filtered = any(block.rows and block.filtered for block in page.blocks)
    made: str = environment.get_template("site.html.j2").render(page=page, links=LINKS, filtered=filtered, version=__version__)
    return made


def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup, escape

    def wrapped(text: str) -> Markup:
        """Names may break after a bracket, a comma and a slash."""
        return Markup(str(escape(text)).replace("[", "[<wbr>").replace(",", ",<wbr>").replace("/", "/<wbr>"))  # noqa: S704 - escaped

    environment = Environment(
        loader=PackageLoader(__package__, "assets"), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters["wrapped"] = wrapped
    return environment


def _own(name: str) -> str:
    return (resources.files(__package__) / "assets" / name).read_text(encoding="utf-8")


_EXTRA = """
section.part[hidden], tr[hidden] { display: none; }
tr.first td { font-weight: 600; }
section.part svg { max-width: 640px; width: 100%; height: auto; }
form.lead { margin-top: 1rem; align-items: end; }
"""
