"""Statistics of a large study."""

from kernels_analysis import bootstrap, leaderboard


class Statistics:
    """20 solvers, 200 samples, 10 000 resamples."""

    params = (1, 3, 10)
    param_names = ("seeds",)

    def setup(self, seeds):
        self.bootstrap, self.leaderboard = bootstrap(seeds), leaderboard(seeds)
        self.bootstrap()
        self.leaderboard()

    def time_bootstrap(self, seeds):
        self.bootstrap()

    def peakmem_bootstrap(self, seeds):
        self.bootstrap()

    def time_leaderboard(self, seeds):
        self.leaderboard()
