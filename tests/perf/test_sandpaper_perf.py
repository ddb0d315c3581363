"""What simulating sandpaper speckles costs, in seconds and in FFT pairs of its grid: ``pytest tests/perf --benchmark-only``."""

import pytest
from _timing import interleaved
from kernels import fft_pair

from prbench.core import build_plugin


@pytest.mark.parametrize("images", [1, 10])
def test_one_problem(benchmark, images):
    """256x256, at most 0.3 s with one pair of images and 3 s with twenty, on one core; a pair takes five transforms."""
    dataset = build_plugin("dataset", f"sandpaper[images={images}]")
    side = dataset.beamline().side
    dataset.problem(0)  # compiles, and checks the geometry
    times = interleaved({"pair": fft_pair((side, side)), "problem": lambda: dataset.problem(1)}, repeats=5)
    benchmark.extra_info["fft_pairs"] = round(times["problem"] / times["pair"], 1)
    benchmark.extra_info["fft_pairs_an_image"] = round(times["problem"] / times["pair"] / images, 1)
    benchmark.pedantic(lambda: dataset.problem(1), rounds=3)
