"""Networks for off-axis holograms: seconds of a solve, a batch, a step of a training and of a search, and ratios."""

from _timing import interleaved
from kernels_phase_networks import LARGE, SMALL, SOLVERS, network, solve, step


class Solve:
    """One frame of 256x256 pixels."""

    params = SOLVERS
    param_names = ("solver",)

    def setup(self, name):
        self.run = solve(name)
        self.run()

    def time_solve(self, name):
        self.run()


class Ratios:
    """Of times taken in turn in one process."""

    def setup(self):
        self.small = network(SMALL)

    def track_unet_of_small(self):
        medians = interleaved({"large": network(LARGE), "small": self.small}, repeats=7)
        return medians["large"] / medians["small"]

    def track_used_of_trained(self):
        medians = interleaved({"used": self.small, "trained": network(SMALL, folded=False)}, repeats=9)
        return medians["used"] / medians["trained"]


class Batch:
    """Eight frames at once."""

    def setup(self):
        self.run = network(SMALL, 8)
        self.run()

    def time_batch(self):
        self.run()


class Step:
    """Four frames of 128x128 pixels."""

    params = (False, True)
    param_names = ("search",)

    def setup(self, search):
        self.run = step(SMALL, search=search)
        self.run()

    def time_step(self, search):
        self.run()
