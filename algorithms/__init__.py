"""Solvers: a folder a task, a file a method. Adding one is one file and one entry-point line in ``pyproject.toml``."""
