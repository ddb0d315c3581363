"""The mapping of the plug-in folders into the package; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

packages = [
    *find_packages(include=["prbench", "prbench.*"]),
    *(f"prbench.{name}" for name in find_packages(include=["algorithms", "algorithms.*", "datasets", "datasets.*"])),
]
setup(packages=packages)
