"""Solvers for beams that are not fully coherent: what they find when they know the coherence, and when they do not."""

import numpy as np
import pytest

import prbench
from prbench.algorithms.far_field._coherence import FittedCoherence, KnownCoherence, _Model, _spread_of, _vertex, fitted, of_width
from prbench.algorithms.far_field._coherence_fit import fitted_together
from prbench.algorithms.far_field._likelihood import begin, log_likelihood, refine
from prbench.algorithms.far_field._selection import Choice
from prbench.algorithms.far_field._state import ProjectionState
from prbench.algorithms.far_field._updates import UPDATES
from prbench.backend import get_backend
from prbench.core import Reconstruction
from prbench.errors import PrbenchError, UsageError
from prbench.tasks.far_field import FarField
from prbench.tasks.far_field.coherence import Coherence

PROJECTIONS = ("er", "hio", "raar", "rrr", "difference-map", "hio-er", "hio-er-ml")


def problem(more: str = "", index: int = 0, size: int = 32):
    return prbench.get_dataset(f"crystal2d[size={size},coherence=0.6{more}]").problem(index, split="tune")


def on_backend(made, precision: str = "double"):
    """The measurement on a backend, and the truth on its grid (1, *shape)."""
    y = made.measurement.to(get_backend("numpy", precision))
    return y, y.pad(np.asarray(made.truth.object).astype(np.complex128))[None]


@pytest.mark.parametrize("name", UPDATES)
def test_a_solution_is_a_fixed_point(name):
    made = problem(size=16)
    y, x = on_backend(made)
    s = ProjectionState.of(y, x.copy(), abs(x) > 0, 0.8, Choice(y, None), np.random.default_rng(0))
    s.coherence = of_width(y, 0.6)
    for _ in range(5):
        UPDATES[name](s)
    np.testing.assert_allclose(s.estimates(), x, atol=1e-3)


@pytest.mark.parametrize("begun", [0.4, 1.0, 1.6])
def test_the_width_is_found_from_the_right_object(begun):
    y, x = on_backend(problem())
    found = of_width(y, begun)
    for _ in range(5):
        found = fitted(y, found, x[0])
    assert found.width / 32 == pytest.approx(0.6, rel=1e-3)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_object_and_width_are_fitted_together_to_rounding(library):
    """From a few per cent beside both; the object alone would confirm the width that it begins with."""
    made = problem(size=16)
    y = made.measurement.to(get_backend(library, "double"))
    x = y.backend.to_numpy(y.pad(y.backend.asarray(np.asarray(made.truth.object), y.backend.complex)))
    noise = np.random.default_rng(0).standard_normal((2, *x.shape))
    beside = x + 0.03 * np.abs(x) * (noise[0] + 1j * noise[1])
    found, width = fitted_together(y, *(y.backend.asarray(a) for a in (beside, abs(x) > 0)), 0.63 * 16)
    assert width / 16 == pytest.approx(0.6, rel=1e-4)
    found = y.backend.to_numpy(found)
    turn = np.vdot(found, x)
    assert np.linalg.norm(found * turn / abs(turn) - x) < 1e-3 * np.linalg.norm(x)


def test_noise_is_not_fitted():
    """Width and object of a noisy pattern are left as they are: nothing explains it much better."""
    y, x = on_backend(problem(",photons=100", size=16))
    assert fitted_together(y, x[0], abs(x[0]) > 0, 0.6 * 16) is None


def test_unmeasured_pixels_have_no_say_in_the_width():
    y, x = on_backend(problem(",beamstop=3"))
    found = of_width(y, 1.0)
    for _ in range(5):
        found = fitted(y, found, x[0])
    assert found.width / 32 == pytest.approx(0.6, rel=1e-3)


def test_steps_of_richardson_and_lucy_explain_the_pattern_ever_better_by_a_point_spread():
    y, x = on_backend(problem())
    model = _Model(y.amplitude, abs(np.fft.fftn(x[0])) ** 2)
    spread = _spread_of(of_width(y, 1.0))
    misfits = [model.misfit(np.fft.fftn(spread).real)]
    for _ in range(5):
        spread = model.richardson_lucy(spread, 20)
        misfits.append(model.misfit(np.fft.fftn(spread).real))
        assert (spread >= 0).all()
        assert spread.sum() == pytest.approx(1)
        np.testing.assert_allclose(np.roll(np.flip(spread), (1, 1), axis=(0, 1)), spread, atol=1e-15)
    assert misfits == sorted(misfits, reverse=True)
    assert misfits[-1] < 0.5 * misfits[0]


def test_a_point_spread_that_is_no_gaussian_is_found_by_richardson_and_lucy():
    made = prbench.get_dataset("crystal2d[size=32]").problem(0, split="tune")
    y, x = on_backend(made)
    spread = np.zeros(y.shape)
    spread[0, 0], spread[0, 2], spread[0, -2] = 0.5, 0.25, 0.25  # two lobes beside the middle
    beam = Coherence.of_point_spread(y.backend, spread, 10.0)
    seen = beam.blur(abs(np.fft.fftn(x)) ** 2)[0]
    doubled = FarField(np.fft.fftshift(seen), object_shape=y.object_shape).to(y.backend)
    found = of_width(doubled, 0.6)
    for _ in range(40):
        found = fitted(doubled, found, x[0])
    gaussian = of_width(doubled, found.width / 32)
    assert doubled.modulus_error(x, found)[0] < 0.5 * doubled.modulus_error(x, gaussian)[0]
    assert found.spread[0, 2] > 10 * found.spread[2, 0]


@pytest.mark.parametrize("gain", [1e-3, 1e-2])
def test_the_gradient_of_the_likelihood_is_the_misfits(make_solved, gain):
    solved = make_solved((16, 18), gain=gain)
    y, beam = solved.y, Coherence.gaussian(solved.y.backend, (16, 18), 5.0)
    x = solved.x + 0.3 * solved.random(1) * solved.support
    d = begin(y, x, np.broadcast_to(solved.support, x.shape).copy(), beam)
    counts = y.amplitude**2 / gain

    def misfit(z: np.ndarray) -> float:
        expected = beam.blur(abs(np.fft.fftn(z))[None] ** 2)[0] / gain
        return float((expected - counts * np.log(expected)).sum())

    start = d.x[0].copy()
    refine(y, d)
    ratios = []
    for seed in range(4):
        v = (solved.random(1, seed) * solved.support)[0]
        along = (misfit(start + 1e-5 * v) - misfit(start - 1e-5 * v)) / 2e-5
        ratios.append(along / np.vdot(d.gradient[0], v).real)
    assert ratios[0] > 0
    np.testing.assert_allclose(ratios, ratios[0], rtol=2e-3)


def test_the_likelihood_grows_towards_the_right_object():
    made = problem(",photons=1000", size=16)
    y, x = on_backend(made)
    rng = np.random.default_rng(0)
    support = abs(x) > 0
    noise = (rng.standard_normal(x.shape) + 1j * rng.standard_normal(x.shape)) * support
    d = begin(y, x + 0.1 * noise, support, of_width(y, 0.6))
    sharp = begin(y, x + 0.1 * noise, support)
    values = [float(log_likelihood(y, d)[0])]
    for _ in range(60):
        refine(y, d)
        refine(y, sharp)
        values.append(float(log_likelihood(y, d)[0]))
    assert values[-1] < 0.2 * values[0]
    errors = [prbench.score(Reconstruction(object=y.crop(one.x[0])), made, ["sa_nmse"])["sa_nmse"] for one in (d, sharp)]
    assert errors[0] < 0.3 * errors[1]


@pytest.mark.parametrize("name", PROJECTIONS)
@pytest.mark.parametrize("coherence", ["0.6", "auto"])
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_every_projection_solver_takes_it_and_reports_the_width_and_its_residual(name, coherence, library):
    made = problem(size=16)
    plugin = prbench.get_solver(name)
    solver = prbench.get_solver(name, **{**plugin.example, "coherence": coherence})
    found = prbench.solve(solver, made.measurement, backend=get_backend(library, "double"))
    width = float(found.reconstruction.aux["coherence"])
    assert width == 0.6 if coherence == "0.6" else 0.05 < width < 10
    returned = prbench.score(found.reconstruction, made, ["r_factor"])["r_factor"]
    assert found.curve[-1].residual == pytest.approx(returned, rel=1e-9)


def test_full_coherence_is_said_by_saying_nothing():
    made = problem(size=16)
    found = prbench.solve("hio[iterations=20]", made.measurement, backend="numpy")
    assert "coherence" not in found.reconstruction.aux


def test_object_and_coherence_are_found_together():
    settings = {"starts": 4, "recipe": "4*(20*ER+180*HIO)+100*ER"}
    errors: dict[str, list[float]] = {"auto": [], "full": []}
    for index in range(2):
        made = problem("", index, size=20)
        for coherence, found in errors.items():
            solver = prbench.get_solver("hio-er", coherence=coherence, **settings)
            result = prbench.solve(solver, made.measurement, backend="numpy").reconstruction
            found.append(prbench.score(result, made, ["sa_nmse"])["sa_nmse"])
            if coherence == "auto":
                assert float(result.aux["coherence"]) == pytest.approx(0.6, rel=0.2)
    assert np.median(errors["auto"]) < 1e-5
    assert np.median(errors["full"]) > 0.03


@pytest.mark.parametrize("least", [-0.9, 0.0, 0.4])
def test_the_least_of_a_parabola_is_found_from_three_of_its_values(least):
    assert _vertex(*((x - least) ** 2 + 3.0 for x in (-1, 0, 1))) == pytest.approx(least)


def test_values_that_have_no_least_between_them_lead_to_the_better_end():
    assert _vertex(3.0, 2.0, 1.0) == 1
    assert _vertex(1.0, 2.0, 3.0) == -1
    assert _vertex(1.0, 2.0, 2.5) == -1
    assert _vertex(9.0, 4.0, 1.0) == 1


@pytest.mark.parametrize("wrong", ["partial", "0", "-1", "inf", "nan"])
def test_a_coherence_that_is_none_is_refused(wrong):
    with pytest.raises(UsageError, match=rf"^raar: coherence .*\bfull, auto\b.*'{wrong}'"):
        prbench.get_solver("raar", coherence=wrong)


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.nan, np.inf, np.ones(2)])
def test_a_width_that_is_none_is_not_scored(wrong):
    made = problem(size=16)
    answer = Reconstruction(object=np.asarray(made.truth.object), aux={"coherence": np.asarray(wrong)})
    with pytest.raises(PrbenchError, match=r"aux\['coherence'\] "):
        prbench.score(answer, made, ["r_factor"])


def test_policies_say_when_they_act():
    assert KnownCoherence(0.6).next_update(5) is None
    assert [FittedCoherence(20).next_update(k) for k in (0, 19, 20)] == [20, 20, 40]
