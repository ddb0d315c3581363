"""The laws that every plug-in must keep, as tests for a package of one's own.

A class of tests per plug-in::

    from prbench.testing import SolverLaws

    class TestMySolver(SolverLaws):
        names = ("my-solver",)

or, without a file of tests, ``pytest --prbench my-solver``. The laws need pytest and find plug-ins by their entry points, so the
package must be installed: ``pip install -e .``.
"""

from __future__ import annotations

from .dataset_laws import DatasetLaws
from .learned_laws import LearnedSolverLaws
from .metric_laws import MetricLaws
from .problems import simulated_datasets, small_problem
from .solver_laws import SolverLaws
from .task_laws import TaskLaws

__all__ = [
    "DatasetLaws",
    "LearnedSolverLaws",
    "MetricLaws",
    "SolverLaws",
    "TaskLaws",
    "simulated_datasets",
    "small_problem",
]
