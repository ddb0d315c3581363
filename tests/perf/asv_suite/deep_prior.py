"""Untrained priors for far-field patterns: a step beside its networks, eight starts beside one."""

from _timing import interleaved
from kernels_deep_prior import prior_networks, prior_step

_SOLVERS = ["dip", "dip-polar", "double-dip-admm", "double-dip-ri", "double-nir"]


class Step:
    """One step of eight starts on a crystal of 32 pixels."""

    params = _SOLVERS
    param_names = ("solver",)

    def setup(self, solver):
        self.run = prior_step(solver, "crystal2d[size=32]", 8)
        self.bare = prior_networks(solver, "crystal2d[size=32]", 8)
        self.one = prior_step(solver, "crystal2d[size=32]", 1)
        self.run()

    def time_step(self, solver):
        self.run()

    def track_step_of_bare_passes(self, solver):
        medians = interleaved({"step": self.run, "bare": self.bare}, repeats=5)
        return medians["step"] / medians["bare"]

    def track_eight_starts_in_one(self, solver):
        medians = interleaved({"eight": self.run, "one": self.one}, repeats=5)
        return medians["eight"] / medians["one"]
