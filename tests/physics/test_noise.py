import numpy as np
import pytest

from prbench.errors import BadInput
from prbench.physics.noise import beamstop, shot_noise


def test_mean_and_variance_are_poissons() -> None:
    expected = np.linspace(1, 9, 9).repeat(20_000)
    noisy, gain = shot_noise(expected, np.random.default_rng(0), photons_per_pixel=2.0)
    assert gain == pytest.approx(expected.mean() / 2.0)
    counts = (noisy / gain).reshape(9, -1)
    mean = expected.reshape(9, -1)[:, 0] / gain
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-9)
    np.testing.assert_allclose(counts.mean(axis=1), mean, rtol=0.03)
    np.testing.assert_allclose(counts.var(axis=1), mean, rtol=0.05)


def test_total_and_mean_are_the_same_dose() -> None:
    expected = np.arange(1.0, 101.0)
    by_mean = shot_noise(expected, np.random.default_rng(1), photons_per_pixel=3.0)
    by_total = shot_noise(expected, np.random.default_rng(1), total=300.0)
    np.testing.assert_array_equal(by_mean[0], by_total[0])
    assert by_mean[1] == by_total[1]


@pytest.mark.parametrize("dose", [1e13, 1e20, 1e30])
def test_large_doses_approach_the_expectation(dose: float) -> None:
    expected = np.array([0.0, 1.0, 1e3])
    noisy, _ = shot_noise(expected, np.random.default_rng(2), total=dose)
    assert noisy[0] == 0
    np.testing.assert_allclose(noisy, expected, rtol=10 / np.sqrt(dose / 1e3))


@pytest.mark.parametrize(
    ("intensity", "dose"),
    [
        (np.ones(4), {}),
        (np.ones(4), {"total": 1.0, "photons_per_pixel": 1.0}),
        (np.ones(4), {"total": -1.0}),
        (np.ones(4), {"total": np.inf}),
        (np.zeros(4), {"total": 1.0}),
        (np.array([1.0, -1.0, 3.0]), {"total": 1.0}),
        (np.array([1.0, np.nan]), {"total": 1.0}),
    ],
)
def test_refuses(intensity: np.ndarray, dose: dict[str, float]) -> None:
    with pytest.raises(BadInput):
        shot_noise(intensity, np.random.default_rng(0), **dose)


@pytest.mark.parametrize("shape", [(16, 16), (15, 20), (9, 8, 7)])
def test_a_beamstop_hides_what_is_near_zero_frequency(shape: tuple[int, ...]) -> None:
    centre = tuple(n // 2 for n in shape)
    disc, square = beamstop(shape, 3), beamstop(shape, 3, "square")
    assert not disc[centre]
    assert not square[centre]
    assert not (square & ~disc).any()
    distance = np.sqrt(sum((np.indices(shape)[k] - c) ** 2 for k, c in enumerate(centre)))
    np.testing.assert_array_equal(disc, distance > 3)
    assert beamstop(shape, 0).all()


def test_a_beamstop_has_a_known_kind_and_a_radius() -> None:
    with pytest.raises(BadInput, match="hexagon"):
        beamstop((8, 8), 2, "hexagon")  # type: ignore[arg-type]
    with pytest.raises(BadInput):
        beamstop((8, 8), -1)
