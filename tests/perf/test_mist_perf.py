"""What MIST costs a pixel, beside an FFT and plain numpy, and how near it comes to what was published."""

import os

import pytest
from _timing import interleaved
from kernels import fft_pair
from kernels_mist import mist, plain_mist_2023

import prbench
from prbench.core import load_plugin

SOLVERS = ("mist-2020", "mist-2022", "mist-2023")
SIDES = (256, 512, 1024, 2048)


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("solver", SOLVERS)
def test_microseconds_a_pixel(benchmark, solver, library):
    """13 pairs of 1024x1024: at most 0.6 us a pixel for MIST 2023 on two cores."""
    side = 1024
    times = interleaved({"solve": mist(solver, side, library=library), "pair": fft_pair((side, side), library=library)})
    benchmark.extra_info["us_per_px"] = round(times["solve"] / side**2 * 1e6, 4)
    benchmark.extra_info["fft_pairs"] = round(times["solve"] / times["pair"], 2)
    benchmark.pedantic(mist(solver, side, library=library), rounds=3, warmup_rounds=1)


def test_mist_2023_beside_plain_numpy(benchmark):
    """At most half: 1.2 us a pixel is what plain numpy takes on an idle machine."""
    side = 1024
    times = interleaved({"solve": mist("mist-2023", side), "plain": plain_mist_2023(side)}, repeats=3)
    benchmark.extra_info["of_plain_numpy"] = round(times["solve"] / times["plain"], 3)
    benchmark.extra_info["plain_us_per_px"] = round(times["plain"] / side**2 * 1e6, 3)
    benchmark.pedantic(mist("mist-2023", side), rounds=3, warmup_rounds=1)


@pytest.mark.parametrize("images", [4, 13])
def test_cost_grows_with_pixels(benchmark, images):
    """The same cost per pixel at 256, 512, 1024 and 2048 pixels per side."""
    times = interleaved({str(side): mist("mist-2023", side, images) for side in SIDES}, repeats=5)
    for side in SIDES:
        benchmark.extra_info[f"us_per_px_{side}"] = round(times[str(side)] / side**2 * 1e6, 4)
    benchmark.pedantic(mist("mist-2023", SIDES[0], images), rounds=3)


def test_cost_grows_with_images(benchmark):
    """What a pair adds, in shares of what four cost."""
    times = interleaved({str(n): mist("mist-2023", 512, n) for n in (4, 8, 16, 32)}, repeats=7)
    for n in (8, 16, 32):
        benchmark.extra_info[f"{n}_pairs_over_4"] = round(times[str(n)] / times["4"], 2)
    benchmark.pedantic(mist("mist-2023", 512, 4), rounds=3)


@pytest.mark.skipif(
    not ("PRBENCH_DATA" in os.environ and load_plugin("dataset", "fourrod").files[0].path.is_file()),
    reason="fourrod: set PRBENCH_DATA to a folder that holds it",
)
def test_the_published_dark_field_of_the_four_rods(benchmark):
    """Relative to its norm, 64 px inside the crop: at most 1e-2."""
    made = prbench.get_dataset("fourrod").problem(0)
    solve = lambda pairs: prbench.solve(f"mist-2023[e_per_m2=1e8,pairs={pairs}]", made.measurement, backend="torch")  # noqa: E731
    for pairs in ("first", "all"):
        marks = prbench.score(solve(pairs).reconstruction, made, metrics=["dark_field_difference"])
        benchmark.extra_info[f"dark_field_difference_{pairs}"] = round(marks["dark_field_difference"], 5)
    benchmark.pedantic(lambda: solve("all"), rounds=3)
