"""How values are written in tables: numbers, intervals, and text that a format must not read as markup."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from prbench.errors import one_line

NOTHING = "–"


def number(value: float) -> str:
    """Three significant digits; a dash where undefined."""
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if 1000 <= abs(value) < 1e6:
        return f"{value:.0f}"
    return f"{value:.3g}"


def interval_end(value: float) -> str:
    """An end of an interval: two digits are enough."""
    return number(value) if math.isinf(value) or 100 <= abs(value) < 1e6 else f"{value:.2g}"


def spread(
    value: float,
    low: float,
    high: float,
    form: Callable[[float], str] = number,
    end: Callable[[float], str] = interval_end,
    values: str = "",
) -> str:
    """An estimate with its interval, or with the ``values`` behind it where they are too few for one; else a dash."""
    if math.isnan(value):
        return NOTHING
    if math.isnan(low) and values:
        return f"{form(value)} ({', '.join(end(float(one)) for one in values.split())})"
    inner = NOTHING if math.isnan(low) else f"{end(low)}, {end(high)}"
    return f"{form(value)} [{inner}]"


def json_value(value: Any) -> Any:
    """A value as strict JSON holds it: null where undefined, infinities as words."""
    plain = value.item() if hasattr(value, "item") else value
    if type(plain).__name__ == "NAType":  # a rank that there is none of; pandas need not be imported to know it
        return None
    if not isinstance(plain, float) or math.isfinite(plain):
        return plain
    return None if math.isnan(plain) else "Infinity" if plain > 0 else "-Infinity"


def escape_markdown_text(text: str) -> str:
    """Prose in Markdown, without markup; of any length."""
    return " ".join(escape_markdown(word) for word in text.split(" "))


def escape_markdown(text: str) -> str:
    """Text in a Markdown table, without markup."""
    entities = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]()#+!|~$])", r"\\\1", one_line(entities, 500))
