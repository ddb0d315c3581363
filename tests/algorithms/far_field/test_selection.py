import numpy as np
import pytest

from prbench.algorithms.far_field._constraints import Constraints
from prbench.algorithms.far_field._selection import Choice, hold_out, score


def candidates(solved):
    """The truth, perturbations of it, and noise of the same power: (5, *shape)."""
    rng = np.random.default_rng(2)
    noise = (rng.standard_normal((4, *solved.y.shape)) + 1j * rng.standard_normal((4, *solved.y.shape))) * solved.support
    noise *= np.linalg.norm(solved.x) / np.linalg.norm(noise.reshape(4, -1), axis=1).reshape(-1, *[1] * (solved.x.ndim - 1))
    mixed = np.stack([solved.x[0] + level * one for level, one in zip((0.05, 0.3, 1.0), noise, strict=False)])
    return np.concatenate([mixed, noise[3:], solved.x])


@pytest.mark.parametrize("fraction", [0.0, 0.1])
@pytest.mark.parametrize("gain", [None, 0.5])
def test_the_truth_scores_best_and_worse_objects_worse(make_solved, library, shape, fraction, gain):
    solved = make_solved(shape, library, hidden=True, gain=gain)
    fitted, held_out = hold_out(solved.y, fraction, np.random.default_rng(0))
    found = score(Choice(solved.y, held_out), solved.there(candidates(solved)))
    assert found.shape == (5,)
    assert found.dtype == np.float64
    assert found.argmin() == 4
    assert found[4] == pytest.approx(0, abs=1e-3)
    assert found[4] < found[0] < found[1] < found[2]
    assert (fitted is solved.y) == (fraction == 0)


def test_held_out_pixels_are_measured_ones_that_the_fit_does_not_see(make_solved, library):
    solved = make_solved((32, 34), library, hidden=True)
    fitted, held_out = hold_out(solved.y, 0.1, np.random.default_rng(0))
    seen, fit, held = (solved.host(a) for a in (solved.y.measured, fitted.measured, held_out))
    assert not (fit & held).any()
    np.testing.assert_array_equal(fit | held, seen)
    assert held.sum() == pytest.approx(0.1 * seen.sum(), rel=0.3)
    again = hold_out(solved.y, 0.1, np.random.default_rng(0))[1]
    np.testing.assert_array_equal(held, solved.host(again))


def test_a_score_of_held_out_pixels_depends_on_these_alone(make_solved):
    solved = make_solved((32, 34))
    held_out = hold_out(solved.y, 0.1, np.random.default_rng(0))[1]
    x = candidates(solved)[1:2]
    spectrum = np.fft.fft2(x)
    spectrum[:, ~held_out] *= 3
    choice = Choice(solved.y, held_out)
    np.testing.assert_allclose(score(choice, np.fft.ifft2(spectrum)), score(choice, x))


def test_what_is_not_finite_does_not_win(make_solved):
    solved = make_solved()
    broken = candidates(solved)
    broken[0] = np.nan
    found = score(Choice(solved.y, None), broken)
    assert not np.isfinite(found[0])
    assert np.isfinite(found[1:]).all()


@pytest.mark.parametrize("count", [1, 7, 40])
@pytest.mark.parametrize("nonnegative", [False, True])
def test_the_largest_pixels_are_kept(make_solved, library, count, nonnegative):
    solved = make_solved(library=library, nonnegative=nonnegative)
    x = solved.random(3)
    value = x.real if nonnegative else np.abs(x)
    for one, inside in zip(value, solved.host(Constraints.of(solved.y).largest(solved.there(x), count)), strict=True):
        assert inside.sum() == count
        assert one[inside].min() > one[~inside].max()


def test_no_more_pixels_are_kept_than_are_positive(make_solved, library):
    solved = make_solved(library=library, nonnegative=True)
    x = -np.abs(solved.random(1))
    x[0, 0, :5] = 1
    inside = solved.host(Constraints.of(solved.y).largest(solved.there(x), 20))
    assert inside.sum() == 5


def test_constraints_keep_the_support_and_nonnegative_pixels(make_solved, library):
    x = make_solved().random(2)
    for nonnegative in (False, True):
        solved = make_solved(library=library, nonnegative=nonnegative)
        support = np.broadcast_to(solved.support, x.shape).copy()
        keep = Constraints.of(solved.y).mask
        found = solved.host(keep(solved.there(x), solved.there(support)))
        np.testing.assert_array_equal(found, support & (x.real > 0) if nonnegative else support)
        cut = x * found
        np.testing.assert_array_equal(cut * solved.host(keep(solved.there(cut), solved.there(support))), cut)


def test_a_known_number_of_pixels_stands_in_for_a_support_that_is_not_known(make_solved):
    x = make_solved().random(2)
    nowhere = np.zeros(x.shape, bool)
    free = make_solved(support_size=9)
    assert (Constraints.of(free.y).mask(free.there(x), nowhere).sum(axis=(1, 2)) == 9).all()
    solved = make_solved(support_size=9, support=np.ones((16, 18), bool))
    assert not Constraints.of(solved.y).mask(solved.there(x), nowhere).any()


def test_starts_far_from_the_best_are_rejected():
    import prbench

    y = prbench.get_dataset("crystal2d[size=16]").problem(0).measurement
    every, good = (prbench.solve(f"hio-er[iterations=60,starts=8,breed_every=0{more}]", y) for more in ("", ",reject=1.05"))
    scores = np.asarray(every.reconstruction.aux["scores"])
    far = int((scores > 1.05 * scores.min()).sum())
    assert 0 < far < 8
    assert good.reconstruction.aux["rejected"] == far
    assert len(good.reconstruction.aux["starts"]) == 8 - far
    assert len(every.reconstruction.aux["starts"]) == 8
    np.testing.assert_array_equal(good.reconstruction.object, every.reconstruction.object)
    refined = "hio-er-ml[recipe=60*HIO+20*ER+8*ML,starts=8,breed_every=0"
    kept = [len(prbench.solve(refined + more, y).reconstruction.aux["starts"]) for more in ("]", ",reject=1]")]
    assert kept == [8, 1]


@pytest.mark.parametrize("more", ["", ",holdout=0.05", ",area=0.2"])
def test_large_batches_are_scored_and_shrunk_in_parts_with_the_same_result(monkeypatch, more):
    import prbench

    y = prbench.get_dataset("crystal2d[size=16]").problem(0).measurement
    spelled = f"hio-er[iterations=60,starts=5,breed_every=0{more}]"
    whole = prbench.solve(spelled, y).reconstruction
    for module in ("_selection", "_shrinkwrap"):
        monkeypatch.setattr(f"prbench.algorithms.far_field.{module}._BATCH_PIXELS", 2 * 32 * 32)
    parts = prbench.solve(spelled, y).reconstruction
    np.testing.assert_allclose(parts.aux["scores"], whole.aux["scores"], rtol=1e-5)
    np.testing.assert_allclose(parts.object, whole.object, atol=1e-4 * np.abs(whole.object).max())
