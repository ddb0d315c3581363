"""Far-field kernels: seconds, and the same in FFT pairs of the same shape timed in turn, which travel between machines."""

from typing import ClassVar

from _solves import LIBRARIES
from _solves import Allocated as _Allocated
from _solves import Counted as _Counted
from _timing import interleaved
from kernels import SHAPES, fft_pair, iteration, modulus_projection, sa_mse, shrinkwrap

SOLVERS = ("er", "hio", "raar")
NAMES = ["x".join(map(str, shape)) for shape in SHAPES]
BY_NAME = dict(zip(NAMES, SHAPES, strict=True))


class ModulusProjection:
    """One projection onto the measured amplitudes."""

    params = (NAMES, LIBRARIES)
    param_names = ("shape", "library")

    def setup(self, name, library):
        self.run = modulus_projection(BY_NAME[name], library)
        self.run()  # compiles

    def time_modulus_projection(self, name, library):
        self.run()

    def peakmem_modulus_projection(self, name, library):
        self.run()


class Iteration:
    """One step of a projection algorithm, one start, fixed support."""

    params = (list(SOLVERS), NAMES, LIBRARIES)
    param_names = ("solver", "shape", "library")

    def setup(self, solver, name, library):
        shape = BY_NAME[name]
        self.run, self.pair = iteration(solver, shape, library=library), fft_pair(shape, library=library)
        self.run()  # compiles

    def time_step(self, solver, name, library):
        self.run()

    def track_step_in_fft_pairs(self, solver, name, library):
        medians = interleaved({"pair": self.pair, "step": self.run}, repeats=21)
        return medians["step"] / medians["pair"]

    track_step_in_fft_pairs.unit = "FFT pairs"


class Shrinkwrap:
    """One update of the support."""

    params = (NAMES, LIBRARIES)
    param_names = ("shape", "library")

    def setup(self, name, library):
        self.run = shrinkwrap(BY_NAME[name], library)
        self.run()

    def time_update(self, name, library):
        self.run()


class SymmetryAdjustedError:
    """sa_mse of dense complex arrays."""

    params = ("256x256", "64x64x64")
    param_names = ("shape",)

    def setup(self, name):
        self.run = sa_mse(BY_NAME[name])
        self.run()

    def time_sa_mse(self, name):
        self.run()

    def peakmem_sa_mse(self, name):
        self.run()


class Solves(_Counted):
    """Whole solves of a small crystal."""

    cases: ClassVar = {
        "hio": ("hio[iterations=300,starts=4]", "crystal2d[size=32]"),
        "hio-er": ("hio-er[iterations=620,starts=4]", "crystal2d[size=32]"),
        "hio-er-ml": ("hio-er-ml[iterations=620,starts=4]", "crystal2d[size=32,photons=100]"),
        "hio, 3D": ("hio[iterations=60]", "crystal3d[size=16]"),
    }
    params: ClassVar = list(cases)


class Memory(_Allocated):
    """Whole solves of a small crystal."""

    cases: ClassVar = {name: Solves.cases[name] for name in ("hio", "hio-er", "hio, 3D")}
    params: ClassVar = list(cases)
