"""How figures look: sizes, type, and the colour, marker and dash by which a solver is known in all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .naming import escaped, short_names

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
_TONES = (1.0, 0.55, 1.5)
"""Of the colours after each round of eight: as they are, darker, lighter."""


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
        "image.composite_image": False,
        "savefig.dpi": 300,
        "figure.dpi": 100,
    }
    with mpl.rc_context():
        mpl.rcdefaults()  # whatever the user has set for figures of their own
        mpl.rcParams.update(settings)
        yield


@dataclass(frozen=True)
class LineStyle:
    """One solver's appearance.

    Attributes:
        name: as short as tells it from the others.
        colour, marker, dash: of matplotlib.
    """

    name: str
    colour: str
    marker: str
    dash: Any

    @property
    def label(self) -> str:
        """The name as matplotlib draws it as it stands."""
        return escaped(self.name)


def line_styles(solvers: Sequence[str]) -> dict[str, LineStyle]:
    """A style for each solver, by its index among ``solvers``; 64 are told apart, 24 of them by colour alone."""
    labels = short_names(solvers)
    result = {}
    for index, solver in enumerate(solvers):
        turn = (index + index // 8) % 8
        result[solver] = LineStyle(labels[solver], colour(index), _MARKERS[turn], _DASHES[turn])
    return result


def colour(index: int) -> str:
    """The colour of the solver with an index: eight hues, then the same darker, then lighter."""
    hue, tone = COLOURS[index % len(COLOURS)], _TONES[index // len(COLOURS) % len(_TONES)]
    channels = (int(hue[at : at + 2], 16) for at in (1, 3, 5))
    made = (c * tone if tone <= 1 else 255 - (255 - c) * (2 - tone) for c in channels)
    return "#" + "".join(f"{round(c):02x}" for c in made)
