"""MIST: seconds of a solve, and the same in FFT pairs of the same shape timed in turn."""

from _solves import LIBRARIES
from _timing import interleaved
from kernels import fft_pair
from kernels_mist import mist


class Solve:
    """13 pairs of 512x512 pixels."""

    params = (["mist-2020", "mist-2022", "mist-2023"], LIBRARIES)
    param_names = ("solver", "library")

    def setup(self, solver, library):
        self.run, self.pair = mist(solver, 512, library=library), fft_pair((512, 512), library=library)
        self.run()  # compiles

    def time_solve(self, solver, library):
        self.run()

    def track_solve_in_fft_pairs(self, solver, library):
        medians = interleaved({"pair": self.pair, "solve": self.run}, repeats=21)
        return medians["solve"] / medians["pair"]

    track_solve_in_fft_pairs.unit = "FFT pairs"
