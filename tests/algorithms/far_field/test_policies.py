"""Policies as values: when they act, what they do, and that any solver may take them as settings."""

import itertools

import numpy as np
import pytest

import prbench
from prbench.algorithms.far_field._coherence import KnownCoherence
from prbench.algorithms.far_field._policies import FixedSupport, Guided, HoldOut, Independent, Shrinkwrap, TwinBreak
from prbench.algorithms.far_field._run import ProjectionRun
from prbench.algorithms.far_field._shrinkwrap import shrink
from prbench.algorithms.far_field._updates import UPDATES
from prbench.backend import get_backend
from prbench.errors import UsageError

GUIDABLE = ("er", "hio", "raar", "rrr", "difference-map", "hpr")


def measurement(spelled: str = "crystal2d[size=16]", library: str = "numpy"):
    return prbench.get_dataset(spelled).problem(0, split="tune").measurement.to(get_backend(library))


def run(support=None, restarts=None, hold_out=None, steps: int = 100) -> ProjectionRun:
    """Error reduction with the policies given."""
    return ProjectionRun(
        lambda _: UPDATES["ER"],
        steps,
        support or FixedSupport(),
        restarts or Independent(),
        hold_out or HoldOut(0.0, steps),
        KnownCoherence(),
    )


@pytest.mark.parametrize("policy", [Shrinkwrap(7, 0.2, 3.0, 1.0), Guided(7)])
def test_a_policy_acts_at_multiples_of_its_interval(policy):
    following = policy.next_update if isinstance(policy, Shrinkwrap) else policy.next_generation
    assert [following(k) for k in (0, 6, 7, 13)] == [7, 7, 14, 14]


def test_some_policies_never_act():
    assert FixedSupport().next_update(3) is None
    assert Independent().next_generation(3) is None


def test_the_blur_falls_geometrically():
    policy = Shrinkwrap(5, 0.2, 4.0, 1.0)
    np.testing.assert_allclose([policy.sigma(t) for t in (0, 0.5, 1)], [4, 2, 1])


def test_shrinkwrap_draws_the_support_of_the_field_it_is_told_to_follow(make_solved, library):
    solved = make_solved(library=library)
    for follow in ("iterate", "estimate"):
        s = solved.fields(solved.random(2))
        s.p = solved.there(solved.random(2, seed=9))
        policy = Shrinkwrap(5, 0.3, 2.0, 1.0, follow=follow)
        policy.update(s, 0.5)
        expected = shrink(solved.y, s.g if follow == "iterate" else s.p, 2**0.5, 0.3)
        np.testing.assert_array_equal(solved.host(s.support), solved.host(expected))


def test_policies_act_during_their_steps_and_no_longer(make_solved):
    solved = make_solved((16, 18))
    s = solved.fields(solved.random(6))
    first = s.support.copy()
    plan = run(Shrinkwrap(10, 0.3, 1.0, 1.0), Guided(15), steps=20)
    plan.advance(solved.y, s, 9)
    np.testing.assert_array_equal(s.support, first)
    plan.advance(solved.y, s, 10)
    assert not np.array_equal(s.support, first)
    plan.advance(solved.y, s, 15)
    assert max(len(ancestors) for ancestors in s.ancestors) > 1
    bred, drawn = list(s.ancestors), s.support.copy()
    plan.advance(solved.y, s, 60)
    np.testing.assert_array_equal(s.support, drawn)
    assert s.ancestors == bred


def test_a_run_in_pieces_is_the_run_at_once(make_solved):
    solved = make_solved((16, 18))
    plan = run(Shrinkwrap(10, 0.3, 1.0, 1.0), Guided(15), steps=40)
    at_once, pieces = (solved.fields(solved.random(6)) for _ in range(2))
    plan.advance(solved.y, at_once, 40)
    for last in range(1, 41):
        plan.advance(solved.y, pieces, last)
    np.testing.assert_array_equal(at_once.g, pieces.g)
    np.testing.assert_array_equal(at_once.support, pieces.support)


def test_pixels_held_out_are_given_back_at_their_step(make_solved):
    solved = make_solved((32, 34))
    policy = HoldOut(0.1, release=4)
    fitted, choice = policy.split(solved.y, np.random.default_rng(0))
    assert fitted is not solved.y
    s = solved.fields(solved.random(3))
    s.y, s.choice = fitted, choice
    plan = run(hold_out=policy)
    plan.advance(solved.y, s, 4)
    assert s.y is fitted
    assert not s.choice.scores.size
    plan.advance(solved.y, s, 5)
    assert s.y is solved.y
    assert s.choice.scores.shape == (3,)


def test_a_given_support_is_whole_again_after_twins_are_broken(make_solved):
    support = np.zeros((16, 18), bool)
    support[2:10, 3:12] = True
    solved = make_solved((16, 18), support=support)
    s = solved.fields(solved.random(4), support=support)
    plan = run(TwinBreak(FixedSupport(), 5))
    areas = []
    for last in (4, 5, 9, 10, 30):
        plan.advance(solved.y, s, last)
        areas.append(s.support.sum(axis=(1, 2)))
    whole = support.sum()
    assert (areas[0] == whole).all()
    assert (areas[1] < whole).all()
    assert (areas[1] > 0).all()
    np.testing.assert_array_equal(areas[2], areas[1])
    assert (areas[3] == whole).all()
    assert (areas[4] == whole).all()


@pytest.mark.parametrize("name", GUIDABLE)
def test_every_projection_solver_may_guide_its_restarts(name):
    y = measurement()
    solver = prbench.get_solver(name, starts=6, iterations=60, breed_every=20)
    state = solver.advance(y, solver.init(y, np.random.default_rng(0)), 60)
    lone = [frozenset((i,)) for i in range(6)]
    assert sum(now != before for now, before in zip(state.ancestors, lone, strict=True)) >= 3
    alone = prbench.get_solver(name, starts=6, iterations=60)
    state = alone.advance(y, alone.init(y, np.random.default_rng(0)), 60)
    assert state.ancestors == lone


def test_guided_starts_of_raar_end_nearer_to_the_pattern():
    y = measurement("crystal2d[size=32,strength=1]")
    means = []
    for every in (0, 100):
        found = prbench.solve(prbench.get_solver("raar", starts=8, iterations=500, breed_every=every), y, backend="numpy")
        means.append(np.mean(found.reconstruction.aux["scores"]))
    assert means[1] < means[0]


@pytest.mark.parametrize("name", GUIDABLE)
def test_guiding_too_few_starts_is_refused(name):
    with pytest.raises(UsageError, match=r"breed_every=20 .*\b4\b.*starts=3"):
        prbench.get_solver(name, starts=3, breed_every=20)


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("follow", ["iterate", "estimate"])
def test_likelihood_may_have_its_support_follow_the_object(library, follow):
    made = prbench.get_dataset("crystal2d[size=32,strength=0.3]").problem(0, split="tune")
    y = made.measurement.to(get_backend(library))
    solver = prbench.get_solver("ml", starts=2, iterations=120, update_every=30, follow=follow)
    state = solver.init(y, np.random.default_rng(0))
    areas = []
    for _ in range(4):
        state = solver.advance(y, state, 30)
        support = y.backend.to_numpy(state.descent.support)
        assert not y.backend.to_numpy(state.descent.x)[~support].any()
        np.testing.assert_allclose(
            y.backend.to_numpy(y.transform(state.descent.x)),
            y.backend.to_numpy(state.descent.spectrum),
            atol=1e-3 * float(abs(state.descent.spectrum).max()),
        )
        areas.append(int(support[0].sum()))
    assert areas[0] != areas[2]
    assert areas[-1] == areas[-2]  # no update at the very end, after which nothing would be fitted
    if follow == "iterate":
        assert all(later <= earlier for earlier, later in itertools.pairwise(areas))


def test_without_updates_the_support_of_likelihood_stays():
    y = measurement()
    solver = prbench.get_solver("ml", iterations=60)
    state = solver.init(y, np.random.default_rng(0))
    first = state.descent.support
    assert solver.advance(y, state, 60).descent.support is first


def test_a_batch_cut_to_finalists_keeps_scores_and_ancestors_together():
    y = measurement("crystal2d[size=16,photons=100]")
    solver = prbench.get_solver("hio-er-ml", recipe="60*HIO+20*ER+24*ML", starts=6, finalists=3, holdout=0.1, breed_every=30)
    state = solver.advance(y, solver.init(y, np.random.default_rng(0)), 90)
    assert state.refinement is not None
    assert state.refinement.best is None
    s = state.projections
    assert len(s.g) == len(s.ancestors) == len(s.choice.scores) == 3
    assert (np.diff(s.choice.scores) >= 0).all()
    assert np.isfinite(solver.estimate(y, state).object).all()
