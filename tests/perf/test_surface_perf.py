import pytest
from _timing import interleaved
from kernels import fft_pair
from kernels_surface import look, surface

from prbench.backend import get_threads


@pytest.mark.parametrize("turns", [0.25, 3.0], ids=["within a turn", "unwrapped"])
def test_a_surface_of_440_pixels_a_side(benchmark, turns):
    score = surface(440, turns)
    medians = interleaved({"pair": fft_pair((440, 440)), "surface": score})
    benchmark.extra_info.update(medians, pairs=medians["surface"] / medians["pair"], threads=get_threads())
    benchmark.pedantic(score, rounds=3)


@pytest.mark.parametrize("judge", ["brisque", "niqe"])
def test_the_look_of_440_pixels_a_side(benchmark, judge):
    score = look(judge, 440)
    benchmark.extra_info.update(interleaved({judge: score}), threads=get_threads())
    benchmark.pedantic(score, rounds=3)
