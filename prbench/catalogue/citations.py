"""The bibliography of what results hold: solvers, datasets and metrics by name, read without importing them where possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points

from prbench.contestants.folders import declaration_of, installed_declarations
from prbench.core import load_plugin, parse_name
from prbench.core.references import Reference, bibliography, cited
from prbench.core.registry import Kind
from prbench.core.tuned import resolve_tuned
from prbench.errors import UsageError

from .declarations import NotLiteral, definition

_DECORATORS: dict[Kind, str] = {"solver": "register", "dataset": "register", "metric": "metric"}


def bibliography_of(solvers: Iterable[str], datasets: Iterable[str], metrics: Iterable[str]) -> str:
    """BibTeX of the references of installed plug-ins, each once, ordered by key.

    Args:
        solvers: names as in records, settings in brackets and labels of tuned settings included.
        datasets: the same.
        metrics: names of metrics.

    A name that no installed package registers is left out: a file of the user's own is not imported to be cited.
    """
    wanted: list[tuple[Kind, str]] = [
        *(("solver", name) for name in solvers),
        *(("dataset", name) for name in datasets),
        *(("metric", name) for name in metrics),
    ]
    result = {(kind, _plain(kind, spelled)) for kind, spelled in wanted}
    return bibliography(reference for kind, name in sorted(result) for reference in _references(kind, name))


def _plain(kind: Kind, spelled: str) -> str:
    """The name of a plug-in without its settings."""
    try:
        name, _ = parse_name(spelled)
        return resolve_tuned(name)[0] if kind == "solver" else name
    except UsageError:
        return spelled.partition("[")[0].partition("@")[0]


def _references(kind: Kind, name: str) -> Iterator[Reference]:
    points = list(_points(kind).select(name=name))
    for point in points:
        cite, bibtex = _declared(kind, point)
        yield from cited(cite, name, bibtex)
    if kind == "solver" and not points and name in installed_declarations():
        yield from cited(declaration_of(name).cite, name)


@cache
def _points(kind: Kind) -> EntryPoints:
    return entry_points(group=f"prbench.{kind}s")


def _declared(kind: Kind, point: EntryPoint) -> tuple[str, str]:
    """The citation line and the entries that a plug-in declares."""
    try:
        said = definition(point.module, point.attr).arguments(_DECORATORS[kind], ("cite", "bibtex"))
        return str(said.get("cite", "")), str(said.get("bibtex", ""))
    except (NotLiteral, LookupError, ImportError, SyntaxError):
        info = load_plugin(kind, point.name).info
        return info.cite, getattr(info, "bibtex", "")
