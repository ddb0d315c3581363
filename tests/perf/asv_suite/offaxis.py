"""Fourier filtering: seconds of a solve, the same in FFT pairs of the frame timed in turn, and a hologram of cells."""

from _solves import LIBRARIES
from _timing import interleaved
from kernels import fft_pair
from kernels_offaxis import fourier_filter, sample


class FourierFilter:
    """From the hologram to the unwrapped, flat phase."""

    params = ((256, 2048), LIBRARIES)
    param_names = ("side", "library")

    def setup(self, side, library):
        self.run, self.pair = fourier_filter(side, library), fft_pair((side, side), library=library)
        self.run()

    def time_solve(self, side, library):
        self.run()

    def track_solve_in_fft_pairs(self, side, library):
        medians = interleaved({"pair": self.pair, "solve": self.run}, repeats=11)
        return medians["solve"] / medians["pair"]

    track_solve_in_fft_pairs.unit = "FFT pairs"


class Cells:
    """A generated cell in its fringes, 256x256."""

    params = ("spheroid", "spread", "dividing", "red-blood", "cluster")
    param_names = ("kind",)

    def setup(self, kind):
        self.run = sample(kind)
        self.run()

    def time_hologram(self, kind):
        self.run()
