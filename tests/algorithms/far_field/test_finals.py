import numpy as np

import prbench
from prbench.algorithms.far_field._finals import Finals
from prbench.algorithms.far_field._selection import Choice
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
    s = state(crystal().measurement, [0.3, 1e-3, 0.2, 0.1, 0.5, 0.4])
    scores = s.scores_now()
    Finals((20,), 2).check(s)
    np.testing.assert_allclose(s.scores_now(), np.sort(scores)[:3], rtol=1e-5)
    np.testing.assert_allclose(np.sort(s.dropped), np.sort(scores)[3:])
    assert s.ancestors == [frozenset((i,)) for i in np.argsort(scores)[:3]]
    Finals((20,), 2).check(s)
    assert s.g.shape[0] == 2
    Finals((20,), 2).check(s)
    assert s.g.shape[0] == 2


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
