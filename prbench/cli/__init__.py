"""The command line: a thin file per verb. Modules here import nothing heavy, so that help and completion answer at once."""

from .app import app, main

__all__ = ["app", "main"]
