"""What solvers of the far-field task must do as a whole, through the public names."""

import numpy as np
import pytest

import prbench
from prbench.backend import get_backend

LIBRARIES = ["numpy", "torch"]
FIRST = ("er", "hio", "raar", "difference-map", "rrr", "hpr", "charge-flipping")
SURE = {"starts": 8, "recipe": "5*(20*ER+180*HIO)+200*ER", "sigma_end": 0.5, "threshold": 0.2}
"""Settings of hio-er under which an easy crystal is solved exactly: its support ends tight, and error reduction has the end."""


def problem(spelled: str, index: int = 0) -> prbench.Problem:
    return prbench.get_dataset(spelled).problem(index, split="tune")


def pattern(solution: prbench.Solution) -> np.ndarray:
    return np.asarray(solution.reconstruction.object)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("dataset", ["crystal2d[size=32]", "crystal2d[size=32,shape=nonconvex,strength=0.5]"])
def test_the_pipeline_solves_an_easy_crystal(library, dataset):
    made = problem(dataset)
    found = prbench.solve(prbench.get_solver("hio-er", **SURE), made.measurement, backend=library)
    assert found.status == "ok"
    assert prbench.score(found.reconstruction, made)["sa_nmse"] < 1e-3
    assert found.curve[-1].residual < 1e-2


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_pipeline_solves_a_crystal_of_three_dimensions(library):
    made = problem("crystal3d[size=16,strength=0.5]")
    solver = prbench.get_solver("hio-er", starts=2, recipe="2*(20*ER+180*HIO)+100*ER", sigma_end=0.5, threshold=0.2)
    found = prbench.solve(solver, made.measurement, backend=library)
    assert prbench.score(found.reconstruction, made)["sa_nmse"] < 1e-3


def test_a_beamstop_is_not_darkness():
    made = problem("crystal2d[size=32,strength=0.3,beamstop=1]")
    y = made.measurement
    found = pattern(prbench.solve(prbench.get_solver("hio-er", **SURE), y, backend="numpy"))
    assert prbench.score(prbench.Reconstruction(object=found), made)["sa_nmse"] < 1e-2
    truth, seen = y.forward(made.truth.object), y.forward(found)
    np.testing.assert_allclose(seen[~y.mask], truth[~y.mask], rtol=0.1, atol=0.01 * truth.max())


@pytest.mark.parametrize("name", [*FIRST, "hio-er", "hio-er-ml", "ml"])
def test_what_stands_in_unmeasured_pixels_changes_nothing(name):
    y = problem("crystal2d[size=16,beamstop=2]").measurement
    garbage = np.where(y.mask, y.intensity, 1e4 * np.random.default_rng(0).random(y.shape, np.float32))
    dark = np.where(y.mask, y.intensity, np.float32(np.nan))
    solver = prbench.get_solver(name, **prbench.get_solver(name).example)
    first, second = (prbench.solve(solver, prbench.FarField(intensity, y.mask), backend="numpy") for intensity in (garbage, dark))
    np.testing.assert_array_equal(pattern(first), pattern(second))


def supported(index: int = 0) -> tuple[prbench.Problem, prbench.FarField]:
    """A crystal and its measurement with its exact support, placed as the padded object is."""
    made = problem("crystal2d[size=16,strength=0.5]", index)
    y = made.measurement
    support = y.pad(np.asarray(made.object_region))
    return made, prbench.FarField(y.intensity, object_shape=y.object_shape, support=support)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", [*FIRST, "hio-er", "hio-er-ml", "ml"])
def test_a_given_support_is_respected(library, name):
    _, y = supported()
    whole = prbench.FarField(y.intensity, object_shape=y.shape, support=y.support)
    solver = prbench.get_solver(name, **{**prbench.get_solver(name).example, "starts": 2})
    found = prbench.solve(solver, whole, backend=library)
    assert (pattern(found)[~y.support] == 0).all()
    assert pattern(found)[y.support].any()
    np.testing.assert_array_equal(found.reconstruction.aux["support"], y.support)
    cut = prbench.solve(solver, y, backend=library).reconstruction
    assert (np.asarray(cut.object)[~np.asarray(cut.aux["support"])] == 0).all()


@pytest.mark.parametrize("name", ["hio", "raar", "rrr", "difference-map", "hio-er"])
def test_with_its_exact_support_an_object_is_found(name):
    made, y = supported()
    settings = {"recipe": "400*HIO+100*ER"} if name == "hio-er" else {"iterations": 1000}
    found = prbench.solve(prbench.get_solver(name, starts=8, **settings), y, backend="numpy")
    assert prbench.score(found.reconstruction, made)["sa_nmse"] < 1e-2


def subpixel_error(x: np.ndarray, found: np.ndarray, finer: int = 8) -> float:
    """Relative squared distance of two real periodic cells, best over translations by 1/finer pixel and the flip; the
    mean, which is frequency zero, is left out.
    """
    n, energy = len(x), lambda a: float(((a - a.mean()) ** 2).sum())
    k = np.fft.fftfreq(n, 1 / n).astype(int)
    errors = []
    for w in (found, np.flip(found)):
        product = np.fft.fft2(x) * np.fft.fft2(w).conj()
        product[0, 0] = 0
        padded = np.zeros((n * finer, n * finer), complex)
        padded[np.ix_(k, k)] = product
        correlation = np.fft.ifft2(padded).real * finer**2
        errors.append((energy(x) + energy(w) - 2 * correlation.max()) / energy(x))
    return min(errors)


@pytest.mark.parametrize("index", [0, 1])
def test_atoms_are_found_from_their_number_alone(index):
    made = problem("atoms2d[atoms=6,size=32]", index)
    found = pattern(prbench.solve("rrr[iterations=1500]", made.measurement, backend="numpy"))
    assert subpixel_error(np.asarray(made.truth.object).real, found.real) < 0.06
    assert np.count_nonzero(found) <= made.measurement.support_size


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", [*FIRST, "hio-er"])
def test_what_is_known_of_the_object_holds_for_the_reconstruction(library, name):
    y = problem("atoms2d[atoms=6,size=32]").measurement
    found = pattern(prbench.solve(prbench.get_solver(name, iterations=40), y, backend=library))
    assert (found.imag == 0).all()
    assert (found.real >= 0).all()
    assert 0 < np.count_nonzero(found) <= y.support_size


@pytest.mark.parametrize("name", FIRST)
@pytest.mark.parametrize("starts", [1, 3])
def test_a_step_costs_two_transforms_a_start(name, starts):
    y = problem("crystal2d[size=16]").measurement

    def ffts(iterations: int, every: int) -> int:
        solver = prbench.get_solver(name, iterations=iterations, starts=starts, update_every=every)
        return prbench.solve(solver, y, backend="numpy").cost.ffts

    assert ffts(30, 0) - ffts(10, 0) == 20 * 2 * starts
    assert ffts(30, 10) - ffts(30, 0) == 2 * starts
    assert ffts(31, 10) - ffts(31, 0) == 3 * starts
    assert ffts(10, 0) - 20 * starts <= 1 + 2 * starts


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    "name", ["hio-er[iterations=60,starts=3]", "hio-er[iterations=60,starts=3,holdout=0.05]", "rrr[iterations=60]"]
)
def test_a_seed_is_a_reconstruction(library, name):
    y = problem("crystal2d[size=16,photons=100]").measurement
    first, again, other = (prbench.solve(name, y, backend=library, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(pattern(first), pattern(again))
    assert [p.residual for p in first.curve] == [p.residual for p in again.curve]
    assert not np.array_equal(pattern(first), pattern(other))


def test_watching_does_not_change_the_numbers():
    y = problem("crystal2d[size=16]").measurement
    seen = []
    watched = prbench.solve("hio-er[iterations=60,starts=2]", y, backend="numpy", callback=seen.append)
    alone = prbench.solve("hio-er[iterations=60,starts=2]", y, backend="numpy")
    np.testing.assert_array_equal(pattern(watched), pattern(alone))
    assert [p.iteration for p in seen] == [p.iteration for p in watched.curve]
    assert watched.cost.ffts == alone.cost.ffts


@pytest.mark.parametrize("library", LIBRARIES)
def test_more_starts_begin_with_the_same_ones(library):
    from prbench.backend import get_backend

    y = problem("crystal2d[size=16]").measurement.to(get_backend(library))
    few, many = (prbench.get_solver("hio", starts=starts).init(y, np.random.default_rng(0)).g for starts in (2, 5))
    np.testing.assert_allclose(y.backend.to_numpy(many)[:2], y.backend.to_numpy(few), rtol=1e-5, atol=1e-4)


def test_the_starts_returned_are_the_best_ones_in_order():
    y = problem("crystal2d[size=16]").measurement
    y = prbench.FarField(y.intensity, object_shape=y.shape)
    found = prbench.solve("hio-er[iterations=60,starts=6,keep=3]", y, backend="numpy").reconstruction
    starts, scores = found.aux["starts"], found.aux["scores"]
    assert (starts.shape, scores.shape) == ((3, *y.shape), (6,))
    np.testing.assert_array_equal(starts[0], found.object)
    np.testing.assert_allclose(y.modulus_error(starts), np.sort(scores)[:3], rtol=1e-4)


def test_the_chosen_start_has_the_lowest_residual():
    y = problem("crystal2d[size=16]").measurement
    found = prbench.solve("hio-er[iterations=60,starts=6]", y, backend="numpy")
    assert found.curve[-1].residual == pytest.approx(float(found.reconstruction.aux["scores"].min()), rel=1e-5)


def test_blurs_in_the_wrong_order_are_refused():
    y = problem("crystal2d[size=16]").measurement
    with pytest.raises(prbench.PrbenchError, match=r"sigma_end 5\.0 .*sigma_start 2\.0"):
        prbench.solve("hio-er[sigma_start=2,sigma_end=5]", y, backend="numpy")


@pytest.mark.parametrize("library", LIBRARIES)
def test_likelihood_after_projections_does_better_under_noise(library):
    made = problem("crystal2d[size=32,photons=100]")
    settings = {**SURE, "starts": 4}
    plain = prbench.solve(prbench.get_solver("hio-er", **settings), made.measurement, backend=library)
    settings["recipe"] += "+3*(80*ML+50*HIO+20*ER)+80*ML"
    refined = prbench.solve(prbench.get_solver("hio-er-ml", **settings), made.measurement, backend=library)
    errors = [prbench.score(found.reconstruction, made)["sa_nmse"] for found in (plain, refined)]
    assert errors[1] < errors[0] / 2


def test_a_recipe_without_likelihood_is_refused_where_likelihood_is_the_point():
    with pytest.raises(prbench.PrbenchError, match=r"recipe '20\*ER' .*\bML\b"):
        prbench.get_solver("hio-er-ml", recipe="20*ER")


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", ["er", "hio", "raar", "rrr", "difference-map", "hio-er"])
def test_a_batch_in_parts_takes_the_same_steps(library, name, monkeypatch):
    from prbench.algorithms.far_field import _state

    made = problem("crystal2d[size=32]")
    solver = prbench.get_solver(name, starts=5, iterations=50)
    whole = prbench.solve(solver, made.measurement, backend=library)
    monkeypatch.setattr(_state, "_CACHE_BYTES", 2 * 64 * 64 * 8)
    parts = prbench.solve(solver, made.measurement, backend=library)
    assert whole.cost.ffts == parts.cost.ffts
    np.testing.assert_allclose(parts.reconstruction.aux["scores"], whole.reconstruction.aux["scores"], rtol=1e-3)


def test_a_support_may_follow_the_modulus_projection():
    made = problem("crystal2d[size=32]")
    solver = prbench.get_solver("hio-er", follow="estimate", starts=4, iterations=400)
    found = prbench.solve(solver, made.measurement, backend="numpy")
    assert prbench.score(found.reconstruction, made)["sa_nmse"] < 0.05
    with pytest.raises(prbench.PrbenchError, match=r"follow .*\biterate, estimate\b.*'both'"):
        prbench.get_solver("hio-er", follow="both")


def test_steps_one_by_one_and_many_at_once_are_the_same():
    made = problem("crystal2d[size=32,photons=100]")
    solver = prbench.get_solver(
        "hio-er-ml", recipe="3*(5*ER+20*HIO)+5*ER+2*(16*ML+9*HIO)+16*ML", starts=4, breed_every=50, holdout=0.05
    )
    y = made.measurement.to(get_backend("numpy"))
    one = solver.init(y, np.random.default_rng(0))
    many = solver.init(y, np.random.default_rng(0))
    total = solver.total_iterations(y)
    for _ in range(total):
        one = solver.step(y, one)
    for steps in (1, 7, 40, total - 48):
        many = solver.advance(y, many, steps)
    np.testing.assert_array_equal(solver.estimate(y, one).object, solver.estimate(y, many).object)
