"""prbench: the benchmark for phase retrieval.

Everything public is here and imported on first use, so that ``import prbench`` and ``prbench --help`` are immediate.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import get_dataset, get_solver, load_results, run, score
    from .core import BlurredImage, FarField, NearField, Problem, RandomLinear, Reconstruction, SpeckleStack, register, setting
    from .errors import PrbenchError
    from .running.results import ResultSet
    from .running.solving import Cost, Progress, Solution, solve

__version__ = "0.1.0"

_HOME = {
    "BlurredImage": ".core",
    "Cost": ".running.solving",
    "FarField": ".core",
    "NearField": ".core",
    "PrbenchError": ".errors",
    "Problem": ".core",
    "Progress": ".running.solving",
    "RandomLinear": ".core",
    "Reconstruction": ".core",
    "ResultSet": ".running.results",
    "Solution": ".running.solving",
    "SpeckleStack": ".core",
    "get_dataset": ".api",
    "get_solver": ".api",
    "load_results": ".api",
    "register": ".core",
    "run": ".api",
    "score": ".api",
    "setting": ".core",
    "solve": ".running.solving",
}

__all__ = [
    "BlurredImage",
    "Cost",
    "FarField",
    "NearField",
    "PrbenchError",
    "Problem",
    "Progress",
    "RandomLinear",
    "Reconstruction",
    "ResultSet",
    "Solution",
    "SpeckleStack",
    "__version__",
    "get_dataset",
    "get_solver",
    "load_results",
    "register",
    "run",
    "score",
    "setting",
    "solve",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'prbench' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name], __name__), name)


def __dir__() -> list[str]:
    return __all__
