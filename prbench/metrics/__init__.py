"""Scores: one family a file. What users call on their own arrays is here, imported on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._brisque import brisque
    from ._niqe import niqe
    from .costs import COSTS, metric_infos
    from .fourier import fourier_ring_correlation
    from .maps import outlier_fraction, relative_difference, root_mean_square_error
    from .regions import judged_region
    from .support import support_agreement
    from .surface import height_error, surface_of
    from .symmetry import Alignment, align, find_alignment, symmetry_adjusted_mse, symmetry_adjusted_nmse

_HOME = {
    "Alignment": ".symmetry",
    "COSTS": ".costs",
    "align": ".symmetry",
    "brisque": "._brisque",
    "find_alignment": ".symmetry",
    "fourier_ring_correlation": ".fourier",
    "height_error": ".surface",
    "judged_region": ".regions",
    "metric_infos": ".costs",
    "niqe": "._niqe",
    "outlier_fraction": ".maps",
    "relative_difference": ".maps",
    "root_mean_square_error": ".maps",
    "support_agreement": ".support",
    "surface_of": ".surface",
    "symmetry_adjusted_mse": ".symmetry",
    "symmetry_adjusted_nmse": ".symmetry",
}

__all__ = [
    "COSTS",
    "Alignment",
    "align",
    "brisque",
    "find_alignment",
    "fourier_ring_correlation",
    "height_error",
    "judged_region",
    "metric_infos",
    "niqe",
    "outlier_fraction",
    "relative_difference",
    "root_mean_square_error",
    "support_agreement",
    "surface_of",
    "symmetry_adjusted_mse",
    "symmetry_adjusted_nmse",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'prbench.metrics' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name], __name__), name)


def __dir__() -> list[str]:
    return __all__
