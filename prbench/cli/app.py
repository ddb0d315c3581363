"""The ``prbench`` command: finds its verbs on demand and turns errors into one line and an exit code."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from typing import Any, NoReturn

import click

from prbench import __version__
from prbench.errors import PrbenchError, one_line

from .groups import GROUPS, VERBS

OK, CELLS_FAILED, USAGE, REGRESSION, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 70, 130
_TRACEBACK = "PRBENCH_TRACEBACK"


class App(click.Group):
    """A group whose verbs are imported when used, and whose failures are one line on stderr."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The verbs, in the order of the help page."""
        return list(VERBS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """The verbs in groups, with their summaries in full."""
        width = max(map(len, VERBS))
        for title, verbs in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(verb.ljust(width), summary) for verb, summary in verbs.items()])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import one command."""
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(f"prbench.cli.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; whoever reads its output, such as `head`, may stop reading at any point."""
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _abandon_output()
            return OK
        return code

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run, and exit with 0 all ok, 1 some cells failed, 2 usage, 3 regression, 70 a defect of prbench or 130 interrupted."""
        kwargs["standalone_mode"] = False
        try:
            code = super().main(*args, **kwargs)
            _tell_broken()
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.ctx.get_help())
            code = OK
        except click.ClickException as error:
            code = _report(error.format_message(), getattr(error, "ctx", None), USAGE)
        except PrbenchError as error:
            code = _report(str(error), None, error.exit_code)
        except OSError as error:
            code = _report(f"{error.filename or _raised_at(error)}: {error.strerror or error}", None, USAGE)
        except (click.Abort, KeyboardInterrupt):
            code = _report("interrupted", None, INTERRUPTED)
        except Exception as error:  # noqa: BLE001 - a traceback is for those who ask for it
            code = _defect(error)
        sys.exit(code if isinstance(code, int) else OK)


def _tell_broken() -> None:
    """Name on stderr each plug-in of another package that could not be imported and was left out."""
    registry = sys.modules.get("prbench.core.entry_points")
    for told in registry.take_broken() if registry is not None else ():
        click.echo(f"left out: {one_line(told, 400)}", err=True)


def _abandon_output() -> None:
    """Send what is still buffered nowhere, so that Python does not complain at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def _defect(error: BaseException) -> int:
    """One line for what should not happen, with where; the traceback for those who ask for it."""
    if os.environ.get(_TRACEBACK):
        traceback.print_exception(error)
    message = one_line(error, 300) or "no message"
    hint = f"this is a defect; {_TRACEBACK}=1 shows the traceback to report"
    return _report(f"{type(error).__name__}: {message} ({_raised_at(error)}); {hint}", None, INTERNAL)


def _raised_at(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown location"


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
