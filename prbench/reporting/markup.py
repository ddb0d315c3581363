"""Tables as Markdown, LaTeX and JSON, whatever characters the names in them have."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .latex import escape_latex, label, latex_cell
from .values import escape_markdown, json_value


def pipe_table(headers: Sequence[str], rows: Iterable[Sequence[str]], names: Collection[int] = (1,)) -> list[str]:
    """The lines of a pipe table; the columns ``names`` stand to the left, all others to the right."""
    lines = ["| " + " | ".join(escape_markdown(header) for header in headers) + " |"]
    lines += ["| " + " | ".join(":---" if column in names else "---:" for column in range(len(headers))) + " |"]
    return lines + ["| " + " | ".join(escape_markdown(cell) for cell in row) + " |" for row in rows]


def latex_table(caption: str, headers: Sequence[str], rows: Iterable[Sequence[str]], names: Collection[int] = (1,)) -> list[str]:
    """The lines of a ``table`` with a ``tabular``; needs the package booktabs. The columns ``names`` are code and to the left."""
    columns = "".join("l" if column in names else "r" for column in range(len(headers)))
    lines = [r"\begin{table}", r"  \centering", f"  \\caption{{{escape_latex(caption)}}}"]
    lines += [f"  \\label{{{label(caption.partition(':')[0])}}}"]
    lines += [f"  \\begin{{tabular}}{{{columns}}}", r"    \toprule"]
    lines += ["    " + " & ".join(escape_latex(header) for header in headers) + r" \\", r"    \midrule"]
    lines += [
        "    " + " & ".join(latex_cell(1 if i in names else 0, cell) for i, cell in enumerate(row)) + r" \\" for row in rows
    ]
    return [*lines, r"    \bottomrule", r"  \end{tabular}", r"\end{table}"]


def json_rows(rows: Iterable[Mapping[Any, Any]]) -> str:
    """A list of objects, as strict JSON."""
    plain = [{str(key): json_value(value) for key, value in row.items()} for row in rows]
    return json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False)
