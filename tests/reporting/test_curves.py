import math

import numpy as np
import pytest

from prbench.reporting.curves import X, summary


def curve(residual, step=10):
    steps = np.arange(len(residual)) * step
    return {"iteration": list(steps), "seconds": list(steps * 0.1), "residual": list(residual)}


def test_a_median_curve_lies_between_the_curves():
    low, high = curve([3.0, 2.0, 1.0]), curve([9.0, 6.0, 3.0])
    found = summary([(low, 0.5), (high, 0.5)], 12)
    for axis in X:
        track = found.tracks[axis]
        assert np.all(track.low <= track.middle)
        assert np.all(track.middle <= track.high)
        assert track.middle[-1] == pytest.approx(2.0)
    assert found.tracks["pairs"].x[-1] == pytest.approx(found.tracks["seconds"].x[-1] / 0.5)
    assert found.cells == 2


def test_a_solve_that_ended_keeps_its_last_value():
    found = summary([(curve([4.0, 1.0]), 1.0), (curve([4.0, 3.0, 3.0, 3.0]), 1.0)], 20)
    assert found.tracks["iteration"].middle[-1] == pytest.approx(2.0)


def test_curves_that_say_nothing_are_left_out():
    assert summary([({}, 1.0), (curve([1.0]), 1.0)], 10) is None
    assert "pairs" not in summary([(curve([2.0, 1.0]), math.nan)], 10).tracks
