"""The laws of solvers, on every solver of this package."""

from prbench.core import plugin_names
from prbench.testing import SolverLaws


class TestSolvers(SolverLaws):
    names = plugin_names("solver")
