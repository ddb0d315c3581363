"""A step of blind deblurring in passes of its networks, and a round of Richardson-Lucy in blurs."""

import time

import pytest
from _timing import interleaved, one_thread, work_ratio
from kernels_deblur import blur_pair, first_round, networks, step


@pytest.mark.parametrize("size", [64, 128])
@pytest.mark.parametrize("solver", ["double-dip-deblur", "double-dip-deblur[warm=false]"])
def test_a_step_in_passes_of_its_networks(benchmark, solver, size):
    run, bare = step(solver, size), networks(solver, size)
    medians = interleaved({"bare": bare, "step": run}, repeats=15)
    benchmark.extra_info["step in passes of its networks"] = medians["step"] / medians["bare"]
    benchmark.pedantic(run, rounds=5)


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("size", [64, 128])
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_a_round_of_richardson_lucy_in_blur_pairs(benchmark, library, size):
    """CPU seconds on one thread, those that the table shows as well."""
    run, pair = first_round(size, library), blur_pair(size, library)
    benchmark.extra_info["round in pairs of blurs"] = work_ratio(run, pair)
    with one_thread():
        benchmark.pedantic(run, rounds=25, warmup_rounds=1)
