"""The laws of metrics, on every metric of this package."""

from prbench.core import plugin_names
from prbench.testing import MetricLaws


class TestMetrics(MetricLaws):
    names = plugin_names("metric")
