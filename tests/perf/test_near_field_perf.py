"""Near-field propagation and steps in FFT pairs of their grid."""

import pytest
from _timing import interleaved
from kernels_near_field import fft_pair, propagator, solve, step

LIBRARIES = ["numpy", "torch"]


@pytest.mark.parametrize("model", ["angular-spectrum", "fourier-born"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_the_propagator_in_fft_pairs(benchmark, library, model):
    (run, y), pair = propagator(440, library, model), fft_pair(440, library)
    y.counters.reset()
    run()
    assert y.counters.ffts <= 3
    benchmark.extra_info["FFTs counted"] = y.counters.ffts
    medians = interleaved({"pair": pair, "run": run}, repeats=21)
    benchmark.extra_info["propagation in FFT pairs"] = medians["run"] / medians["pair"]
    benchmark.pedantic(run, rounds=5)


@pytest.mark.parametrize("solver", ["gs", "least-variation"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_step_in_fft_pairs(benchmark, library, solver):
    run, pair = step(solver, 440, library), fft_pair(440, library)
    medians = interleaved({"pair": pair, "run": run}, repeats=11)
    benchmark.extra_info["step in FFT pairs"] = medians["run"] / medians["pair"]
    benchmark.pedantic(run, rounds=5)


@pytest.mark.parametrize("solver", ["ctf", "tie", "paganin"])
def test_an_inversion_in_fft_pairs(benchmark, solver):
    run, pair = solve(solver, 440), fft_pair(440)
    medians = interleaved({"pair": pair, "run": run}, repeats=11)
    benchmark.extra_info["inversion in FFT pairs"] = medians["run"] / medians["pair"]
    benchmark.pedantic(run, rounds=5)
