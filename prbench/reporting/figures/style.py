"""How figures look: sizes, type, and the colour, marker and dash by which a solver is known in all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from prbench.core import parse_name
from prbench.errors import UsageError, one_line

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7a5aa6", "#5f6670")
"""Those of Okabe and Ito, which the colour-blind can tell apart, with a violet and a grey in place of yellow and black."""
_MARKERS = "os^DPvX>"
_DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 2)),
    (0, (1.2, 1.2)),
    (0, (7, 2, 1.5, 2)),
    (0, (9, 3)),
    (0, (3, 1, 1, 1)),
    (0, (1, 3)),
    (0, (5, 1)),
)
_NAME_LENGTH = 34


@dataclass(frozen=True)
class Style:
    """Sizes that suit a medium.

    Attributes:
        width: of a figure across the page, inches.
        panel: least width of one panel, inches.
        height: of one panel, inches.
        font: points.
        line: points.
        marker: points.
    """

    width: float
    panel: float
    height: float
    font: float
    line: float
    marker: float


STYLES = {
    "paper": Style(width=7.0, panel=2.1, height=1.75, font=7.5, line=1.1, marker=4.0),
    "talk": Style(width=11.0, panel=3.4, height=2.9, font=13.0, line=2.0, marker=7.5),
}
"""The styles by name: two columns of a journal, and a slide."""


@contextmanager
def styled(style: Style) -> Iterator[None]:
    """Draw in a style: embedded fonts, no frame above and to the right, and nothing that differs from run to run."""
    import matplotlib as mpl
    import seaborn as sns

    settings = {
        **sns.axes_style("ticks"),
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so that figures are the same on every machine
        "mathtext.fontset": "dejavusans",
        **dict.fromkeys(("font.size", "axes.labelsize", "legend.fontsize"), style.font),
        **dict.fromkeys(("xtick.labelsize", "ytick.labelsize"), 0.9 * style.font),
        "axes.titlesize": style.font,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        "axes.edgecolor": "0.35",
        "grid.color": "0.9",
        "grid.linewidth": 0.5,
        **{
            f"{axis}tick.{name}": size
            for axis in "xy"
            for name, size in (("major.width", 0.6), ("major.size", 2.5), ("minor.size", 1.5))
        },
        **{f"{axis}tick.minor.width": 0.4 for axis in "xy"},
        "lines.linewidth": style.line,
        "lines.markersize": style.marker,
        "legend.frameon": False,
        "pdf.fonttype": 42,
        "ps.fonttype": 42,
        "svg.fonttype": "path",
        "svg.hashsalt": "prbench",
        "savefig.dpi": 300,
        "figure.dpi": 100,
    }
    with mpl.rc_context(settings):
        yield


@dataclass(frozen=True)
class Look:
    """One solver's appearance.

    Attributes:
        label: its name, as short as tells it from the others.
        colour, marker, dash: of matplotlib.
    """

    label: str
    colour: str
    marker: str
    dash: Any


def looks(solvers: Sequence[str]) -> dict[str, Look]:
    """A look for each solver, by its place among ``solvers``; 64 are told apart."""
    labels = short_names(solvers)
    found = {}
    for place, solver in enumerate(solvers):
        turn = (place + place // 8) % 8
        found[solver] = Look(escaped(labels[solver]), COLOURS[place % 8], _MARKERS[turn], _DASHES[turn])
    return found


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Names without the settings that all of the same plug-in share; cut where still long, but never to the same text."""
    parsed = {name: _parsed(name) for name in names}
    families: dict[str, list[str]] = defaultdict(list)
    for name, (plugin, _) in parsed.items():
        families[plugin].append(name)
    found: dict[str, str] = {}
    for plugin, family in families.items():
        for name in family:
            settings = parsed[name][1]
            own = [f"{k}={v}" for k, v in settings.items() if len({parsed[other][1].get(k) for other in family}) > 1]
            found[name] = one_line(f"{plugin}[{','.join(own)}]" if own else plugin, _NAME_LENGTH)
    taken = defaultdict(list)
    for name, label in found.items():
        taken[label].append(name)
    for label, same in taken.items():
        if len(same) > 1:
            found |= {name: f"{label} ({number})" for number, name in enumerate(same, 1)}
    return found


def escaped(text: object, length: int = 80) -> str:
    """Text that matplotlib draws as it stands."""
    return one_line(text, length).replace("$", r"\$")


def _parsed(name: str) -> tuple[str, dict[str, str]]:
    try:
        return parse_name(name)
    except UsageError:
        return name, {}
