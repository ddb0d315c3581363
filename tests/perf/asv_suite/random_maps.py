"""Random measurements: a gradient step beside the two applications of its map that it cannot do without."""

from typing import ClassVar

from _solves import LIBRARIES
from _solves import Counted as _Counted
from _timing import interleaved, work_ratio
from kernels_random import FLOWS, MAPS, PICTURES, gradient_step, operator_pair, untrained_parts, untrained_step


class Step:
    """One step of a gradient method."""

    params = (list(FLOWS), list(MAPS), LIBRARIES)
    param_names = ("solver", "map", "library")

    def setup(self, solver, name, library):
        self.run, self.pair = gradient_step(solver, name, library), operator_pair(name, library)
        self.run()

    def time_step(self, solver, name, library):
        self.run()

    def track_step_in_operator_pairs(self, solver, name, library):
        return work_ratio(self.run, self.pair, repeats=101)


class UntrainedStep:
    """One step of dip-random."""

    params = (list(PICTURES),)
    param_names = ("map",)

    def setup(self, name):
        self.run, self.parts = untrained_step(name), untrained_parts(name)
        self.run()

    def time_step(self, name):
        self.run()

    def track_step_over_its_parts(self, name):
        medians = interleaved({"step": self.run, "parts": self.parts}, repeats=7)
        return medians["step"] / medians["parts"]


class Solves(_Counted):
    """Whole solves at a ratio where all succeed."""

    cases: ClassVar = {name: (name, "coded-diffraction[size=32]") for name in FLOWS}
    params: ClassVar = list(cases)
