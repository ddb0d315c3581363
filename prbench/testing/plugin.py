"""The pytest plug-in: ``pytest --prbench NAME`` runs the laws on an installed solver, dataset, metric or task.

pytest imports this file wherever prbench is installed; it imports nothing of prbench until a name is given.
"""

from __future__ import annotations

from pathlib import Path

import pytest

OPTION = "--prbench"
_NAMED = Path(__file__).with_name("test_named.py")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--prbench NAME``."""
    group = parser.getgroup("prbench", "conformance with prbench")
    group.addoption(
        OPTION,
        action="append",
        default=[],
        metavar="NAME",
        help="run prbench's conformance tests on this installed solver, dataset, metric or task; repeatable",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Collect the laws in place of the folder's tests, or besides the files that the command line names."""
    config.addinivalue_line("markers", "gpu: needs a CUDA device; skipped with a reason where there is none")
    names = config.getoption(OPTION)
    if not names:
        return
    from prbench.errors import PrbenchError

    from .named import choose

    try:
        choose(names)
    except PrbenchError as error:
        raise pytest.UsageError(f"{OPTION}: {error}") from None
    named_files = config.args_source is pytest.Config.ArgsSource.ARGS
    config.args = [*(config.args if named_files else ()), str(_NAMED)]
