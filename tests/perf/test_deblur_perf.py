"""A step of blind deblurring in passes of its networks, and a round of Richardson-Lucy in blurs."""

import pytest
from _timing import interleaved
from kernels_deblur import blur_pair, first_round, networks, step


@pytest.mark.parametrize("size", [64, 128])
@pytest.mark.parametrize("solver", ["double-dip-deblur", "double-dip-deblur[warm=false]"])
def test_a_step_in_passes_of_its_networks(benchmark, solver, size):
    run, bare = step(solver, size), networks(solver, size)
    medians = interleaved({"bare": bare, "step": run}, repeats=15)
    benchmark.extra_info["step in passes of its networks"] = medians["step"] / medians["bare"]
    benchmark.pedantic(run, rounds=5)


@pytest.mark.parametrize("size", [64, 128])
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_a_round_of_richardson_lucy_in_blur_pairs(benchmark, library, size):
    run, pair = first_round(size, library), blur_pair(size, library)
    medians = interleaved({"pair": pair, "round": run}, repeats=41)
    benchmark.extra_info["round in pairs of blurs"] = medians["round"] / medians["pair"]
    benchmark.pedantic(run, rounds=5)
