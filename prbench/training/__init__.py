"""Training of learned solvers: examples, batches, the loop, its checkpoints, and what comes out with a card."""

from .examples import Examples, make_examples
from .loop import Event, Outcome, fit
from .search import search, search_plan
from .training import Plan, train

__all__ = ["Event", "Examples", "Outcome", "Plan", "fit", "make_examples", "search", "search_plan", "train"]
