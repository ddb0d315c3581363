"""The smallest difference of a metric that is worth naming."""

from __future__ import annotations

from prbench.core import load_plugin, plugin_names
from prbench.core.metric import MetricInfo

_DECIBELS = 0.01
_SHARE = 1e-4


def smallest_difference(metric: str) -> float:
    """Differences of ``metric`` up to this one, in its own unit, are none; 0 for what is no metric, such as a cost."""
    if metric not in plugin_names("metric"):
        return 0.0
    info: MetricInfo = load_plugin("metric", metric).info
    declared = getattr(info, "smallest", None)
    if declared is not None:
        return float(declared)
    return _DECIBELS if info.unit == "dB" else _SHARE if not info.unit else 0.0
