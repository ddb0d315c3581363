import numpy as np
import pytest

import prbench
from prbench.algorithms.far_field._finals import Finals, Settling
from prbench.algorithms.far_field._selection import Choice, hold_out
from prbench.algorithms.far_field._state import ProjectionState
from prbench.backend import get_backend

SURE = {"starts": 8, "recipe": "5*(20*ER+180*HIO)+200*ER", "sigma_end": 0.5}


def crystal(spelled="crystal2d[size=32]"):
    return prbench.get_dataset(spelled).problem(0, split="tune")


def state(y, errors):
    """Starts that are the truth of ``y`` but for noise of these relative sizes."""
    rng = np.random.default_rng(0)
    truth = np.asarray(y.pad(crystal().truth.object))
    noise = rng.standard_normal((len(errors), *y.shape)) * np.abs(truth).mean()
    g = (truth[None] + np.reshape(errors, (-1, 1, 1)) * noise).astype(np.complex64)
    there = y.to(get_backend("numpy"))
    return ProjectionState.of(there, g, np.ones(g.shape, bool), 0.9, Choice(there, None), rng)


def test_the_worse_half_is_dropped_once_one_start_has_found_the_object():
    s = state(crystal().measurement, [0.3, 0.03, 0.2, 0.1, 0.5, 0.4, 0.6])
    scores = s.scores_now()
    assert scores.min() > 2e-3
    Finals((20,), 2).check(s)
    np.testing.assert_allclose(s.scores_now(), np.sort(scores)[:4], rtol=1e-5)
    np.testing.assert_allclose(np.sort(s.dropped), np.sort(scores)[4:])
    assert s.ancestors == [frozenset((i,)) for i in np.argsort(scores)[:4]]
    Finals((20,), 2).check(s)
    assert s.g.shape[0] == 3
    Finals((20,), 2).check(s)
    assert s.g.shape[0] == 3


@pytest.mark.parametrize("finalists", [1, 4])
def test_the_finalists_alone_go_on_once_none_can_beat_the_best(finalists):
    s = state(crystal().measurement, [0.3, 1e-3, 0.2, 0.1, 0.5, 0.4])
    Finals((20,), finalists).check(s)
    assert s.g.shape[0] == finalists
    assert s.ancestors[0] == frozenset((1,))
    assert s.dropped.shape == (6 - finalists,)


def test_nothing_is_dropped_while_no_start_has_found_it():
    s = state(crystal().measurement, [0.6, 0.7, 0.8, 0.9])
    Finals((20,), 1).check(s)
    assert s.g.shape[0] == 4
    assert not s.settled


def test_an_exact_answer_settles_when_it_gets_no_better():
    s = state(crystal().measurement, [0.0])
    Finals((20,), 1).check(s)
    assert s.residual < 1e-5
    assert not s.settled
    Finals((20,), 1).check(s)
    assert s.settled


def test_checks_come_in_order():
    finals = Finals((20, 220, 420), 3)
    assert [finals.next_check(k) for k in (0, 19, 20, 300, 420)] == [20, 20, 220, 420, None]


def test_a_pipeline_that_drops_starts_answers_as_well_for_fewer_transforms():
    made = crystal()
    few, all_ = (
        prbench.solve(prbench.get_solver("hio-er", finalists=n, **SURE), made.measurement, backend="numpy") for n in (2, 8)
    )
    assert few.cost.ffts < 0.7 * all_.cost.ffts
    for found in (few, all_):
        assert prbench.score(found.reconstruction, made)["sa_nmse"] < 1e-3
        assert found.reconstruction.aux["scores"].shape == (8,)
        assert "starts_cut" not in found.reconstruction.aux


def test_a_run_ends_once_its_answer_is_exact():
    made = crystal("crystal2d[size=16,strength=0.5]")
    y = made.measurement
    y = prbench.FarField(y.intensity, object_shape=y.object_shape, support=y.pad(np.asarray(made.object_region)))
    found = prbench.solve("hio-er[starts=2]", y, backend="numpy")
    assert found.cost.iterations < found.curve[-1].iterations
    assert found.curve[-1].residual < 1e-5
    assert prbench.score(found.reconstruction, made)["sa_nmse"] < 1e-6


NOISY = "crystal2d[size=24,photons=100]"
SHORT = "starts=12,recipe=12*(10*ER+60*HIO)+10*ER+2*(40*ML+20*HIO+10*ER)+40*ML"


def held_out_state(errors):
    """As :func:`state`, of a noisy pattern some pixels of which are held out."""
    y = crystal("crystal2d[size=32,photons=100]").measurement
    s = state(y, errors)
    s.y, held_out = hold_out(s.y, 0.05, np.random.default_rng(1))
    s.choice = Choice(s.choice.y, held_out)
    return s


def test_starts_that_get_no_better_go_on_with_the_last_cycles():
    s = held_out_state([0.3, 1e-3, 0.2, 0.4])
    s.k, settling = 20, Settling((20, 40), 2, 100)
    settling.check(s)
    assert (s.k, s.steps_taken, s.g.shape[0]) == (20, 20, 4)
    s.k = 40
    settling.check(s)
    assert (s.k, s.steps_taken, s.g.shape[0]) == (100, 40, 2)
    assert [min(one) for one in s.ancestors] == [1, 2]
    assert s.dropped.shape == (2,)


def test_starts_that_get_better_go_on():
    s = held_out_state([0.3, 0.4])
    Settling((20, 40), 1, 100).check(s)
    s.p = held_out_state([0.1, 0.1]).p
    Settling((20, 40), 1, 100).check(s)
    assert (s.k, s.g.shape[0]) == (0, 2)


def test_a_noisy_run_ends_early_and_answers_as_well():
    made = crystal(NOISY)
    early, full = (
        prbench.solve(f"hio-er-ml[{SHORT},settle={settle}]", made.measurement, backend="numpy") for settle in ("true", "false")
    )
    assert early.cost.ffts < 0.75 * full.cost.ffts
    assert early.cost.iterations < full.cost.iterations == full.curve[-1].iterations
    errors = [prbench.score(found.reconstruction, made)["sa_nmse"] for found in (early, full)]
    assert errors[0] < 1.5 * errors[1] < 0.05
    for found in (early, full):
        assert found.reconstruction.aux["scores"].shape == (12,)


@pytest.mark.parametrize("noise", ["", ",photons=100"])
def test_only_photon_noise_lets_a_run_settle(noise):
    y = crystal(f"crystal2d[size=16{noise}]").measurement
    settling = prbench.get_solver(f"hio-er-ml[{SHORT},settle=true]").settling(y)
    assert (settling is not None) == bool(noise)
    if settling is not None:
        assert max(settling.checks) < settling.resume
