"""Datasets: a folder a task, a file a dataset. Adding one is one file and one entry-point line in ``pyproject.toml``."""
