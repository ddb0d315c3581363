"""Fourier filtering in FFT pairs of the frame, what it is made of, and how long a hologram takes to draw."""

import pytest
from _timing import interleaved
from kernels import fft_pair
from kernels_offaxis import carrier, fourier_filter, hologram, sample, unwrapping

import prbench


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("side", [256, 1024, 2048])
def test_a_solve_in_fft_pairs(benchmark, side, library):
    """2048x2048: under a second."""
    run, pair = fourier_filter(side, library), fft_pair((side, side), library=library)
    medians = interleaved({"pair": pair, "solve": run}, repeats=7)
    benchmark.extra_info["seconds"] = round(medians["solve"], 4)
    benchmark.extra_info["FFT pairs"] = round(medians["solve"] / medians["pair"], 2)
    benchmark.extra_info["FFTs counted"] = prbench.solve("fourier-filter", hologram(side), backend="numpy").cost.ffts
    benchmark.pedantic(run, rounds=3)


def test_its_parts(benchmark):
    """The search for the carrier, in shares of a solve."""
    medians = interleaved({"solve": fourier_filter(1024), "carrier": carrier(1024)}, repeats=7)
    benchmark.extra_info["carrier search"] = round(medians["carrier"] / medians["solve"], 3)
    benchmark.pedantic(carrier(1024), rounds=3)


def test_integrating_where_there_is_one_answer(benchmark):
    """Beside sorting by reliability."""
    medians = interleaved({"summed": unwrapping(512), "sorted": unwrapping(512, by_reliability=True)}, repeats=3)
    benchmark.extra_info["times as fast"] = round(medians["sorted"] / medians["summed"], 1)
    benchmark.pedantic(unwrapping(512), rounds=3)


@pytest.mark.parametrize("kind", ["spheroid", "spread", "dividing", "red-blood", "cluster"])
def test_a_hologram_to_learn_from(benchmark, kind):
    benchmark(sample(kind))
