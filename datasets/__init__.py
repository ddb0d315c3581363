"""Datasets: a folder per task, a file per dataset. Adding one is one file and one entry-point line in ``pyproject.toml``."""
