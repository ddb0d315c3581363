"""Statistics of 20 solvers on 200 samples with 10 000 resamples: what a leaderboard of a large study costs."""

import pytest
from kernels_analysis import RESAMPLES, SAMPLES, SOLVERS, bootstrap, leaderboard


@pytest.mark.parametrize("seeds", [1, 3, 10])
@pytest.mark.parametrize("kernel", [bootstrap, leaderboard], ids=lambda kernel: kernel.__name__)
def test_statistics_of_all_solvers(benchmark, kernel, seeds):
    run = kernel(seeds)
    run()
    benchmark.extra_info.update(solvers=SOLVERS, samples=SAMPLES, seeds=seeds, resamples=RESAMPLES)
    benchmark.pedantic(run, rounds=5)
    assert benchmark.stats.stats.min < 2.0
