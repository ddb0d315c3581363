"""``prbench doctor``: what this machine has, what is missing and how to get it."""

from __future__ import annotations

import click


@click.command("doctor")
def command() -> None:
    """Show versions, threads, FFT and BLAS libraries, GPU, extras and data; say how to get what is missing."""
    from rich.text import Text

    from prbench.catalogue.machine import examine
    from prbench.reporting.console import console, table

    out = console()
    for title, findings in examine():
        marks = [(Text(finding.mark, style=_STYLES[finding.mark]), finding.name, finding.result) for finding in findings]
        out.print(table(title, ["", ("", {"min_width": 18}), ""], marks, header=False))
        out.print()


_STYLES = {"ok": "green", "-": "dim", "!": "yellow bold"}
