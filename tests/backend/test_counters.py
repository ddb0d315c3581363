"""Counters of transforms, operators and network passes."""

from prbench.backend import Counters


def test_a_pass_with_its_gradient_counts_three():
    counters = Counters()
    counters.add_passes(8)
    counters.add_passes(2, gradient=True)
    assert counters == Counters(passes=14)


def test_what_another_has_counted_is_added():
    counters = Counters(1, 2, 3)
    counters.add(Counters(10, 20, 30))
    assert counters == Counters(11, 22, 33)


def test_nothing_is_counted_while_it_is_stopped():
    counters = Counters(1, 2, 3)
    with counters.stopped():
        counters.add(Counters(10, 20, 30))
    assert counters == Counters(1, 2, 3)


def test_reset_starts_from_zero():
    counters = Counters(1, 2, 3)
    counters.reset()
    assert counters == Counters()
