"""Learned solvers: seconds of a training step and of a solve, and both beside the network alone."""

from _timing import interleaved
from kernels_learned import bare_step, network, solve, training_step


class Step:
    """One optimisation step of the U-Net of width 16: 8 crops of 128x128."""

    def setup(self):
        self.run, self.bare = training_step(), bare_step()
        self.run()

    def time_step(self):
        self.run()

    def track_step_of_bare_passes(self):
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
