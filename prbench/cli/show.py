"""``prbench show NAME``: everything a plug-in says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .completion import plugin_completion

if TYPE_CHECKING:
    from prbench.catalogue.plugins import Entry, SettingEntry


@click.command("show")
@click.argument("name", shell_complete=plugin_completion("solver", "dataset", "metric"))
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def command(name: str, form: str) -> None:
    """Show a solver, dataset or metric: settings, reference, licence, BibTeX.

    NAME may carry settings, as in 'hio-er[beta=0.8]'; they are checked and shown.
    """
    from prbench.catalogue.plugins import look_up

    entries = look_up(name)
    if form == "json":
        import json

        click.echo(json.dumps([e.plain() for e in entries], indent=2, ensure_ascii=False))
        return
    for entry in entries:
        _print(entry)


def _print(entry: Entry) -> None:
    from rich.text import Text

    from prbench.reporting.console import Column, console, table

    out = console()
    out.print(Text(f"{entry.name}, a {entry.kind} for {entry.task}", style="bold"))
    out.print(Text(f"\n{entry.doc}\n") if entry.doc else "")
    tags = "" if entry.kind == "metric" else ", ".join(entry.tags)
    facts = {**entry.facts, "tags": tags, "licence": entry.licence, "reference": entry.cite}
    out.print(table("", ["", ""], [(key, value) for key, value in facts.items() if value], header=False))
    if entry.settings:
        rows = [
            (s.name, s.value, _changed(s), _admissible(s), s.search, f"{s.doc}{f', {s.unit}' if s.unit else ''}")
            for s in entry.settings
        ]
        columns: list[Column] = [
            ("setting", {"no_wrap": True}),
            ("value", {"max_width": 18}),
            ("default", {"max_width": 18}),
            ("admissible", {"max_width": 17}),
            ("worth searching", {"max_width": 14}),
            "meaning",
        ]
        filled = [i for i in range(len(columns)) if any(row[i] for row in rows)]
        out.print()
        out.print(table("", [columns[i] for i in filled], [[row[i] for i in filled] for row in rows]))
    if entry.bibtex:
        out.print()
        out.print(Text(entry.bibtex), soft_wrap=True)


def _changed(setting: SettingEntry) -> str:
    return "" if setting.value == setting.default else setting.default


def _admissible(setting: SettingEntry) -> str:
    if setting.type.startswith(("integer", "number")) and setting.valid.startswith(("[", "(")):
        return f"{setting.type} in {setting.valid}"
    return setting.valid or setting.type
