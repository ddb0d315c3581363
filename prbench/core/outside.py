"""Inputs unlike those that a network was trained on: found by numbers, carried by a reconstruction, said in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .reconstruction import Reconstruction

_PREFIX = "outside "

_MARGIN = 0.05
"""Part of a range by which it is widened: it is that of a sample."""


def outside_ranges(features: Mapping[str, float], seen: Mapping[str, Sequence[float]]) -> dict[str, np.ndarray]:
    """The features beyond their ranges: for each float64 (3,), its value, the least and the largest seen.

    Args:
        features: of an input.
        seen: the least and the largest of each in the training; features that are not in it have no range.
    """
    result = {}
    for name, value in features.items():
        if name in seen:
            low, high = seen[name]
            room = _MARGIN * (high - low)
            if not low - room <= value <= high + room:
                result[_PREFIX + name] = np.array([value, low, high])
    return result


def outside_training(reconstruction: Reconstruction) -> tuple[str, ...]:
    """What is to be said of an answer whose ``aux`` holds what :func:`outside_ranges` found."""
    found = {name.removeprefix(_PREFIX): value for name, value in reconstruction.aux.items() if name.startswith(_PREFIX)}
    return tuple(
        f"the {name} is {value:.3g}, in the network's training it was {low:.3g} to {high:.3g}: the answer is an extrapolation"
        for name, (value, low, high) in found.items()
    )
