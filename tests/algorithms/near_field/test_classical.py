"""Laws of the classical near-field solvers: on what their model holds for, the truth is what they find."""

import dataclasses
import math
import os

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import prbench
from prbench.algorithms.near_field._amplitudes import AmplitudeMisfit, folded
from prbench.algorithms.near_field._descent import advance, begin
from prbench.algorithms.near_field.ctf import ContrastTransferFunction
from prbench.algorithms.near_field.gs import GerchbergSaxton
from prbench.algorithms.near_field.least_variation import LeastVariation
from prbench.algorithms.near_field.paganin import Paganin
from prbench.algorithms.near_field.tie import TransportOfIntensity
from prbench.backend import get_backend
from prbench.core import Reconstruction, load_plugin
from prbench.errors import BadInput
from prbench.tasks.near_field import NearField

SHAPE = (64, 72)
LIGHT = {"wavelength_m": 632.8e-9, "pixel_m": 8e-6, "distance_m": 3e-3, "padding": 16}
RNG = np.random.default_rng(0)


def smooth(sigma=3.0, seed=0):
    made = gaussian_filter(np.random.default_rng(seed).standard_normal(SHAPE), sigma, mode="nearest")
    return (made - made.min()) / np.ptp(made)


def blocks():
    """A picture of flat parts, 0 to 1, away from the edges."""
    picture = np.zeros(SHAPE)
    picture[12:30, 15:50] = 0.6
    picture[25:50, 30:60] = 1.0
    picture[35:42, 40:46] = 0.3
    return picture


def seen(truth, library="numpy", photons=None, **changes):
    told = {**LIGHT, **changes}
    empty = NearField(np.ones(SHAPE), **told).to(get_backend("numpy", "double"))
    intensity, gain = empty.forward(truth), None
    if photons is not None:
        intensity, gain = np.random.default_rng(3).poisson(intensity * photons) / photons, 1 / photons
    return NearField(intensity, gain=gain, **told).to(get_backend(library, "double"))


def error(found, truth):
    """Root mean square over the truth's deviation, the offset removed."""
    gap = np.asarray(found) - truth
    return (gap - gap.mean()).std() / truth.std()


def test_ctf_inverts_a_weak_phase():
    phase = 1e-3 * smooth()
    y = seen(Reconstruction(phase=phase), pure_phase=True, padding=0, model="fourier-born")
    found = ContrastTransferFunction(strength=1e-12).solve(y, RNG)
    assert found.transmission is None
    assert error(found.phase, phase) < 1e-3
    assert error(ContrastTransferFunction(strength=1e-1).solve(y, RNG).phase, phase) > 0.1


def test_ctf_inverts_one_material():
    phase, gamma = 1e-3 * (smooth() - 1), 20.0
    truth = Reconstruction(phase=phase, transmission=np.exp((phase - phase.max()) / gamma))
    y = seen(truth, padding=0, model="fourier-born", delta_beta=gamma)
    found = ContrastTransferFunction(strength=1e-12).solve(y, RNG)
    assert error(found.phase, phase) < 1e-3
    np.testing.assert_allclose(found.transmission, truth.transmission, atol=1e-6)
    alone = dataclasses.replace(seen(truth, padding=0, model="fourier-born"), pure_phase=True)
    assert error(ContrastTransferFunction(strength=1e-12).solve(alone, RNG).phase, phase) > 0.1


def test_ctf_shares_what_it_sees_between_phase_and_absorption():
    truth = Reconstruction(phase=1e-3 * smooth(), transmission=np.exp(-1e-3 * smooth(seed=1)))
    y = seen(truth, padding=0, model="fourier-born")
    found = ContrastTransferFunction(strength=1e-12).solve(y, RNG)
    np.testing.assert_allclose(y.forward(found), y.intensity, atol=1e-7)  # both together explain it
    assert error(found.phase, truth.phase) < 0.95
    assert ContrastTransferFunction(strength=1e-12, absorption=0).solve(y, RNG).transmission == pytest.approx(1)


def hills(width):
    """Smooth bumps, 0 to 1, that leave the edges empty: what a kink there does, no linear model knows."""
    rows, columns = np.indices(SHAPE)
    made = sum(np.exp(-((rows - r) ** 2 + (columns - c) ** 2) / (2 * width**2)) for r, c in ((30, 30), (36, 44)))
    return made / made.max()


def test_tie_inverts_smooth_phases_nearby_and_makes_fine_detail_too_weak():
    def found(phase, distance_m):
        y = seen(Reconstruction(phase=phase), distance_m=distance_m, pure_phase=True)
        return TransportOfIntensity(strength=1e-12).solve(y, RNG).phase

    coarse, fine = 1e-3 * hills(5.0), 1e-3 * hills(0.8)
    assert error(found(coarse, 5e-4), coarse) < 0.02
    assert error(found(fine, 5e-4), fine) > 0.1
    assert found(fine, 5e-4).max() < 0.8 * fine.max()


@pytest.mark.parametrize("told", [True, False])
def test_paganin_finds_one_material(told):
    gamma, phase = 50.0, -2.0 * hills(5.0)
    truth = Reconstruction(phase=phase, transmission=np.exp(phase / gamma))
    y = seen(truth, distance_m=2e-4, delta_beta=gamma if told else None)
    found = Paganin(delta_beta=gamma).solve(y, RNG)
    assert np.abs(found.phase - phase).max() < 0.05  # an absolute phase: it comes from the absorption
    np.testing.assert_allclose(found.transmission, truth.transmission, atol=2e-3)
    if told:
        np.testing.assert_array_equal(Paganin(delta_beta=5.0).solve(y, RNG).phase, found.phase)
        np.testing.assert_array_equal(Paganin().solve(y, RNG).phase, found.phase)


def test_paganin_asks_for_delta_beta_of_an_object_that_may_absorb():
    phase = -2.0 * hills(5.0)
    with pytest.raises(BadInput, match=r"^paganin .*\bpaganin\[delta_beta=\.\.\.\].*pure_phase=true") as caught:
        Paganin().solve(seen(Reconstruction(phase=phase), distance_m=2e-4), RNG)
    assert "\n" not in str(caught.value)
    assert np.isfinite(Paganin().solve(seen(Reconstruction(phase=phase), distance_m=2e-4, pure_phase=True), RNG).phase).all()


def test_at_the_object_paganin_is_the_logarithm_and_a_pure_phase_is_not_seen():
    transmission = 1 - 0.3 * smooth()
    y = seen(Reconstruction(phase=0 * transmission, transmission=transmission), distance_m=0.0)
    np.testing.assert_allclose(Paganin(delta_beta=10.0).solve(y, RNG).phase, 10 * np.log(transmission), atol=1e-9)
    pure = seen(Reconstruction(phase=smooth()), distance_m=0.0, pure_phase=True)
    for solver in (ContrastTransferFunction(), TransportOfIntensity(), Paganin()):
        assert np.abs(solver.solve(pure, RNG).phase).max() < 1e-9


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("pure", [True, False])
def test_the_truth_is_a_fixed_point_of_projections(library, pure):
    phase = 1.5 * blocks()
    truth = Reconstruction(phase=phase, transmission=None if pure else 1 - 0.3 * smooth())
    y = seen(truth, library, pure_phase=pure, phase_range=(0.0, 1.5))
    solver = GerchbergSaxton()
    state = solver.init(y, RNG)
    state.phase = y.space.continued(y.backend.asarray(phase))
    if not pure:
        state.modulus = y.space.continued(y.backend.asarray(truth.transmission))
    assert solver.residual(y, state) < 1e-9
    found = solver.estimate(y, solver.step(y, state))
    np.testing.assert_allclose(y.backend.to_numpy(found.phase), phase, atol=1e-9)
    assert (found.transmission is None) == pure


def test_what_is_known_of_the_object_is_kept_by_projections():
    truth = Reconstruction(phase=2.5 * blocks() - 1, transmission=1 - 0.5 * smooth())
    y = seen(truth, phase_range=(-1.0, 1.5))
    found = prbench.solve(GerchbergSaxton(iterations=20), y).reconstruction
    assert found.phase.min() >= -1
    assert found.phase.max() <= 1.5
    assert found.transmission.max() <= 1
    free = prbench.solve(GerchbergSaxton(iterations=20, bounded=False, absorption=False), y).reconstruction
    assert free.transmission.max() > 1


def test_a_transmission_stays_in_its_known_range():
    """Projections and the corrected linear model hold it there, a penalty keeps it near."""
    truth = Reconstruction(phase=1.5 * blocks(), transmission=1 - 0.3 * smooth())
    y = seen(truth, phase_range=(0.0, 1.5), amplitude_range=(0.7, 1.0))
    for solver in (GerchbergSaxton(iterations=20), ContrastTransferFunction(corrections=10)):
        found = prbench.solve(solver, y).reconstruction.transmission
        assert 0.7 - 1e-9 <= found.min() < found.max() <= 1 + 1e-9
    nearly_clear = seen(Reconstruction(phase=1.5 * blocks(), transmission=1 - 0.02 * smooth()), photons=300)
    told = nearly_clear._derived(amplitude_range=(0.98, 1.0))
    solver = LeastVariation(iterations=100, penalty=30)
    free, held = (prbench.solve(solver, y).reconstruction for y in (nearly_clear, told))
    beyond = [np.abs(x.transmission - np.clip(x.transmission, 0.98, 1.0)).mean() for x in (free, held)]
    assert beyond[1] < 0.2 * beyond[0]


def test_a_beam_brighter_than_the_empty_one_is_found_where_its_range_is_known():
    truth = Reconstruction(phase=0 * blocks(), transmission=1 + 0.2 * blocks())
    y = seen(truth, amplitude_range=(1.0, 1.2))
    found = prbench.solve(GerchbergSaxton(iterations=50), y).reconstruction.transmission
    dim = prbench.solve(GerchbergSaxton(iterations=50), y._derived(amplitude_range=None)).reconstruction.transmission
    assert error(found, truth.transmission) < 0.5 * error(dim, truth.transmission)


def test_a_phase_beyond_pi_is_found_where_its_range_is_known():
    y = seen(Reconstruction(phase=4 + 0.5 * blocks()), pure_phase=True, phase_range=(3.5, 5.0))
    found = prbench.solve(GerchbergSaxton(iterations=50), y).reconstruction.phase
    assert 3.5 <= found.min() < found.max() <= 5.0


@pytest.mark.parametrize("start", ["empty", "ctf"])
def test_projections_never_move_away_from_the_measurement(start):
    y = seen(Reconstruction(phase=blocks()), pure_phase=True)
    solver = GerchbergSaxton(start=start)
    state, before = solver.init(y, RNG), math.inf
    for _ in range(10):
        state = solver.step(y, state)
        after = solver.residual(y, state)
        assert after <= before + 1e-9
        before = after


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_folding_is_the_adjoint_of_continuing(library):
    y = seen(Reconstruction(phase=smooth()), library)
    rng = np.random.default_rng(1)
    small, large = rng.standard_normal(SHAPE), rng.standard_normal(y.grid_shape)
    to_numpy, to_device = y.backend.to_numpy, y.backend.asarray
    assert np.vdot(to_numpy(y.space.continued(to_device(small))), large) == pytest.approx(
        np.vdot(small, to_numpy(folded(y, to_device(large))))
    )


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize(("maps", "known"), [(1, {"pure_phase": True}), (1, {"delta_beta": 5.0}), (2, {})])
def test_the_gradient_of_least_variation_is_that_of_finite_differences(library, maps, known):
    y = seen(Reconstruction(phase=blocks()), library, phase_range=(0.2, 0.7), **known)
    solver = LeastVariation(weight=0.1)
    x = np.stack([smooth(2.0, 1) - 0.1, 0.1 * smooth(2.0, 2) - 0.05])[:maps]
    along = np.random.default_rng(2).standard_normal(x.shape)
    state = solver.init(y, RNG)
    objective, _ = solver._functions(y, state)
    _, gradient = objective(y.backend.asarray(x))
    h = 1e-6
    ahead, behind = (objective(y.backend.asarray(x + sign * h * along))[0] for sign in (1, -1))
    assert np.vdot(y.backend.to_numpy(gradient), along) == pytest.approx((ahead - behind) / (2 * h), rel=1e-5)


def test_unfitted_pixels_have_no_part_in_the_misfit():
    y = seen(Reconstruction(phase=blocks()))
    fitted = np.ones(SHAPE, bool)
    fitted[20:25, 30] = False
    x = 0.5 * smooth()[None]
    changed = y._derived(intensity=np.where(fitted, y.intensity, 9.0))
    first, second = (AmplitudeMisfit(each, fitted)(x) for each in (y, changed))
    assert first[0] == second[0]
    np.testing.assert_array_equal(first[1], second[1])


def test_descent_solves_a_quadratic_form_and_then_stands_still():
    rng = np.random.default_rng(0)
    scales = 10.0 ** rng.uniform(0, 3, 30)
    goal = rng.standard_normal(30)

    def objective(x):
        return float((scales * (x - goal) ** 2).sum()), 2 * scales * (x - goal)

    d = begin(np.zeros(30), objective, lambda g: g)
    values = []
    for _ in range(400):
        advance(d, objective, lambda g: g)
        values.append(d.value)
    assert values == sorted(values, reverse=True)
    np.testing.assert_allclose(d.x, goal, atol=1e-6)
    exact = begin(np.zeros(30), objective, lambda g: g / (2 * scales))
    advance(exact, objective, lambda g: g / (2 * scales))
    np.testing.assert_allclose(exact.x, goal, atol=1e-12)


def test_least_variation_finds_flat_parts_exactly_without_noise_and_closely_with_it():
    phase = 1.5 * blocks()
    y = seen(Reconstruction(phase=phase), pure_phase=True, phase_range=(0.0, 1.5))
    assert error(prbench.solve(LeastVariation(), y).reconstruction.phase, phase) < 0.02
    linear, projected = (prbench.solve(s, y).reconstruction.phase for s in (ContrastTransferFunction(), GerchbergSaxton()))
    assert min(error(linear, phase), error(projected, phase)) > 0.1
    noisy = seen(Reconstruction(phase=phase), photons=300, pure_phase=True, phase_range=(0.0, 1.5))
    assert error(prbench.solve(LeastVariation(), noisy).reconstruction.phase, phase) < 0.15
    untold = noisy._derived(gain=None)
    assert error(prbench.solve(LeastVariation(), untold).reconstruction.phase, phase) < 0.2


def test_least_variation_tells_absorption_from_phase():
    truth = Reconstruction(phase=1.5 * blocks(), transmission=np.exp(-0.3 * np.roll(blocks(), (-3, 5), (0, 1))))
    y = seen(truth, phase_range=(0.0, math.inf))
    found = prbench.solve(LeastVariation(), y).reconstruction
    assert error(found.phase, truth.phase) < 0.05
    assert error(found.transmission, truth.transmission) < 0.1


def test_least_variation_knows_what_one_material_absorbs():
    phase, gamma = 1.5 * (blocks() - 1), 10.0
    truth = Reconstruction(phase=phase, transmission=np.exp(phase / gamma))
    y = seen(truth, delta_beta=gamma, phase_range=(-1.5, 0.0))
    found = prbench.solve(LeastVariation(), y).reconstruction
    assert np.abs(found.phase - phase).max() < 0.2  # the offset as well: it comes from the absorption
    np.testing.assert_allclose(found.transmission, np.exp(found.phase / gamma), rtol=1e-5)


def test_the_weight_falls_until_what_was_held_out_is_explained_worse():
    y = seen(Reconstruction(phase=1.5 * blocks()), photons=30, pure_phase=True)._derived(gain=None)
    solver = LeastVariation()
    state, weights = solver.init(y, RNG), []
    for _ in range(200):
        state = solver.step(y, state)
        weights.append(state.weight)
    assert state.held is None
    assert min(weights) < weights[-1] <= weights[0]
    assert solver.estimate(y, state).aux["variation"] == weights[-1]


def scale(found, truth):
    """How much of the truth an answer holds: 1 is right, 0 none of it."""
    found, truth = found - found.mean(), truth - truth.mean()
    return float((found * truth).sum() / (truth * truth).sum())


@pytest.mark.parametrize("known", [{}, {"phase_range": (0.0, math.inf)}])
def test_corrections_of_the_linear_answer_bring_a_phase_back_to_its_size(known):
    """It is too weak whatever was measured, because the linear model takes 2 rad for little, and where absorption is unknown."""
    phase = 2 * hills(3.0)
    y = seen(Reconstruction(phase=phase, transmission=np.exp(-0.1 * hills(3.0))), **known)
    linear, corrected = (ContrastTransferFunction(corrections=n).solve(y, RNG) for n in (0, None))
    assert scale(linear.phase, phase) < 0.35
    assert scale(corrected.phase, phase) > 1.7 * scale(linear.phase, phase)
    assert y.misfit(corrected) < y.misfit(ContrastTransferFunction(corrections=1).solve(y, RNG))
    assert corrected.transmission.max() <= 1
    if known:
        assert corrected.phase.min() >= 0


def test_corrections_are_taken_where_absorption_is_not_known():
    phase = 0.5 * blocks()
    for known in ({"pure_phase": True}, {"delta_beta": 30.0}):
        y = seen(Reconstruction(phase=phase), **known)
        a, b, c = (ContrastTransferFunction(corrections=n).solve(y, RNG) for n in (None, 0, 10))
        np.testing.assert_array_equal(a.phase, b.phase)
        assert y.misfit(c) < y.misfit(b)


BEADS = [(GerchbergSaxton(), 0, 0.75), (GerchbergSaxton(), 1, 0.80), (LeastVariation(), 0, 0.88)]
BEADS += [(ContrastTransferFunction(), 0, 0.70), (ContrastTransferFunction(), 1, 0.70)]
BEADS += [(ContrastTransferFunction(corrections=0), 0, 0.45), (ContrastTransferFunction(corrections=0), 1, 0.50)]


@pytest.mark.skipif(
    "PRBENCH_DATA" not in os.environ or not load_plugin("dataset", "beads").files[0].path.is_file(),
    reason="beads: set PRBENCH_DATA to a folder that holds it",
)
@pytest.mark.parametrize(("solver", "index", "least"), BEADS, ids=[f"{s.spelled()}-{n}" for s, n, _ in BEADS])
def test_measured_beads_are_found(solver, index, least):
    """The correlation with the phase that off-axis holography found."""
    made = prbench.get_dataset("beads").problem(index)
    found = prbench.solve(solver, made.measurement)
    assert prbench.score(found.reconstruction, made)["phase_correlation"] > least
    if solver == ContrastTransferFunction():
        assert 0.45 < scale(found.reconstruction.phase, made.truth.phase) < 1
        assert 0.6 < np.std(found.reconstruction.phase) / np.std(made.truth.phase) < 1
