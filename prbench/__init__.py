"""prbench: the benchmark for phase retrieval.

Everything public is here and imported on first use, so that ``import prbench`` and ``prbench --help`` are immediate.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import get_dataset, get_solver, load_results, run, score
    from .core import Problem, Reconstruction, register, setting
    from .errors import PrbenchError
    from .running.cost import Cost
    from .running.session import Session
    from .running.session import open_session as open  # noqa: A004 - prbench.open, as gzip.open
    from .running.solving import Progress, Solution, solve
    from .running.store.results import ResultSet
    from .tasks.deblur import BlurredImage
    from .tasks.far_field import FarField
    from .tasks.near_field import NearField
    from .tasks.off_axis import Hologram
    from .tasks.random import RandomLinear
    from .tasks.speckle import SpeckleStack

__version__ = "0.2.0"

MEASUREMENTS = {
    "BlurredImage": ".tasks.deblur",
    "FarField": ".tasks.far_field",
    "Hologram": ".tasks.off_axis",
    "NearField": ".tasks.near_field",
    "RandomLinear": ".tasks.random",
    "SpeckleStack": ".tasks.speckle",
}
"""The measurement class of each task of this package, and the module that it is imported from."""

_HOME = {
    **MEASUREMENTS,
    "Cost": ".running.cost",
    "PrbenchError": ".errors",
    "Problem": ".core",
    "Progress": ".running.solving",
    "Reconstruction": ".core",
    "ResultSet": ".running.store.results",
    "Session": ".running.session",
    "Solution": ".running.solving",
    "get_dataset": ".api",
    "get_solver": ".api",
    "load_results": ".api",
    "open": ".running.session:open_session",
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
    "Hologram",
    "NearField",
    "PrbenchError",
    "Problem",
    "Progress",
    "RandomLinear",
    "Reconstruction",
    "ResultSet",
    "Session",
    "Solution",
    "SpeckleStack",
    "__version__",
    "get_dataset",
    "get_solver",
    "load_results",
    "open",
    "register",
    "run",
    "score",
    "setting",
    "solve",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'prbench' has no attribute {name!r}")
    module, _, attribute = _HOME[name].partition(":")
    return getattr(importlib.import_module(module, __name__), attribute or name)


def __dir__() -> list[str]:
    return __all__
