"""Propagators: seconds, and the same in FFT pairs of the same shape timed in turn."""

from _solves import LIBRARIES
from _timing import interleaved
from kernels import fft_pair
from kernels_physics import propagation


class Propagation:
    """One propagation of a complex field; three FFTs at most are due, two where the transfer function is known."""

    params = (["fresnel", "angular-spectrum"], [256, 1024], LIBRARIES)
    param_names = ("method", "side", "library")

    def setup(self, method, side, library):
        self.run, self.pair = propagation(method, side, library), fft_pair((side, side), library=library)
        self.run()

    def time_propagation(self, method, side, library):
        self.run()

    def track_propagation_in_fft_pairs(self, method, side, library):
        medians = interleaved({"pair": self.pair, "run": self.run}, repeats=21)
        return medians["run"] / medians["pair"]

    track_propagation_in_fft_pairs.unit = "FFT pairs"
