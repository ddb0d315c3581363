import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prbench.analysis.common import common_block


def block(*rows):
    ranked, common = common_block(np.array([[mark == "x" for mark in row] for row in rows]))
    return np.flatnonzero(ranked).tolist(), np.flatnonzero(common).tolist()


def test_all_are_ranked_where_all_have_everything():
    assert block("xxx", "xxx") == ([0, 1], [0, 1, 2])
    assert block("x") == ([0], [0])


def test_few_missing_samples_cost_samples_and_many_cost_the_rank():
    assert block("xxxxxxxx", "xxxxxxx.", "xxxxxxxx") == ([0, 1, 2], list(range(7)))
    assert block("xxxxxxxx", "x.......", "xxxxxxxx") == ([0, 2], list(range(8)))


def test_more_solvers_win_where_two_choices_are_equal():
    assert block("xxxx", "xx..") == ([0, 1], [0, 1])


def test_those_that_share_samples_join_each_other():
    """The first has as many samples as the others, and none in common with them."""
    assert block("....xxxx", "xxxx....", "xxxx....") == ([1, 2], [0, 1, 2, 3])


@given(st.integers(1, 6).flatmap(lambda n: st.lists(st.lists(st.booleans(), min_size=n, max_size=n), min_size=1, max_size=6)))
def test_every_ranked_solver_has_every_common_sample_and_nobody_else_has(rows):
    there = np.array(rows)
    there[:, 0] |= ~there.any(axis=1)
    ranked, common = common_block(there)
    assert there[ranked][:, common].all()
    assert common.any()
    assert not (there[~ranked][:, common]).all(axis=1).any()
    assert ranked.sum() * common.sum() >= there.sum(axis=1).max()
