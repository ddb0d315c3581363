"""The nouns that every plug-in imports."""

from .dataset import Dataset
from .learned import LearnedSolver
from .measurements import BlurredImage, FarField, Hologram, Measurement, NearField, RandomLinear, SpeckleStack
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
    "BlurredImage",
    "Case",
    "Dataset",
    "DirectSolver",
    "FarField",
    "HeldOut",
    "Hologram",
    "IterativeSolver",
    "LearnedSolver",
    "Measurement",
    "Metric",
    "MetricInfo",
    "NearField",
    "PluginInfo",
    "Problem",
    "Provenance",
    "RandomLinear",
    "Recipe",
    "Reconstruction",
    "Rng",
    "Settings",
    "Solver",
    "SpeckleStack",
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
