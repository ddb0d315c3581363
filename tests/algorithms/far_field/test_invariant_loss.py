"""A loss that is the same for all objects that have one pattern."""

import numpy as np
import pytest
import torch

import prbench
from prbench.algorithms.far_field._learned import rotated_about_middle
from prbench.algorithms.far_field._representative import representative
from prbench.algorithms.far_field.invariant_loss import distances

SIDE = 12


def parts(*objects):
    return torch.from_numpy(np.stack([np.stack([x.real, x.imag]) for x in objects]).astype(np.float32))


def some(seed):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((SIDE, SIDE)) + 1j * rng.standard_normal((SIDE, SIDE))


def flipped(x):
    """``conj(x(-r))`` about the middle pixel, by its definition."""
    n = len(x)
    at = (2 * (n // 2) - np.arange(n)) % n
    return np.conj(x[np.ix_(at, at)])


def solver(**settings):
    return prbench.get_solver("invariant-loss", **{"weights": "random", "width": 4, "hidden": 16, **settings})


@pytest.mark.parametrize("angle", [0.0, 2.1])
@pytest.mark.parametrize("change", [lambda x: x, flipped])
def test_members_of_an_orbit_are_at_no_distance(change, angle):
    x = some(0)
    member = np.exp(1j * angle) * change(x)
    np.testing.assert_allclose(np.abs(np.fft.fft2(member)), np.abs(np.fft.fft2(x)), atol=1e-9)
    assert float(distances(parts(member), parts(x))) == pytest.approx(0, abs=1e-5)
    other = parts(some(1))
    torch.testing.assert_close(distances(other, parts(member)), distances(other, parts(x)))


def test_it_is_the_least_over_flips_and_phases():
    xs, ts = [some(seed) for seed in range(3)], [some(seed) for seed in range(10, 13)]
    angles = np.exp(2j * np.pi * np.arange(720) / 720)
    least = [min(np.mean(np.abs(x - a * m) ** 2) for m in (t, flipped(t)) for a in angles) for x, t in zip(xs, ts, strict=True)]
    np.testing.assert_allclose(distances(parts(*xs), parts(*ts)).numpy(), least, rtol=1e-4)


def test_the_loss_is_half_of_it_and_not_above_that_of_one_representative():
    outputs, targets = parts(some(2), some(3)), parts(some(4), some(5))
    ones = torch.ones(2, 1, SIDE, SIDE)
    loss = solver().loss(outputs, targets, ones)
    torch.testing.assert_close(loss, distances(outputs, targets).mean() / 2)
    named = prbench.get_solver("symmetry-breaking", weights="random")
    assert loss < named.loss(outputs, targets, ones)
    torch.testing.assert_close(named.loss(targets, targets, ones), solver().loss(targets, targets, ones), rtol=0, atol=1e-6)


@pytest.mark.parametrize("element", range(8))
def test_output_and_target_turn_together(element):
    x, t = some(6), some(7)
    turned = parts(rotated_about_middle(x, element)), parts(rotated_about_middle(t, element))
    torch.testing.assert_close(distances(*turned), distances(parts(x), parts(t)))


def test_the_flip_of_a_representative_is_about_its_middle_pixel():
    """A flip about another pixel would count the twin as a different object."""
    x = np.asarray(prbench.get_dataset("crystal2d", size=32).problem(0, split="tune").truth.object)
    twin = np.conj(np.flip(representative(x)))
    shifts = [(a, b) for a in (-1, 0, 1, 2) for b in (-1, 0, 1, 2)]
    away = {shift: float(distances(parts(np.roll(twin, shift, (0, 1))), parts(representative(x)))) for shift in shifts}
    assert min(away, key=away.get) == (1, 1)
    assert away[1, 1] < 1e-4


def test_the_answers_mean_is_real_and_positive():
    problem = prbench.get_dataset("cell2d", size=32).problem(0, split="tune")
    mean = prbench.solve(solver(), problem.measurement).reconstruction.object.mean()
    assert mean.real > 0
    assert abs(mean.imag) < 1e-5 * mean.real


def test_the_shipped_network_learned_cells_and_strain():
    """Errors of one pass on tuning problems, far below those of the network that learned convex crystals alone."""
    for name, limit in (("cell2d[size=32]", 0.5), ("crystal2d[size=32,strength=2]", 0.8)):
        problems = [prbench.get_dataset(name).problem(n, split="tune") for n in range(4)]
        broad, narrow = (
            np.median([prbench.score(prbench.solve(s, p.measurement).reconstruction, p)["sa_nmse"] for p in problems])
            for s in ("invariant-loss", "symmetry-breaking")
        )
        assert broad < limit * narrow
