import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from prbench.physics.surface import unwrap
from prbench.physics.unwrapping import has_residues, unwrapped, wrapped


def smooth(seed, size=40, steepest=2.0):
    field = gaussian_filter(np.random.default_rng(seed).standard_normal((size, size + 3)), 4)
    return field * steepest / max(np.abs(np.diff(field, axis=axis)).max() for axis in (0, 1))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 3.1))
def test_a_smooth_phase_comes_back_up_to_whole_turns(seed, steepest):
    phase = smooth(seed, steepest=steepest)
    assert not has_residues(wrapped(phase))
    turns = (unwrapped(wrapped(phase)) - phase) / (2 * math.pi)
    np.testing.assert_allclose(turns, round(turns[0, 0]), atol=1e-9)


def test_both_ways_agree_where_there_is_one_answer():
    phase = wrapped(smooth(3, size=60))
    apart = (unwrapped(phase) - unwrap(phase)) / (2 * math.pi)
    np.testing.assert_allclose(apart, round(apart[0, 0]), atol=1e-6)


def test_a_vortex_is_a_residue_and_still_unwrapped():
    y, x = np.indices((32, 32)) - 15.4
    vortex = np.arctan2(y, x)
    assert has_residues(vortex)
    assert np.isfinite(unwrapped(vortex)).all()


@given(st.floats(-1e3, 1e3))
def test_wrapping_takes_whole_turns_off(phase):
    found = float(wrapped(np.array(phase)))
    assert abs(found) <= math.pi + 1e-9
    turns = (phase - found) / (2 * math.pi)
    assert turns == pytest.approx(round(turns), abs=1e-9)


def test_no_path_leads_through_unmeasured_pixels():
    """Garbage in a band; what it parts is right up to whole turns, and what is unmeasured follows its nearest neighbour."""
    rows, columns = np.indices((60, 80))
    phase = 0.2 * rows + 0.1 * columns
    mask = np.ones(phase.shape, bool)
    mask[:, 30:40] = False
    seen = wrapped(np.where(mask, phase, np.random.default_rng(0).uniform(-3, 3, phase.shape)))
    found = unwrapped(seen, mask)
    for part in (slice(0, 30), slice(40, 80)):
        gap = (found - phase)[:, part]
        np.testing.assert_allclose(gap, 2 * np.pi * np.round(gap.mean() / (2 * np.pi)), atol=1e-9)
    np.testing.assert_allclose(wrapped(found - seen), 0, atol=1e-9)
    np.testing.assert_array_equal(unwrapped(wrapped(phase), np.ones_like(mask)), unwrapped(wrapped(phase)))
