"""Untrained networks in near-field imaging: seconds of a step, beside the network alone."""

from _timing import interleaved
from kernels_untrained import NETWORKS, bare_passes, fitting_step


class Step:
    """One step of a fit to a radiograph of 110x110 pixels."""

    params = NETWORKS
    param_names = ("network",)

    def setup(self, network):
        self.run, self.bare = fitting_step(network, 110), bare_passes(network, 110)
        self.run()

    def time_step(self, network):
        self.run()

    def track_step_of_bare_passes(self, network):
        medians = interleaved({"step": self.run, "bare": self.bare}, repeats=5)
        return medians["step"] / medians["bare"]
