"""The smallest difference of a metric that is worth naming."""

from __future__ import annotations

from typing import cast

from prbench.core import MetricInfo, load_plugin, plugin_names


def smallest_difference(metric: str) -> float:
    """Differences of ``metric`` up to this one, in its own unit, are none; 0 for what is no metric, such as a cost."""
    if metric not in plugin_names("metric"):
        return 0.0
    return cast("MetricInfo", load_plugin("metric", metric).info).smallest
