"""Laws of keeping the iterate that explains held-out data best."""

from __future__ import annotations

import numpy as np
import pytest

from prbench.core.stopping import EarlyStopping
from prbench.errors import UsageError


def course(seed: int = 0, looks: int = 40, starts: int = 3) -> np.ndarray:
    """Scores that fall and rise again, with noise: (looks, starts)."""
    rng = np.random.default_rng(seed)
    turn = np.linspace(10, 25, starts)
    return 1 + ((np.arange(looks)[:, None] - turn) / looks) ** 2 + 0.002 * rng.standard_normal((looks, starts))


def followed(scores: np.ndarray, **settings) -> EarlyStopping:
    watch = EarlyStopping(scores.shape[1], **settings)
    for k, row in enumerate(scores):
        watch.observe(row, np.full((scores.shape[1], 2), float(k)))
    return watch


def test_without_smoothing_the_iterate_of_the_lowest_score_is_kept():
    scores = course()
    watch = followed(scores, smoothing=0)
    np.testing.assert_array_equal(watch.best_at, scores.argmin(axis=0))
    np.testing.assert_array_equal(watch.best[0][:, 0], scores.argmin(axis=0))
    np.testing.assert_allclose(watch.scores, scores.min(axis=0), rtol=1e-12)


def test_each_start_goes_its_own_way():
    scores = course()
    together = followed(scores)
    for start in range(scores.shape[1]):
        alone = followed(scores[:, start : start + 1])
        assert alone.best_at[0] == together.best_at[start]
        assert alone.scores[0] == together.scores[start]
        np.testing.assert_array_equal(alone.best[0][0], together.best[0][start])


def test_one_lucky_iterate_is_not_taken_for_the_best():
    scores = course(starts=1)
    scores[35] -= 0.5
    assert followed(scores, smoothing=0).best_at[0] == 35
    assert followed(scores, smoothing=0.9).best_at[0] < 33


def test_a_constant_score_is_its_own_average_from_the_first_look():
    watch = followed(np.full((5, 2), 3.0), smoothing=0.9)
    np.testing.assert_allclose(watch.scores, 3.0, rtol=1e-12)


def test_what_is_kept_is_a_copy():
    watch, iterate = EarlyStopping(1), np.ones((1, 4))
    watch.observe([1.0], iterate)
    iterate[:] = 7
    np.testing.assert_array_equal(watch.best[0], np.ones((1, 4)))


def test_tensors_are_kept_as_tensors():
    torch = pytest.importorskip("torch")
    watch = EarlyStopping(2, smoothing=0)
    watch.observe([2.0, 1.0], torch.zeros(2, 3), torch.zeros(2))
    better = watch.observe([1.0, 2.0], torch.ones(2, 3), torch.ones(2))
    assert better.tolist() == [True, False]
    assert watch.best[0].tolist() == [[1.0] * 3, [0.0] * 3]
    assert watch.best[1].tolist() == [1.0, 0.0]


def test_a_start_has_settled_after_its_patience():
    watch = EarlyStopping(1, smoothing=0, patience=3)
    settled = []
    for score in (3.0, 2.0, 2.5, 2.5, 2.5, 2.5):
        watch.observe([score], np.zeros((1, 1)))
        settled.append(watch.settled())
    assert settled == [False, False, False, False, True, True]


def test_all_starts_must_have_settled():
    watch = EarlyStopping(2, smoothing=0, patience=2)
    for k in range(6):
        watch.observe([1.0 + k, 1.0 - 0.1 * k], np.zeros((2, 1)))
        assert not watch.settled()
    for _ in range(2):
        watch.observe([9.0, 9.0], np.zeros((2, 1)))
    assert watch.settled()


def test_without_patience_nothing_settles():
    assert not followed(np.ones((50, 1))).settled()


def test_scores_that_are_not_finite_never_win():
    watch = EarlyStopping(2, smoothing=0.5)
    watch.observe([np.nan, 2.0], np.zeros((2, 1)))
    watch.observe([1.0, np.nan], np.ones((2, 1)))
    assert watch.order == [1, 0]
    assert watch.scores[1] == 2.0
    assert not np.isfinite(watch.scores[0])


def test_going_on_with_some_starts_changes_nothing_for_them():
    scores = course(starts=4)
    watch, whole = EarlyStopping(4), followed(scores)
    for k, row in enumerate(scores):
        rows = [3, 1] if k >= 20 else [0, 1, 2, 3]
        if k == 20:
            watch.narrow(rows)
        watch.observe(row[rows], np.full((len(rows), 2), float(k)))
    np.testing.assert_array_equal(watch.scores, whole.scores[[3, 1]])
    np.testing.assert_array_equal(watch.best[0], whole.best[0][[3, 1]])


def test_the_best_start_comes_first():
    watch = EarlyStopping(3, smoothing=0)
    watch.observe([2.0, 1.0, 3.0], np.zeros((3, 1)))
    assert watch.order == [1, 0, 2]


@pytest.mark.parametrize(("settings", "names"), [({"smoothing": 1.0}, "smoothing"), ({"patience": 0}, "patience")])
def test_settings_out_of_range_are_refused(settings, names):
    with pytest.raises(UsageError, match=names):
        EarlyStopping(1, **settings)
