"""Scores: one family a file. What users call on their own arrays is here, imported on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .costs import COSTS, metric_infos
    from .fourier import fourier_ring_correlation, phase_retrieval_transfer_function
    from .support import support_agreement
    from .symmetry import Alignment, align, find_alignment, symmetry_adjusted_mse, symmetry_adjusted_nmse

_HOME = {
    "Alignment": ".symmetry",
    "COSTS": ".costs",
    "align": ".symmetry",
    "find_alignment": ".symmetry",
    "fourier_ring_correlation": ".fourier",
    "metric_infos": ".costs",
    "phase_retrieval_transfer_function": ".fourier",
    "support_agreement": ".support",
    "symmetry_adjusted_mse": ".symmetry",
    "symmetry_adjusted_nmse": ".symmetry",
}

__all__ = [
    "COSTS",
    "Alignment",
    "align",
    "find_alignment",
    "fourier_ring_correlation",
    "metric_infos",
    "phase_retrieval_transfer_function",
    "support_agreement",
    "symmetry_adjusted_mse",
    "symmetry_adjusted_nmse",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'prbench.metrics' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name], __name__), name)


def __dir__() -> list[str]:
    return __all__
