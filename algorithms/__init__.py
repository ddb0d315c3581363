"""Solvers: a folder per task, a file per method. Adding one is one file and one entry-point line in ``pyproject.toml``."""
