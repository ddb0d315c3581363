"""Statistics over records: leaderboards, comparisons, profiles, sweeps and tuning."""

from .comparison import Versus, compare_results, compare_solvers
from .goals import Goal, choose_goal, goals
from .leaderboard import NOT_RUN, SCORED, Leaderboard, leaderboards
from .pivot import Pivot, pivots
from .profiles import Profiles, costs_to_solve, data_profiles, performance_profiles
from .statistics import Estimates, bootstrap_medians, group_medians, hierarchical_medians, wilson

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
    "compare_results",
    "compare_solvers",
    "costs_to_solve",
    "data_profiles",
    "goals",
    "group_medians",
    "hierarchical_medians",
    "leaderboards",
    "performance_profiles",
    "pivots",
    "wilson",
]
