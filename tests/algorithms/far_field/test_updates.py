import itertools

import numpy as np
import pytest

from prbench.algorithms.far_field._constraints import cut
from prbench.algorithms.far_field._updates import UPDATES

BETAS = {"ER": [1.0], "HIO": [0.5, 0.9, 1.3], "RAAR": [0.6, 0.87, 1.0], "RRR": [0.4, 1.0, 1.6], "DM": [1.0, 0.7, 1.2]}
EVERY = [(name, beta) for name, betas in BETAS.items() for beta in betas]


def textbook(name, beta, project, cut_to_support):
    """Each algorithm as its paper writes it, with the two projections as functions."""
    PF, PS = project, cut_to_support
    return {
        "ER": lambda g: PS(PF(g)),
        "HIO": lambda g: PS(PF(g)) + (g - beta * PF(g)) - PS(g - beta * PF(g)),
        "RAAR": lambda g: 0.5 * beta * (_reflect(PS, _reflect(PF, g)) + g) + (1 - beta) * PF(g),
        "RRR": lambda g: g + beta * (PF(2 * PS(g) - g) - PS(g)),
        "DM": lambda g: g + beta * (PS((1 + 1 / beta) * PF(g) - g / beta) - PF((1 - 1 / beta) * PS(g) + g / beta)),
    }[name]


def _reflect(P, g):
    return 2 * P(g) - g


def projections(solved):
    """The two projections in plain numpy."""
    axes = tuple(range(1, solved.x.ndim))
    amplitude = solved.host(solved.y.amplitude).astype(float)

    def project(g):
        G = np.fft.fftn(g, axes=axes)
        return np.fft.ifftn(np.where(amplitude < 0, G, amplitude * np.exp(1j * np.angle(G))), axes=axes)

    def cut_to_support(g):
        return g * solved.support

    return project, cut_to_support


def test_the_modulus_projection_gives_measured_amplitudes_and_leaves_the_others_alone(solved):
    g = solved.random()
    G = np.fft.fftn(g, axes=tuple(range(1, g.ndim)))
    found = np.fft.fftn(solved.host(solved.y.project_modulus(solved.there(g))), axes=tuple(range(1, g.ndim)))
    amplitude, seen = solved.host(solved.y.amplitude), solved.host(solved.y.measured)
    size = np.abs(G).max()
    assert not seen.all()
    for one, before in zip(found, G, strict=True):
        np.testing.assert_allclose(np.abs(one)[seen], amplitude[seen], atol=solved.accuracy * size)
        np.testing.assert_allclose(one[~seen], before[~seen], atol=solved.accuracy * size)


def test_a_relaxed_modulus_minimises_the_likelihood_of_its_count_with_a_penalty(solved):
    g, weight = solved.random(), 0.25
    axes = tuple(range(1, g.ndim))
    modulus = np.abs(np.fft.fftn(g, axes=axes))
    G = np.fft.fftn(solved.host(solved.y.project_modulus(solved.there(g), relaxation=weight)), axes=axes)
    amplitude, seen = solved.host(solved.y.amplitude).astype(float), solved.host(solved.y.measured)
    a = np.abs(G)
    slope = a * a - amplitude**2 + weight * a * (a - modulus)
    size = modulus.max()
    np.testing.assert_allclose(slope[:, seen], 0, atol=4 * solved.accuracy * size**2)
    np.testing.assert_allclose(a[:, ~seen], modulus[:, ~seen], atol=solved.accuracy * size)
    turn = np.fft.fftn(g, axes=axes) * np.conj(G)
    np.testing.assert_allclose(turn, np.abs(turn), atol=4 * solved.accuracy * size**2)


def test_a_relaxed_modulus_leaves_what_explains_the_counts(solved):
    x = solved.there(solved.x)
    np.testing.assert_allclose(
        solved.host(solved.y.project_modulus(x, relaxation=3.0)), solved.x, atol=10 * solved.accuracy * np.abs(solved.x).max()
    )


def test_the_modulus_projection_is_idempotent_and_keeps_its_argument(solved):
    g = solved.random()
    there = solved.there(g)
    once = solved.y.project_modulus(there)
    np.testing.assert_array_equal(solved.host(there), solved.there(g))
    twice = solved.y.project_modulus(once)
    np.testing.assert_allclose(solved.host(twice), solved.host(once), atol=solved.accuracy * np.abs(g).max())


def test_the_modulus_projection_is_the_nearest_point(make_solved):
    solved = make_solved(hidden=True)
    g = solved.random(1)
    nearest = solved.host(solved.y.project_modulus(solved.there(g)))
    rng = np.random.default_rng(0)
    amplitude, seen = solved.host(solved.y.amplitude), solved.host(solved.y.measured)
    for _ in range(20):
        G = np.fft.fft2(nearest + 0.1 * rng.standard_normal(g.shape))
        other = np.fft.ifft2(np.where(seen, amplitude * np.exp(1j * np.angle(G)), G))
        assert np.linalg.norm(g - nearest) < np.linalg.norm(g - other)


def test_cutting_to_the_support_is_idempotent(solved):
    g, support = solved.there(solved.random()), solved.there(np.broadcast_to(solved.support, (2, *solved.y.shape)).copy())
    once = cut(g, support, 0.0, out=solved.there(solved.random()))
    found = solved.host(once).copy()
    assert (found[:, ~solved.support] == 0).all()
    np.testing.assert_array_equal(found[:, solved.support], solved.host(g)[:, solved.support])
    np.testing.assert_array_equal(solved.host(cut(once, support, 0.0, out=once)), found)


@pytest.mark.parametrize(("name", "beta"), EVERY)
def test_a_solution_is_a_fixed_point(solved, name, beta):
    s = solved.fields(solved.x, beta)
    for _ in range(3):
        UPDATES[name](s)
    np.testing.assert_allclose(solved.host(s.g), solved.x, atol=20 * solved.accuracy)
    np.testing.assert_allclose(solved.host(s.p) * solved.support, solved.x, atol=20 * solved.accuracy)


@pytest.mark.parametrize(("name", "beta"), EVERY)
def test_an_update_is_the_one_of_its_paper(solved, name, beta):
    g = solved.random()
    s = solved.fields(g, beta)
    step = textbook(name, beta, *projections(solved))
    for _ in range(2):
        UPDATES[name](s)
        g = step(g)
    np.testing.assert_allclose(solved.host(s.g), g, atol=50 * solved.accuracy * np.abs(g).max())


def test_the_difference_map_with_beta_one_is_the_limit_of_its_general_form(make_solved):
    solved = make_solved()
    g = solved.random()
    found = []
    for beta in (1.0, 1.0 + 1e-7):
        s = solved.fields(g, beta)
        UPDATES["DM"](s)
        found.append(solved.host(s.g))
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)
    assert not np.array_equal(found[0], found[1])


def test_raar_with_beta_one_is_the_difference_map(make_solved):
    solved = make_solved()
    g = solved.random()
    raar, dm = solved.fields(g, 1.0), solved.fields(g, 1.0)
    UPDATES["RAAR"](raar)
    UPDATES["DM"](dm)
    np.testing.assert_allclose(solved.host(raar.g), solved.host(dm.g), atol=1e-12)


def test_hio_and_raar_are_er_on_the_support(make_solved):
    solved = make_solved()
    found = {}
    for name in ("ER", "HIO", "RAAR"):
        s = solved.fields(solved.random(), 0.9)
        UPDATES[name](s)
        found[name] = solved.host(s.g)[:, solved.support]
    np.testing.assert_array_equal(found["ER"], found["HIO"])
    np.testing.assert_array_equal(found["ER"], found["RAAR"])


@pytest.mark.parametrize("known", [{}, {"real": True}, {"real": True, "nonnegative": True}])
def test_error_reduction_never_increases_the_residual(make_solved, shape, known):
    solved = make_solved(shape, hidden=True, **known)
    g = solved.random(4) * solved.support
    s = solved.fields(g.real + 0j if known.get("real") else g)
    residuals = []
    for _ in range(25):
        UPDATES["ER"](s)
        residuals.append(solved.host(solved.y.modulus_error(s.g)))
    for before, after in itertools.pairwise(residuals):
        assert (after <= before + 1e-12).all()
    assert (residuals[-1] < residuals[0]).all()


@pytest.mark.parametrize("name", UPDATES)
def test_starts_of_a_batch_do_not_know_of_each_other(make_solved, library, name):
    solved = make_solved(library=library, precision="single")
    g = solved.random(3)
    together = solved.fields(g)
    alone = [solved.fields(one[None]) for one in g]
    for _ in range(4):
        for s in (together, *alone):
            UPDATES[name](s)
    for one, s in zip(solved.host(together.g), alone, strict=True):
        np.testing.assert_allclose(one, solved.host(s.g)[0], atol=1e-4 * np.abs(one).max())


@pytest.mark.parametrize(("name", "ffts"), [("ER", 2), ("HIO", 2), ("RAAR", 2), ("RRR", 2), ("DM", 2)])
def test_a_step_costs_two_transforms_a_start(make_solved, name, ffts):
    solved = make_solved()
    s = solved.fields(solved.random(3), beta=1.0)
    solved.y.counters.reset()
    UPDATES[name](s)
    assert solved.y.counters.ffts == 3 * ffts


def test_the_general_difference_map_costs_four(make_solved):
    solved = make_solved()
    s = solved.fields(solved.random(1), beta=0.8)
    solved.y.counters.reset()
    UPDATES["DM"](s)
    assert solved.y.counters.ffts == 4


@pytest.mark.parametrize(("name", "beta"), EVERY)
@pytest.mark.parametrize("known", [{"real": True}, {"nonnegative": True}, {"real": True, "nonnegative": True}])
def test_a_solution_is_a_fixed_point_with_what_is_known_of_it(make_solved, library, name, beta, known):
    solved = make_solved(library=library, hidden=True, **known)
    s = solved.fields(solved.x, beta)
    for _ in range(3):
        UPDATES[name](s)
    np.testing.assert_allclose(solved.host(s.g), solved.x, atol=1e-9)


@pytest.mark.parametrize("name", UPDATES)
def test_the_iterates_of_a_real_object_stay_real(make_solved, library, name):
    solved = make_solved(library=library, real=True)
    s = solved.fields(solved.random().real + 0j)
    for _ in range(3):
        UPDATES[name](s)
    assert (solved.host(s.g).imag == 0).all()
    assert (solved.host(s.p).imag == 0).all()
