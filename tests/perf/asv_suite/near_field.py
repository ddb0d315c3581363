"""Near-field imaging: the propagator and a step of each iteration beside the FFT pairs of their grid, and whole solves."""

from typing import ClassVar

from _solves import LIBRARIES
from _solves import Counted as _Counted
from _timing import interleaved
from kernels_near_field import fft_pair, propagator, step


class Propagator:
    """The intensity expected of a phase, by the angular spectrum."""

    params = ((110, 440), LIBRARIES)
    param_names = ("size", "library")

    def setup(self, size, library):
        (self.run, self.measurement), self.pair = propagator(size, library), fft_pair(size, library)
        self.run()

    def time_propagation(self, size, library):
        self.run()

    def track_ffts(self, size, library):
        self.measurement.counters.reset()
        self.run()
        return self.measurement.counters.ffts

    def track_propagation_in_fft_pairs(self, size, library):
        medians = interleaved({"run": self.run, "pair": self.pair}, repeats=21)
        return medians["run"] / medians["pair"]


class Step:
    """One step of alternating projections, and one of least variation."""

    params = (("gs", "least-variation"), (110, 440), LIBRARIES)
    param_names = ("solver", "size", "library")

    def setup(self, solver, size, library):
        self.run, self.pair = step(solver, size, library), fft_pair(size, library)
        self.run()

    def time_step(self, solver, size, library):
        self.run()

    def track_step_in_fft_pairs(self, solver, size, library):
        medians = interleaved({"run": self.run, "pair": self.pair}, repeats=11)
        return medians["run"] / medians["pair"]


class Solves(_Counted):
    """Whole solves of a small radiograph."""

    cases: ClassVar = {
        name: (name, "radiograph[size=96,distance_m=4e-3]")
        for name in ("gs", "least-variation[iterations=60]", "ctf", "tie", "paganin")
    }
    params: ClassVar = list(cases)
    metric = "psnr"
