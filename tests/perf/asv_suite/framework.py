"""The framework itself: a cell beyond its solve, a leaderboard and a report of many records."""

import itertools
import tempfile
from pathlib import Path

from kernels_framework import idle_matrix, leaderboard, report, synthetic_store

from prbench.running.engine import run_matrix
from prbench.running.store.folder import Store


class Overhead:
    """A hundred cells of a solver that does nothing, through one worker."""

    timeout = 300

    def setup(self):
        self.folder = tempfile.TemporaryDirectory()
        self.number = itertools.count()
        self.cells = idle_matrix(100)

    def teardown(self):
        self.folder.cleanup()

    def time_cells(self):
        run_matrix(self.cells, Store(Path(self.folder.name) / str(next(self.number))), jobs=1, threads=1)


class Results:
    """A thousand records, half of them with curves."""

    timeout = 300

    def setup(self):
        self.folder = tempfile.TemporaryDirectory()
        self.store = synthetic_store(Path(self.folder.name), 1000)

    def teardown(self):
        self.folder.cleanup()

    def time_leaderboard(self):
        leaderboard(self.store)

    def time_report(self):
        report(self.store, Path(self.folder.name) / "report.html")

    def peakmem_report(self):
        report(self.store, Path(self.folder.name) / "report.html")
