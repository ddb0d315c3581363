"""The laws of trained solvers, on every one of this package."""

from prbench.core import LearnedSolver, load_plugin, plugin_names
from prbench.testing import LearnedSolverLaws


class TestLearnedSolvers(LearnedSolverLaws):
    names = tuple(name for name in plugin_names("solver") if issubclass(load_plugin("solver", name), LearnedSolver))
