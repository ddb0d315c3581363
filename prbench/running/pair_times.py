"""The time of an FFT pair, in which the cost of a solve is counted."""

from __future__ import annotations

import time
from collections.abc import Callable

from prbench.backend import Backend, fft_pair_times, get_threads

_PAIR_HOLDS_S, _PAIRS, _FIRST_PAIRS = 0.3, 5, 25


class PairTimes:
    """The FFT pair of each shape: its wall time now, or at most 0.3 s ago, and its least processor time so far.

    So that quick solves are not outweighed by it, it is timed at length only the first time.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[float, tuple[float, float]]] = {}

    def get(self, label: tuple[object, ...], measure: Callable[[int], tuple[float, float]]) -> tuple[float, float]:
        """Wall and processor time of the pair that ``label`` names; ``measure`` times it, as often as it is told."""
        at, times = self._known.get(label, (0.0, (0.0, 0.0)))
        if label not in self._known:
            self._known[label] = time.monotonic(), measure(_FIRST_PAIRS)
        elif time.monotonic() - at > _PAIR_HOLDS_S:
            wall, processor = measure(_PAIRS)
            self._known[label] = time.monotonic(), (wall, min(processor, times[1]))
        return self._known[label][1]


_pair_times = PairTimes()


def timed_pair(resolved: Backend, shape: tuple[int, ...]) -> tuple[float, float]:
    """Wall and processor time of an FFT pair in this process."""
    return _pair_times.get((resolved, shape, get_threads()), lambda repeats: fft_pair_times(resolved, shape, repeats))
