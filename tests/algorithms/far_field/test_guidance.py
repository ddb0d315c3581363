from itertools import pairwise

import numpy as np
import pytest

import prbench
from prbench.algorithms.far_field._guidance import aligned, breed, unrelated
from prbench.algorithms.far_field._refinement import background
from prbench.algorithms.far_field._shrinkwrap import above_typical, random_halves
from prbench.backend import get_backend


@pytest.mark.parametrize("flipped", [False, True])
def test_symmetric_copies_come_back_to_the_reference(make_solved, library, shape, flipped):
    solved = make_solved(shape, library)
    x = solved.x[0]
    axes = tuple(range(x.ndim))
    copy = np.conj(np.flip(x)) if flipped else x
    copy = np.roll(copy, tuple(range(3, 3 + x.ndim)), axis=axes) * np.exp(1.3j)
    found = solved.host(aligned(solved.y, solved.there(np.stack([copy, x])), solved.there(x)))
    np.testing.assert_allclose(found, np.stack([x, x]), atol=1e-4 * abs(x).max())


def test_the_better_half_is_left_alone_and_the_worse_gets_its_ancestors(make_solved, library):
    solved = make_solved((16, 18), library)
    state = solved.fields(solved.random(6))
    before = solved.host(state.g).copy()
    breed(state, np.array([5.0, 0.0, 4.0, 1.0, np.nan, 2.0]))
    after = solved.host(state.g)
    for kept in (1, 3, 5):
        np.testing.assert_array_equal(after[kept], before[kept])
        assert state.ancestors[kept] == {kept}
    for replaced in (0, 2, 4):
        assert not np.array_equal(after[replaced], before[replaced])
        assert 1 in state.ancestors[replaced]
        assert state.ancestors[replaced] <= {1, 3, 5}


def test_only_starts_without_a_common_ancestor_are_independent():
    ancestors = [frozenset(a) for a in ((0,), (0, 1), (2,), (1,), (1, 3))]
    assert unrelated([1, 0, 2, 3, 4], ancestors) == [1, 2]
    assert unrelated([0, 1, 2, 3, 4], ancestors) == [0, 2, 3]


def test_a_half_holds_one_of_each_two_opposite_pixels(make_solved, library, shape):
    solved = make_solved(shape, library)
    halves = solved.host(random_halves(solved.y, np.random.default_rng(1), 5))
    assert halves.shape == (5, *shape)
    symmetric = halves[(slice(None), *(slice(1 - n % 2, None) for n in shape))]  # an even axis has one pixel without opposite
    opposite = symmetric[(slice(None), *(slice(None, None, -1) for _ in shape))]
    centre = np.zeros(symmetric.shape[1:], bool)
    centre[tuple(n // 2 for n in centre.shape)] = True
    assert (symmetric ^ opposite == ~centre).all()


def test_twin_breaking_halves_the_support_until_its_next_update():
    y = prbench.get_dataset("crystal2d[size=32]").problem(0, split="tune").measurement.to(get_backend("numpy"))
    states = []
    for twin_break in (False, True):
        solver = prbench.get_solver("hio-er", twin_break=twin_break, starts=4)
        states.append(solver.advance(y, solver.init(y, np.random.default_rng(0)), solver.update_every))
    whole, half = (state.support.sum(axis=(1, 2)) for state in states)
    assert (half < whole).all()
    assert (states[1].support <= states[0].support).all()
    after = solver.advance(y, states[1], solver.update_every).support.sum(axis=(1, 2))
    assert (after > half).any()


def test_the_support_of_a_uniform_object_is_found_whatever_its_scale(make_solved, library):
    solved = make_solved((16, 18), library)
    inside = np.zeros((16, 18), bool)
    inside[4:9, 5:11] = True
    frame = np.ones_like(inside)
    for scale in (1e-3, 1.0, 1e3):
        x = solved.there((scale * np.exp(2j) * (inside + 0.05)).astype(solved.x.dtype))
        found = solved.host(above_typical(solved.y, x, solved.there(frame), 0.5))
        assert np.array_equal(found, inside) or (found ^ inside).sum() <= 4  # the blur rounds corners


def test_the_background_falls_from_three_times_the_mean_to_nothing(make_solved):
    y = make_solved((16, 18), gain=0.5).y
    levels = [background(y, t) for t in np.linspace(0, 0.999, 50)]
    assert levels[0] == pytest.approx(3 * float(y.intensity.mean()) / 0.5)
    assert all(a >= b for a, b in pairwise(levels))
    assert levels[-1] < 1e-3
