"""Blind deblurring: a step of the networks beside their passes alone, a round of Richardson-Lucy beside a pair of blurs."""

from typing import ClassVar

from _solves import LIBRARIES
from _solves import Counted as _Counted
from _timing import interleaved, work_ratio
from kernels_deblur import blur_pair, first_round, networks, step

_SOLVER = "double-dip-deblur[warm=false]"


class Networks:
    """One step of double-dip-deblur: passes, blur, losses, Adam and the average image."""

    params = (64, 128)
    param_names = ("size",)

    def setup(self, size):
        self.run, self.bare = step(_SOLVER, size), networks(_SOLVER, size)
        self.run()

    def time_step(self, size):
        self.run()

    def track_step_of_bare_passes(self, size):
        medians = interleaved({"step": self.run, "bare": self.bare}, repeats=5)
        return medians["step"] / medians["bare"]


class RichardsonLucy:
    """One round of blind-rl: two updates of the kernel, one of the image."""

    params = ((64, 128), LIBRARIES)
    param_names = ("size", "library")

    def setup(self, size, library):
        self.run, self.pair = first_round(size, library), blur_pair(size, library)
        self.run()

    def time_round(self, size, library):
        self.run()

    def track_round_in_blur_pairs(self, size, library):
        return work_ratio(self.run, self.pair)


class Solves(_Counted):
    """Whole solves of a small picture."""

    cases: ClassVar = {
        name: (name, "blurred-picture[size=48,kernel=9]") for name in ("blind-rl", "double-dip-deblur[iterations=20]")
    }
    params: ClassVar = list(cases)
    metric = "psnr_gain"
