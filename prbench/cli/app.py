"""The ``prbench`` command: finds its verbs on demand and turns errors into one line and an exit code."""

from __future__ import annotations

import importlib
import signal
import sys
from typing import Any, NoReturn

import click

from prbench import __version__
from prbench.errors import PrbenchError, one_line

VERBS = (
    "run",
    "inspect",
    "list",
    "show",
    "status",
    "leaderboard",
    "compare",
    "sweep",
    "tune",
    "report",
    "figures",
    "show-mesh",
    "rescore",
    "compact",
    "unseal",
    "verify",
    "train",
    "search",
    "export",
    "check",
    "contestant",
    "contestant",
    "env",
    "doctor",
    "data",
    "new",
    "completion",
)
"""The verbs in the order of the help page; ``prbench.cli.<verb>``, a hyphen as an underscore, holds each as ``command``."""

OK, CELLS_FAILED, USAGE, REGRESSION, INTERRUPTED = 0, 1, 2, 3, 130


class App(click.Group):
    """A group whose verbs are imported when used, and whose failures are one line on stderr."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The verbs, in the order in which one needs them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import one verb."""
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(f"prbench.cli.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)
        return command

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run, and exit with 0 all ok, 1 some cells failed, 2 usage, 3 regression or 130 interrupted."""
        kwargs["standalone_mode"] = False
        try:
            code = super().main(*args, **kwargs)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.ctx.get_help() if error.ctx else error.format_message())
            code = OK
        except click.ClickException as error:
            code = _report(error.format_message(), getattr(error, "ctx", None), USAGE)
        except PrbenchError as error:
            code = _report(str(error), None, error.exit_code)
        except OSError as error:
            if error.filename is None:
                raise
            code = _report(f"{error.filename}: {error.strerror}", None, USAGE)
        except (click.Abort, KeyboardInterrupt):
            code = _report("interrupted", None, INTERRUPTED)
        sys.exit(code if isinstance(code, int) else OK)


def _report(message: str, ctx: click.Context | None, code: int) -> int:
    where = ctx.command_path if ctx else "prbench"
    hint = f" See `{where} --help`." if ctx else ""
    click.echo(f"{where}: {one_line(message, 600)}{hint}", err=True)
    return code


@click.command(cls=App, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="prbench")
def app() -> None:
    """The benchmark for phase retrieval.

    Plain `prbench run` executes a quick matrix and ends with a leaderboard. Names take settings in brackets, as in
    'hio-er[beta=0.8,starts=16]'; `prbench list` shows the names and `prbench show NAME` the settings.
    """


def main() -> NoReturn:
    """Entry point of the console script; SIGTERM, as schedulers send it, ends it as Ctrl-C does, with nothing left behind."""
    signal.signal(signal.SIGTERM, _interrupt)
    app.main(prog_name="prbench")


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
