"""What the framework adds to a network, in training and in use: ``pytest tests/perf/test_learned_perf.py --benchmark-only``."""

import pytest
from _timing import interleaved
from kernels import fft_pair
from kernels_learned import SIDE, STEPS, bare_step, network, solve, training_step


@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("name", STEPS)
def test_a_training_step_beside_forward_and_backward(benchmark, name, autocast):
    """At most 1.25 for a U-Net: making the batch, clipping, optimiser and running mean stand beside the network's own passes.

    Symmetry-breaking draws noise and chooses the representative of each turned object besides.
    """
    step, bare = training_step(autocast, name), bare_step(autocast, name)
    times = interleaved({"step": step, "bare": bare}, repeats=9)
    benchmark.extra_info["of_bare_passes"] = round(times["step"] / times["bare"], 3)
    benchmark.extra_info["steps_per_s"] = round(1 / times["step"], 2)
    benchmark.pedantic(step, rounds=3)


@pytest.mark.parametrize("width", [16, 64])
def test_a_solve_beside_its_network(benchmark, width):
    """Preparing the input, transmission and phase; the network is the rest."""
    times = interleaved({"solve": solve(width), "network": network(width), "pair": fft_pair((SIDE, SIDE))}, repeats=9)
    benchmark.extra_info["of_network"] = round(times["solve"] / times["network"], 3)
    benchmark.extra_info["ms"] = round(times["solve"] * 1e3, 1)
    benchmark.extra_info["us_per_px"] = round(times["solve"] / SIDE**2 * 1e6, 3)
    benchmark.extra_info["fft_pairs"] = round(times["solve"] / times["pair"], 1)
    benchmark.pedantic(solve(width), rounds=3)


def test_cost_grows_with_pixels(benchmark):
    """The same cost per pixel at 256, 512 and 1024 pixels per side."""
    times = interleaved({str(side): solve(16, side) for side in (256, 512, 1024)}, repeats=5)
    for side, seconds in times.items():
        benchmark.extra_info[f"us_per_px_{side}"] = round(seconds / int(side) ** 2 * 1e6, 3)
    benchmark.pedantic(solve(16, 256), rounds=3)
