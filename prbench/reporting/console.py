"""Where tables are printed: as wide as the terminal, and as wide as they need to be where there is none."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from prbench.errors import one_line

if TYPE_CHECKING:
    from rich.console import Console, Group

NO_TERMINAL_WIDTH = 100
Column = str | tuple[str, dict[str, object]]
"""A header, alone or with keyword arguments of rich's ``add_column``."""


def console() -> Console:
    """A console on stdout; the width is the terminal's, ``COLUMNS``, or 100 where neither says.

    Printing raises BrokenPipeError once nobody reads any more.
    """
    from rich.console import Console

    class Piped(Console):
        def on_broken_pipe(self) -> None:  # rich would exit with 1, as if something had failed
            raise BrokenPipeError

    width = shutil.get_terminal_size((NO_TERMINAL_WIDTH, 24)).columns
    return Piped(file=sys.stdout, width=max(width, 40), highlight=False, soft_wrap=False)


def name_within(name: str, width: int) -> str:
    """A plugin's name with settings, cleaned, broken behind its bracket and commas alone; lines after the first are indented.

    Lines have at most ``width`` characters where no setting is longer.
    """
    lines = [""]
    for part in re.findall(r"[^\[,]*[\[,]?", one_line(name, 2000)):
        if lines[-1].strip() and len(lines[-1]) + len(part) > width:
            lines.append("  ")
        lines[-1] += part
    return "\n".join(lines)


def table(title: str, columns: Sequence[Column], rows: Iterable[Sequence[object]], *, header: bool = True) -> Group:
    """A borderless table; cells are printed as they stand, without markup and without control characters.

    Args:
        title: the line above it.
        columns: one header each.
        rows: cells in the order of the columns.
        header: whether the headers are shown.
    """
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    layout = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False, show_header=header)
    for column in columns:
        name, options = (column, {}) if isinstance(column, str) else column
        layout.add_column(Text(name), **{"overflow": "fold", **options})  # type: ignore[arg-type]
    for row in rows:
        layout.add_row(*(cell if isinstance(cell, Text) else Text(one_line(cell, 2000)) for cell in row))
    return Group(*([Text(one_line(title), style="bold")] if title else []), layout)
