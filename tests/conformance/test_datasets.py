"""The laws of datasets, on every dataset of this package."""

from prbench.core import plugin_names
from prbench.testing import DatasetLaws


class TestDatasets(DatasetLaws):
    names = plugin_names("dataset")
