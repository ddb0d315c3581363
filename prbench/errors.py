"""What prbench raises. Every message names the value, the limit and the next step, in one line."""

from __future__ import annotations


class PrbenchError(Exception):
    """Base of everything prbench raises on purpose; the command line prints its message and nothing else."""

    exit_code = 1


class UsageError(PrbenchError):
    """The request cannot be understood: an unknown name, a setting out of range, a contradictory matrix."""

    exit_code = 2


class BadInput(UsageError):
    """A file or an array is not what it must be. The message says where, what was found and what was expected."""


class MissingDependency(UsageError):
    """An optional package is not installed. The message says how to get it."""


class DataNotFound(UsageError):
    """A measured data set is not on this machine. The message says how to get it."""


class MissingWeights(DataNotFound):
    """A learned solver has no trained weights on this machine. The message names the command that makes them."""


class CannotWrite(PrbenchError):
    """The folder of results takes no more: it is full, read-only or out of reach. What is there stays."""

    exit_code = 2


class ProgramDied(PrbenchError):
    """Another program that was to solve has ended without an answer. The message says how, and what it said last."""


class WrongProblem(PrbenchError):
    """A problem is not one of the task at hand. The message names the dataset, or the problem."""


class Diverged(PrbenchError):
    """A solver produced a non-finite number."""


def one_line(text: object, limit: int = 300) -> str:
    """Fold ``text`` to one printable line of at most ``limit`` characters, for messages about foreign input."""
    folded = " ".join(str(text).split())
    printable = "".join(c if c.isprintable() else "?" for c in folded)
    return printable if len(printable) <= limit else printable[: limit - 1] + "…"
