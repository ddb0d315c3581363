"""Learned solvers: seconds of a training step and of a solve, and both beside the network alone."""

from _timing import interleaved
from kernels_learned import STEPS, bare_step, network, solve, training_step


class Step:
    """One optimisation step of a network of width 16, with the batch that it is taught in; speckle images in crops of 128x128."""

    params = tuple(STEPS)
    param_names = ("solver",)

    def setup(self, solver):
        self.run, self.bare = training_step(name=solver), bare_step(name=solver)
        self.run()

    def time_step(self, solver):
        self.run()

    def track_step_of_bare_passes(self, solver):
        medians = interleaved({"step": self.run, "bare": self.bare}, repeats=5)
        return medians["step"] / medians["bare"]


class Solve:
    """One pair of 256x256 pixels."""

    params = (16, 64)
    param_names = ("width",)

    def setup(self, width):
        self.run, self.network = solve(width), network(width)
        self.run()

    def time_solve(self, width):
        self.run()

    def track_solve_of_network(self, width):
        medians = interleaved({"solve": self.run, "network": self.network}, repeats=7)
        return medians["solve"] / medians["network"]
