"""Where the maps of a reconstruction are judged."""

from __future__ import annotations

import numpy as np

from prbench.backend import Array
from prbench.core import Problem, find_task


def judged_region(problem: Problem) -> Array:
    """The pixels of a 2D map, bool (H, W), that scores are taken over.

    The dataset's ``object_region``; where there is none, what was measured, without the task's rim, which in a frame
    under four rims wide is a quarter of the frame.
    """
    if problem.object_region is not None:
        return np.asarray(problem.object_region, bool)
    y = problem.measurement
    region = np.zeros(y.shape, bool)
    edge = find_task(y.task).rim_px
    region[tuple(slice(rim, n - rim) for n in y.shape for rim in [min(edge, n // 4)])] = True
    mask = getattr(y, "mask", None)
    return region if mask is None else region & y.backend.to_numpy(mask).astype(bool)
