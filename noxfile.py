#!/usr/bin/env -S uv run --script
# /// script
# dependencies = ["nox>=2025.2.9"]
# ///
"""Tasks for contributors: ``nox -s lint``, ``nox -s tests``, ``nox -s packaging``."""

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff and mypy."""
    session.install("-c", "constraints.txt", "-e", ".[test]")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
def tests(session: nox.Session) -> None:
    """The tests, with the arguments given after ``--``."""
    session.install("-c", "constraints.txt", "-e", ".[test]")
    session.run("pytest", *session.posargs)


@nox.session(default=False)
def packaging(session: nox.Session) -> None:
    """Build both distributions and test what they hold."""
    session.install("-c", "constraints.txt", "-e", ".[test]")
    session.run("pytest", "tests/packaging", env={"PRBENCH_TEST_WHEEL": "1"})


if __name__ == "__main__":
    nox.main()
