"""What a solve by another program costs beyond the solve: at most 1 ms and the time of two copies of the arrays."""

from __future__ import annotations

import pytest
from kernels_contestants import overhead


@pytest.mark.parametrize("size", [64, 256, 1024])
def test_overhead_of_a_solve(benchmark, tmp_path, size):
    """Medians, in milliseconds, as extra information; the limit holds on a machine that has nothing else to do."""
    found = benchmark.pedantic(lambda: overhead(tmp_path, size), rounds=1)
    benchmark.extra_info.update({name: 1e3 * seconds for name, seconds in found.items()})
