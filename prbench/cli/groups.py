"""Which verbs there are, in groups, each with its summary: the help page is printed without importing any of them."""

from __future__ import annotations

import click

GROUPS: dict[str, dict[str, str]] = {
    "Run": {
        "run": "Run solvers on the datasets of their task, and rank them.",
        "inspect": "Look at measured files, and get the dataset to use.",
        "sweep": "Run solvers while a setting varies.",
        "tune": "Search the settings of a solver on the tune split.",
    },
    "Read results": {
        "status": "Count cells by status, with the reasons of failures.",
        "leaderboard": "Rank the solvers of stored results, with uncertainty.",
        "compare": "Compare two results folders, or solvers of one.",
        "report": "Write stored results as one HTML file.",
        "figures": "Draw figures and write LaTeX tables for a paper.",
        "show-mesh": "Show the surface that a reconstructed phase reveals.",
    },
    "Publish": {
        "site": "Build a static site from folders of results.",
        "submit": "Check a folder and prepare its pull request.",
    },
    "Keep results": {
        "rescore": "Recompute all metrics from stored reconstructions.",
        "compact": "Gather all records into Parquet tables.",
        "unseal": "Publish the salt of sealed test problems.",
        "verify": "Check records and reconstructions against digests.",
    },
    "Look up": {
        "list": "List solvers, datasets and metrics.",
        "show": "Show settings, references and BibTeX of a plug-in.",
        "data": "List, download, verify and make data.",
        "doctor": "Show versions, libraries, GPU and what is missing.",
    },
    "Networks": {
        "train": "Train a learned solver by its recipe.",
        "search": "Search the structure of a solver's network.",
        "export": "Write the network of a learned solver as ONNX.",
    },
    "Extend and maintain": {
        "new": "Write the skeleton of a package of your own.",
        "contestant": "Add other programs as solvers.",
        "env": "Build, list and remove environments of contestants.",
        "check": "Compare this version with a stored baseline.",
        "completion": "Print the completion script of a shell.",
    },
}
"""Summaries by verb, by group, in the order of the help page."""

VERBS = tuple(verb for verbs in GROUPS.values() for verb in verbs)
"""All verbs; ``prbench.cli.<verb>``, a hyphen as an underscore, holds each as ``command``."""


class WholeSummaries(click.Group):
    """A group whose help page prints the first sentence of each command in full, wrapped instead of cut off."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One list of commands."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, _first_sentence(command)) for name, command in found if command is not None and not command.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


def _first_sentence(command: click.Command) -> str:
    paragraph = " ".join((command.help or "").partition("\n\n")[0].split())
    head, stop, _ = paragraph.partition(". ")
    return f"{head}." if stop else head
