"""``prbench completion``: the script that makes a shell complete commands, options and names."""

from __future__ import annotations

from collections.abc import Callable

import click
from click.shell_completion import CompletionItem, get_completion_class

from prbench.errors import UsageError

SHELLS = ("bash", "zsh", "fish")


Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def plugin_completion(*kinds: str) -> Completer:
    """A ``shell_complete`` callback that offers the names of installed plug-ins of ``kinds``, importing none of them.

    Of a list with commas the last name is completed.
    """

    def complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from importlib.metadata import entry_points

        names = {point.name for kind in kinds for point in entry_points(group=f"prbench.{kind}s")}
        if "solver" in kinds:
            from prbench.contestants.folders import installed_declarations

            names |= installed_declarations().keys()
        before, comma, last = incomplete.rpartition(",")
        return [CompletionItem(before + comma + name) for name in sorted(names) if name.startswith(last)]

    return complete


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the completion script of a shell.

    For bash, add this line to ~/.bashrc:  eval "$(prbench completion bash)"
    """
    from .app import app

    kind = get_completion_class(shell)
    if kind is None:
        raise UsageError(f"no completion for {shell!r}; known are {', '.join(SHELLS)}")
    click.echo(kind(app, {}, "prbench", "_PRBENCH_COMPLETE").source())
