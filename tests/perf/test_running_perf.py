"""What the framework costs a cell beyond the solve: limit 5 ms, on a machine that has nothing else to do."""

from __future__ import annotations

import itertools

from kernels_framework import idle_matrix

from prbench.running.engine import run_matrix
from prbench.running.store.folder import Store

CELLS = 500


def test_overhead_of_a_cell(benchmark, tmp_path):
    """Seconds per cell of a solver that does nothing, through one worker of one thread, start-up of the worker included.

    Inside are three solves with six timings of FFT pairs, the problem made, the record and the arrays written.
    """
    cells = idle_matrix(CELLS)
    folders = (tmp_path / str(n) for n in itertools.count())
    benchmark.pedantic(lambda: run_matrix(cells, Store(next(folders)), jobs=1, threads=1), rounds=3)
    benchmark.extra_info.update(milliseconds_a_cell=1e3 * benchmark.stats.stats.min / CELLS)
