"""How the making of problems is followed."""

from __future__ import annotations

import time

from .counting import Counting
from .display import duration


class MakingDisplay(Counting):
    """Called with the number of problems there and of all."""

    def __init__(self) -> None:
        super().__init__()
        self._began, self._first = time.monotonic(), -1

    def __call__(self, done: int, total: int) -> None:
        """Show how far it is, and about how long the rest takes."""
        if self._first < 0:
            self._first = done
        made = done - self._first
        seconds = (time.monotonic() - self._began) / max(made, 1) * (total - done)
        self.show("problems", done, total, f"about {duration(seconds)} left" if made > 0 and done < total else "")
