"""The nouns that every plug-in imports."""

import importlib
from typing import Any

from .answers import COMPLEX_OBJECT, DEBLURRED_IMAGE, PHASE_MAP, SPECKLE_MAPS
from .dataset import Dataset
from .learned import LearnedSolver
from .measurement import Measurement
from .metric import Case, Metric, MetricInfo, metric
from .names import format_name, parse_name, split_names
from .problem import HeldOut, Problem, Provenance, Split
from .recipe import Recipe
from .reconstruction import Reconstruction
from .registry import (
    PluginInfo,
    build_plugin,
    declare_task,
    describe_task,
    find_task,
    find_task_info,
    load_plugin,
    plugin_names,
    register,
    task_metrics,
    task_names,
    usable_tasks,
)
from .settings import Settings, setting, setting_defaults, setting_infos
from .solver import DirectSolver, IterativeSolver, Rng, Solver
from .task import PHASE, Export, Goal, Map, Panel, Task, TaskInfo, applying, is_task_name

__all__ = [
    "COMPLEX_OBJECT",
    "DEBLURRED_IMAGE",
    "PHASE",
    "PHASE_MAP",
    "SPECKLE_MAPS",
    "Case",
    "Dataset",
    "DirectSolver",
    "Export",
    "Goal",
    "HeldOut",
    "IterativeSolver",
    "LearnedSolver",
    "Map",
    "Measurement",
    "Metric",
    "MetricInfo",
    "Panel",
    "PluginInfo",
    "Problem",
    "Provenance",
    "Recipe",
    "Reconstruction",
    "Rng",
    "Settings",
    "Solver",
    "Split",
    "Task",
    "TaskInfo",
    "applying",
    "build_plugin",
    "declare_task",
    "describe_task",
    "find_task",
    "find_task_info",
    "format_name",
    "is_task_name",
    "load_plugin",
    "metric",
    "parse_name",
    "plugin_names",
    "register",
    "setting",
    "setting_defaults",
    "setting_infos",
    "split_names",
    "task_metrics",
    "task_names",
    "usable_tasks",
]


def __getattr__(name: str) -> Any:
    """The measurement classes of prbench's own tasks, which plug-ins written for 0.1.0 import from here."""
    package = importlib.import_module("prbench")
    if name not in package.MEASUREMENTS:
        raise AttributeError(f"module 'prbench.core' has no attribute {name!r}")
    return getattr(package, name)
