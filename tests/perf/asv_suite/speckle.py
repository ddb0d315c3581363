"""Speckle tracking: seconds, and the error that they buy."""

from kernels_speckle import errors, tiled, track, warped

SOLVERS = ("umpa", "umpa[window=9]", "lcs", "lcs-umpa")
SIDES = (256, 1024)


class Tracking:
    """One solve of ten pairs."""

    params = (list(SOLVERS), list(SIDES))
    param_names = ("solver", "side")

    def setup(self, solver, side):
        self.run = track(solver, tiled(side, 10))
        self.run()  # compiles

    def time_solve(self, solver, side):
        self.run()


class TrackingError:
    """RMSE of the displacement on warped speckles of up to 0.9 px, ten pairs."""

    params = SOLVERS
    param_names = ("solver",)

    def track_rmse(self, solver):
        return errors(solver, warped("shift=0.9"), 10)[0]

    track_rmse.unit = "px"
