import numpy as np
import pytest

from prbench.core import build_plugin
from prbench.errors import BadInput
from prbench.physics.cramer_rao import cramer_rao_nmse


def dense_bound(obj, support, gain, shape, mask, *, uniform=False):
    """The definition, with the derivative as a matrix and a pseudo-inverse; of phases and one magnitude where ``uniform``."""
    pixels = np.argwhere(support)
    axes = [np.fft.fftshift(np.fft.fftfreq(n)) for n in shape]
    k = np.stack([axis[mask] for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    kernel = np.exp(-2j * np.pi * k @ pixels.T)
    F = kernel @ obj[support]
    D = 2 / gain * np.concatenate([(F.conj()[:, None] * kernel).real, (F.conj()[:, None] * 1j * kernel).real], axis=1)
    x = obj[support]
    moves = np.eye(2 * len(x))
    if uniform:
        turns, growth = np.diag(1j * x), x / np.abs(x)
        moves = np.concatenate([np.block([[turns.real], [turns.imag]]), np.append(growth.real, growth.imag)[:, None]], axis=1)
    D = D @ moves
    J = D.T @ (D / (np.abs(F) ** 2 / gain)[:, None])
    values = np.linalg.eigvalsh(J)
    assert values[0] < 1e-9 * values[-1] < values[1], "one null direction, the global phase"
    return np.trace(moves @ np.linalg.pinv(J, rcond=1e-9, hermitian=True) @ moves.T) / np.sum(np.abs(obj) ** 2)


@pytest.mark.parametrize(("inner", "shape"), [((5, 6), (12, 14)), ((3, 3, 2), (7, 8, 5))])
@pytest.mark.parametrize("masked", [False, True])
def test_equals_the_definition(inner, shape, masked):
    rng = np.random.default_rng(0)
    support = rng.random(inner) < 0.7
    obj = support * (rng.normal(size=inner) + 1j * rng.normal(size=inner))
    mask = np.ones(shape, bool)
    if masked:
        mask[tuple(slice(n // 2 - 1, n // 2 + 1) for n in shape)] = False
    expected = dense_bound(obj, support, 0.3, shape, mask)
    assert cramer_rao_nmse(obj, support, 0.3, shape, mask if masked else None) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("masked", [False, True])
def test_knowing_that_the_magnitude_is_one_number_lowers_it(masked):
    rng = np.random.default_rng(4)
    support = rng.random((5, 6)) < 0.7
    obj = support * 2.5 * np.exp(1j * rng.normal(size=support.shape))
    mask = np.ones((12, 14), bool)
    mask[5:8, 6:9] = not masked
    known = cramer_rao_nmse(obj, support, 0.3, (12, 14), mask, uniform=True)
    assert known == pytest.approx(dense_bound(obj, support, 0.3, (12, 14), mask, uniform=True), rel=1e-8)
    assert known < 0.8 * cramer_rao_nmse(obj, support, 0.3, (12, 14), mask)
    with pytest.raises(BadInput, match=r"\bmagnitude\b"):
        cramer_rao_nmse(obj * (1 + 0.1 * rng.random(obj.shape)), support, 0.3, (12, 14), uniform=True)


def test_scales_with_the_dose_and_knows_no_global_phase():
    rng = np.random.default_rng(1)
    support = np.pad(np.ones((6, 6), bool), 2)
    obj = support * np.exp(1j * rng.normal(size=support.shape))
    bound = cramer_rao_nmse(obj, support, 1.0, (20, 20))
    assert cramer_rao_nmse(obj, support, 1e-3, (20, 20)) == pytest.approx(1e-3 * bound)
    assert cramer_rao_nmse(np.exp(2j) * obj, support, 1.0, (20, 20)) == pytest.approx(bound)
    assert cramer_rao_nmse(np.flip(obj).conj(), np.flip(support), 1.0, (20, 20)) == pytest.approx(bound)
    assert cramer_rao_nmse(3 * obj, support, 9.0, (20, 20)) == pytest.approx(bound)


def test_less_information_never_helps():
    rng = np.random.default_rng(2)
    support = np.ones((6, 7), bool)
    obj = np.exp(1j * rng.normal(size=support.shape))
    mask = np.hypot(*np.meshgrid(np.arange(-8, 8), np.arange(-9, 9), indexing="ij")) > 2
    wider = np.pad(support, 1, constant_values=True)
    bound = cramer_rao_nmse(obj, support, 1.0, (16, 18))
    assert cramer_rao_nmse(obj, support, 1.0, (16, 18), mask) > bound
    assert cramer_rao_nmse(np.pad(obj, 1), wider, 1.0, (16, 18)) > bound


def test_too_few_pixels_leave_it_infinite():
    rng = np.random.default_rng(3)
    assert cramer_rao_nmse(rng.normal(size=(4, 4)) + 1j, np.ones((4, 4), bool), 1.0, (5, 5)) == np.inf


def test_zeros_of_the_spectrum_are_no_trouble():
    obj = np.zeros((4, 4), complex)
    obj[1:3, 1:3] = 1
    obj[1, 1] = 1.5j
    assert np.isfinite(cramer_rao_nmse(obj, obj != 0, 1.0, (8, 8)))
    assert np.isfinite(cramer_rao_nmse(np.ones((2, 3)), np.ones((2, 3), bool), 1.0, (6, 9)))


def test_a_dislocated_crystal_meets_the_known_figures():
    for photons, expected in ((1.0, 0.10), (10.0, 0.010), (100.0, 0.001)):
        bounds = []
        for index in range(4):
            problem = build_plugin("dataset", "crystal2d", {"size": 32, "dislocations": 2, "photons": photons}).problem(index)
            y = problem.measurement
            support = problem.object_region
            bound = cramer_rao_nmse(problem.truth.object, support, y.gain, y.shape)
            bounds.append(bound * 292 / np.count_nonzero(support))
        assert np.mean(bounds) == pytest.approx(expected, rel=0.3)


def test_refusals():
    x, support = np.ones((4, 4), complex), np.ones((4, 4), bool)
    for arguments, message in [
        ((x, support, 1.0, (3, 8)), r"\bobject \(4, 4\).*\(3, 8\)"),
        ((x, support[1:], 1.0, (8, 8)), r"\bsupport \(3, 4\).*\(4, 4\)"),
        ((x, ~support, 1.0, (8, 8)), r"\bobject .*\bsupport\b"),
        ((0 * x, support, 1.0, (8, 8)), r"\bobject .*\bzero\b"),
        ((x, support, 0.0, (8, 8)), r"\bgain .*\b0\.0"),
        ((np.ones((70, 70)), np.ones((70, 70), bool), 1.0, (140, 140)), r"\b4000 .*\b4900\b"),
    ]:
        with pytest.raises(BadInput, match=message):
            cramer_rao_nmse(*arguments)
