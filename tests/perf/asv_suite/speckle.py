"""Speckle tracking: seconds, and the error that they buy."""

from _solves import LIBRARIES
from kernels_speckle import errors, tiled, track, warped

SOLVERS = ("umpa", "umpa[window=9]", "lcs", "lcs-umpa")
SIDES = (256, 1024)


class Tracking:
    """One solve of ten pairs."""

    params = (list(SOLVERS), list(SIDES), LIBRARIES)
    param_names = ("solver", "side", "library")

    def setup(self, solver, side, library):
        self.run = track(solver, tiled(side, 10), library)
        self.run()  # compiles

    def time_solve(self, solver, side, library):
        self.run()

    def peakmem_solve(self, solver, side, library):
        self.run()


class TrackingError:
    """RMSE of the displacement on warped speckles of up to 0.9 px, ten pairs."""

    params = SOLVERS
    param_names = ("solver",)

    def track_rmse(self, solver):
        return errors(solver, warped("shift=0.9"), 10)[0]

    track_rmse.unit = "px"
