"""Far-field kernels: seconds, and the same in FFT pairs of the same shape timed in turn, which travel between machines."""

from _timing import interleaved
from kernels import SHAPES, fft_pair, iteration, modulus_projection, sa_mse

SOLVERS = ("er", "hio", "raar")
NAMES = ["x".join(map(str, shape)) for shape in SHAPES]
BY_NAME = dict(zip(NAMES, SHAPES, strict=True))


class ModulusProjection:
    """One projection onto the measured amplitudes."""

    params = NAMES
    param_names = ("shape",)

    def setup(self, name):
        self.run = modulus_projection(BY_NAME[name])
        self.run()  # compiles

    def time_modulus_projection(self, name):
        self.run()


class Iteration:
    """One step of a projection algorithm, one start, fixed support."""

    params = (list(SOLVERS), NAMES)
    param_names = ("solver", "shape")

    def setup(self, solver, name):
        self.run, self.pair = iteration(solver, BY_NAME[name]), fft_pair(BY_NAME[name])
        self.run()  # compiles

    def time_step(self, solver, name):
        self.run()

    def track_step_in_fft_pairs(self, solver, name):
        medians = interleaved({"pair": self.pair, "step": self.run}, repeats=21)
        return medians["step"] / medians["pair"]

    track_step_in_fft_pairs.unit = "FFT pairs"


class SymmetryAdjustedError:
    """sa_mse of dense complex arrays."""

    params = ("256x256", "64x64x64")
    param_names = ("shape",)

    def setup(self, name):
        self.run = sa_mse(BY_NAME[name])
        self.run()

    def time_sa_mse(self, name):
        self.run()
