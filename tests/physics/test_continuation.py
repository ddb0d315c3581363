"""What was not measured is continued from what is around it, and nothing that was measured changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prbench.physics.continuation import continued


@given(st.integers(0, 999), st.floats(0.02, 0.98), st.sampled_from([(9, 12), (16, 16), (6, 7, 8)]))
def test_measured_values_stay_and_bound_the_others(seed, share, shape):
    rng = np.random.default_rng(seed)
    values = rng.random(shape).astype(np.float32)
    measured = rng.random(shape) < share
    measured.flat[0] = True
    wild = np.where(measured, values, np.float32(np.nan))
    result = continued(wild, measured)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result[measured], values[measured])
    assert result.min() >= values[measured].min()
    assert result.max() <= values[measured].max()


@pytest.mark.parametrize("radius", [3, 40])
def test_a_constant_is_continued_through_a_hole_of_any_size(radius):
    rows, columns = np.mgrid[-32:32, -32:32]
    measured = rows**2 + columns**2 > radius**2
    np.testing.assert_allclose(continued(np.full((64, 64), 5.0), measured), 5.0)


def test_a_gap_takes_what_is_next_to_it():
    ramp = np.tile(np.arange(32.0), (32, 1))
    measured = np.ones((32, 32), bool)
    measured[14:17] = False
    np.testing.assert_allclose(continued(ramp, measured)[14:17, 8:24], ramp[14:17, 8:24], atol=0.05)
