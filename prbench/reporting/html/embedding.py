"""What must hold for data and code inside one HTML file: nothing escapes from a script element, and nothing else runs."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib import resources
from typing import Any

SCRIPTS = ("core.js", "state.js", "table.js", "columns.js", "charts.js", "viewer.js", "gallery.js", "cells.js", "page.js")
"""The page's own code in the order in which it is joined."""


def script_json(data: Any) -> str:
    """JSON that may stand in a ``script`` element: no text in it can close the element or open a comment.

    ``<``, ``>`` and ``&`` are written as escapes of JSON, as is all that is not ASCII.
    """
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def closed(code: str) -> str:
    """Code of our own or of a library, checked to be safe inside a ``script`` element.

    Raises:
        ValueError: where it holds what would end the element.
    """
    if "</script" in code.lower() or "<!--" in code:
        raise ValueError("this code holds </script, which would end its own element")
    return code


def digest(code: str) -> str:
    """The source expression of a content security policy that lets exactly this code run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"


@cache
def charting() -> str:
    """Vega, Vega-Lite and vega-embed as one script without imports, which sets ``window.vegaEmbed``."""
    import vl_convert

    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=vega_lite_version())
    return closed(f"(() => {{{bundle}}})();")


def vega_lite_version() -> str:
    """The version of Vega-Lite that specs are made for, as ``vl_convert`` names it: major and minor."""
    import altair as alt

    major, minor = alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2]
    return f"v{major}.{minor}"


def own_script() -> str:
    """The page's own code."""
    parts = "\n".join(text(name) for name in SCRIPTS)
    return closed(f'(() => {{\n"use strict";\n{parts}\n}})();')


def text(name: str) -> str:
    """A file that comes with this package."""
    return (resources.files(__package__) / "assets" / name).read_text(encoding="utf-8")
