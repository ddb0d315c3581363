"""The nouns that every plug-in imports."""

import importlib
from typing import Any

from .dataset import Dataset
from .learned import LearnedSolver
from .measurement import Measurement
from .metric import Case, Metric, MetricInfo, metric
from .names import format_name, parse_name, split_names
from .problem import HeldOut, Problem, Provenance, Split
from .recipe import Recipe
from .reconstruction import Reconstruction
from .registry import TASKS, PluginInfo, build_plugin, load_plugin, plugin_names, register
from .settings import Settings, setting, setting_defaults, setting_infos
from .solver import DirectSolver, IterativeSolver, Rng, Solver

__all__ = [
    "TASKS",
    "Case",
    "Dataset",
    "DirectSolver",
    "HeldOut",
    "IterativeSolver",
    "LearnedSolver",
    "Measurement",
    "Metric",
    "MetricInfo",
    "PluginInfo",
    "Problem",
    "Provenance",
    "Recipe",
    "Reconstruction",
    "Rng",
    "Settings",
    "Solver",
    "Split",
    "build_plugin",
    "format_name",
    "load_plugin",
    "metric",
    "parse_name",
    "plugin_names",
    "register",
    "setting",
    "setting_defaults",
    "setting_infos",
    "split_names",
]


def __getattr__(name: str) -> Any:
    """The measurement classes of prbench's own tasks, which plug-ins written for 0.1.0 import from here."""
    package = importlib.import_module("prbench")
    if name not in package.MEASUREMENTS:
        raise AttributeError(f"module 'prbench.core' has no attribute {name!r}")
    return getattr(package, name)
