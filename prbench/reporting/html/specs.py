"""The page's charts as Vega-Lite specifications.

Every one reads the named data set ``rows``, whose colours, shapes and dashes are given by the page, so that a solver looks the
same everywhere. Text that begins with ``@`` is put in by the page: titles, tick values and the expression of their labels.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    import altair as alt

Scale = Literal["log", "linear"]
_SCALES: tuple[Scale, ...] = ("log", "linear")
_HEIGHT = 250
_VALUE = (
    "(datum.value != 0 && (abs(datum.value) < 0.001 || abs(datum.value) >= 100000)"
    " ? replace(format(datum.value, '~e'), '+', '') : format(datum.value, '~g'))"
)
_LEADING = "slice(format(abs(datum.value), '.0e'), 0, 1)"
_LABELS: dict[Scale, str] = {"linear": _VALUE, "log": f"indexof('125', {_LEADING}) >= 0 ? {_VALUE} : ''"}
"""Short numbers; on a logarithmic axis at 1, 2 and 5 of a decade."""


@cache
def specs() -> dict[str, Any]:
    """Every chart by name: ``pareto``, ``curve`` and ``axis``, each followed by ``.<x scale>.<y scale>``."""
    kinds = {"pareto": pareto, "curve": curve, "axis": axis}
    return {f"{name}.{x}.{y}": _plain(make(x, y)) for name, make in kinds.items() for x in _SCALES for y in _SCALES}


def pareto(x_scale: Scale, y_scale: Scale) -> alt.LayerChart:
    """Quality against cost: points with both intervals, those of the Pareto front filled, joined and named.

    Rows: ``solver, name, x, x_low, x_high, y, y_low, y_high, front, colour, shape`` and, for the tooltip, ``text``.
    """
    import altair as alt

    x, y = _quantity("x", x_scale, "@x"), _quantity("y", y_scale, "@y")
    colour, shape = _literal(alt.Color, "colour"), _literal(alt.Shape, "shape")
    rows = _rows()
    front = rows.transform_filter("datum.front").encode(x=x, y=y)
    steps = front.mark_line(interpolate="step-after", strokeDash=[4, 3], opacity=0.6, strokeWidth=1.2).encode(order="x:Q")
    across = rows.transform_filter("isValid(datum.x_low)").mark_rule(opacity=0.45).encode(y=y, color=colour)
    across = across.encode(x=alt.X("x_low:Q", title="@x"), x2="x_high:Q")
    up = rows.transform_filter("isValid(datum.y_low)").mark_rule(opacity=0.45).encode(x=x, color=colour)
    up = up.encode(y=alt.Y("y_low:Q", title="@y"), y2="y_high:Q")
    points = rows.mark_point(size=70, strokeWidth=1.8, filled=False).encode(
        x=x, y=y, color=colour, shape=shape, tooltip=_tooltip()
    )
    filled = front.mark_point(size=70, filled=True, opacity=1).encode(color=colour, shape=shape, tooltip=_tooltip())
    names = front.mark_text(align="left", dx=8, dy=-8, fontSize=10, limit=130).encode(text="name:N", color=colour)
    return _layers(steps, across, up, points, filled, names)


def curve(x_scale: Scale, y_scale: Scale) -> alt.LayerChart:
    """Convergence: the median residual as a line in a band of its quartiles.

    Rows: ``solver, x, low, middle, high, colour, dash, text``.
    """
    import altair as alt

    rows = _rows().encode(x=_quantity("x", x_scale, "@x"), detail="solver:N")
    y = _quantity("middle", y_scale, "@y")
    band = rows.mark_area(opacity=0.13).encode(y=alt.Y("low:Q", scale=_scale(y_scale), title="@y"), y2="high:Q")
    band = band.encode(fill=_literal(alt.Fill, "colour"))
    line = rows.mark_line(strokeWidth=1.8).encode(y=y, tooltip=_tooltip())
    return _layers(band, line.encode(color=_literal(alt.Color, "colour"), strokeDash=_literal(alt.StrokeDash, "dash")))


def axis(x_scale: Scale, y_scale: Scale) -> alt.LayerChart:
    """A quantity along a setting: points with intervals, joined by solver.

    Rows: ``solver, x, y, low, high, colour, shape, dash, text``.
    """
    import altair as alt

    ticks = alt.Axis(title="@x", values=["@ticks"], labelExpr="@labels", labelOverlap="greedy", grid=False)
    x = alt.X("x:Q", scale=_scale(x_scale), axis=ticks)
    y = _quantity("y", y_scale, "@y")
    rows = _rows().encode(x=x, color=_literal(alt.Color, "colour"))
    line = rows.mark_line(strokeWidth=1.6).encode(y=y, detail="solver:N", strokeDash=_literal(alt.StrokeDash, "dash"))
    bars = rows.transform_filter("isValid(datum.low)").mark_rule(opacity=0.45).encode(y=alt.Y("low:Q", title="@y"), y2="high:Q")
    points = rows.mark_point(size=55, filled=True, opacity=1).encode(y=y, shape=_literal(alt.Shape, "shape"), tooltip=_tooltip())
    return _layers(line, bars, points)


def _rows() -> alt.Chart:
    import altair as alt

    return alt.Chart(alt.NamedData(name="rows"))


def _quantity(field: Literal["x", "y", "middle"], scale: Scale, title: str) -> Any:
    import altair as alt

    kind = alt.X if field == "x" else alt.Y
    return kind(
        f"{field}:Q",
        scale=_scale(scale),
        axis=alt.Axis(
            title=title,
            tickCount=5,
            labelOverlap="greedy",
            labelExpr=_LABELS[scale],
            grid=field != "x",
            gridOpacity={"condition": {"test": f"{_LEADING} == '1'", "value": 1.0}, "value": 0.4} if scale == "log" else 0.8,
        ),
    )


def _scale(kind: Scale) -> alt.Scale:
    """A scale that hugs the data; one that is logarithmic has no zero to leave out."""
    import altair as alt

    return alt.Scale(type="log", nice=False, padding=14) if kind == "log" else alt.Scale(type="linear", zero=False, padding=14)


def _literal(channel: Any, field: str) -> Any:
    """A channel whose field holds the colour, shape or dash itself."""
    return channel(f"{field}:N", scale=None, legend=None)


def _tooltip() -> list[Any]:
    import altair as alt

    return [alt.Tooltip("solver:N", title="solver"), alt.Tooltip("text:N", title="@tip")]


def _layers(*charts: Any) -> alt.LayerChart:
    import altair as alt

    return cast("alt.LayerChart", alt.layer(*charts).properties(width="container", height=_HEIGHT))


def _plain(chart: alt.LayerChart) -> dict[str, Any]:
    """The specification without what the page gives: schema address, theme, data. A test validates it, which takes seconds."""
    spec: dict[str, Any] = chart.to_dict(validate=False)
    return {key: value for key, value in spec.items() if key not in ("$schema", "config")}
