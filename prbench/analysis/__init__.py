"""Statistics over records: leaderboards, comparisons, profiles, sweeps and tuning."""

from .comparison import Versus, compare_results, compare_solvers
from .goals import Goal, choose_goal, goals, smallest_difference
from .leaderboard import NOT_RUN, SCORED, Leaderboard, leaderboards
from .paired import samples_needed
from .pivot import Pivot, pivots
from .profiles import Profiles, costs_to_solve, data_profiles, performance_profiles
from .statistics import Estimates, bootstrap_medians, clopper_pearson, group_medians, hierarchical_medians, medians, wilson

__all__ = [
    "NOT_RUN",
    "SCORED",
    "Estimates",
    "Goal",
    "Leaderboard",
    "Pivot",
    "Profiles",
    "Versus",
    "bootstrap_medians",
    "choose_goal",
    "clopper_pearson",
    "compare_results",
    "compare_solvers",
    "costs_to_solve",
    "data_profiles",
    "goals",
    "group_medians",
    "hierarchical_medians",
    "leaderboards",
    "medians",
    "performance_profiles",
    "pivots",
    "samples_needed",
    "smallest_difference",
    "wilson",
]
