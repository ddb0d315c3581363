import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from prbench.physics.surface import unwrap
from prbench.physics.unwrapping import congruent, has_residues, least_squares, unwrapped, wrapped


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


def test_least_squares_unwrap_a_phase_without_residues():
    phase = smooth(0)
    found = least_squares(wrapped(phase))
    np.testing.assert_allclose(found - found[0, 0], phase - phase[0, 0], atol=1e-9)
    np.testing.assert_allclose(wrapped(found - phase), 0, atol=1e-9)  # the constant is that of what was seen


def test_least_squares_spread_what_residues_do_and_congruence_puts_it_back():
    phase = smooth(0) + np.where(np.random.default_rng(1).random((40, 43)) < 0.01, 3.0, 0.0)
    seen = wrapped(phase)
    assert has_residues(seen)
    found = least_squares(seen)
    assert np.abs(wrapped(found - seen)).max() > 0.1
    best = sum(np.sum((np.diff(found, axis=axis) - wrapped(np.diff(seen, axis=axis))) ** 2) for axis in (0, 1))
    for other in (phase, unwrapped(seen), found + 0.01 * smooth(2)):
        assert best < sum(np.sum((np.diff(other, axis=axis) - wrapped(np.diff(seen, axis=axis))) ** 2) for axis in (0, 1))
    whole = congruent(found, seen)
    np.testing.assert_allclose(wrapped(whole - seen), 0, atol=1e-9)
    assert np.abs(whole - found).max() <= math.pi


def test_least_squares_do_not_see_unmeasured_pixels():
    """Parts that these separate have each the constant of what was seen."""
    phase = smooth(0)
    mask = np.ones(phase.shape, bool)
    mask[:, 20:22] = False
    mask[5:9, 30:40] = False
    seen = np.where(mask, wrapped(phase), np.random.default_rng(0).uniform(-3, 3, phase.shape))
    found = least_squares(seen, mask)
    for part in (np.s_[:, :20], np.s_[:, 22:]):
        gap = (found - phase)[part][mask[part]]
        np.testing.assert_allclose(gap, gap[0], atol=1e-4)
        assert abs(wrapped(gap[0])) < 1e-4
