"""Statistics over records, and leaderboards."""

from .goals import Goal, choose_goal, goals
from .leaderboard import NOT_RUN, SCORED, Leaderboard, leaderboards
from .pivot import Pivot, pivots
from .statistics import Estimates, bootstrap_medians, group_medians, wilson

__all__ = [
    "NOT_RUN",
    "SCORED",
    "Estimates",
    "Goal",
    "Leaderboard",
    "Pivot",
    "bootstrap_medians",
    "choose_goal",
    "goals",
    "group_medians",
    "leaderboards",
    "pivots",
    "wilson",
]
