import numpy as np
import pytest

from prbench.core import build_plugin
from prbench.core.problem import Problem


def crystal(spelled: str, index: int = 0, **where: object) -> Problem:
    problem: Problem = build_plugin("dataset", f"crystal2d[{spelled}]").problem(index, **where)
    return problem


@pytest.mark.parametrize("index", range(12))
@pytest.mark.parametrize("shape", ["convex", "nonconvex"])
def test_the_crystal_is_one_piece_of_magnitude_one_that_a_centred_crop_holds(shape: str, index: int) -> None:
    problem = crystal(f"size=64,shape={shape}", index)
    x, inside = problem.truth.object, problem.object_region  # type: ignore[union-attr]
    assert x.shape == (64, 64)
    np.testing.assert_allclose(np.abs(x), inside, atol=1e-6)
    assert 0.1 < inside.mean() < 0.75
    centre = np.argwhere(inside).mean(axis=0)
    np.testing.assert_allclose(centre, 32, atol=1)
    assert not inside[0].any()
    assert not inside[:, 0].any()


def test_nonconvex_is_not_convex() -> None:
    from skimage.morphology import convex_hull_image

    def solidity(shape: str) -> float:
        inside = crystal(f"size=128,shape={shape}", 1).object_region
        return float(inside.sum() / convex_hull_image(inside).sum())  # type: ignore[no-untyped-call]

    # At 128 pixels the digital hull of a convex polygon is a few percent larger than its pixels.
    assert solidity("convex") > 0.93
    assert solidity("nonconvex") < 0.9


@pytest.mark.parametrize("strength", [0.2, 0.9])
def test_the_smooth_phase_spans_the_strength(strength: float) -> None:
    problem = crystal(f"strength={strength}")
    phase = np.angle(problem.truth.object[problem.object_region])  # type: ignore[union-attr]
    assert phase.min() == pytest.approx(-strength * np.pi, abs=1e-4)
    assert phase.max() == pytest.approx(strength * np.pi, abs=1e-4)


def _winding(x: np.ndarray, inside: np.ndarray) -> int:
    """Number of pixel squares inside the crystal around which the phase winds once."""
    angle = np.angle(x)

    def step(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.angle(np.exp(1j * (b - a)))

    a, b, c, d = angle[:-1, :-1], angle[:-1, 1:], angle[1:, 1:], angle[1:, :-1]
    winding = (step(a, b) + step(b, c) + step(c, d) + step(d, a)) / (2 * np.pi)
    whole = inside[:-1, :-1] & inside[:-1, 1:] & inside[1:, 1:] & inside[1:, :-1]
    return int(np.abs(np.round(winding[whole])).sum())


@pytest.mark.parametrize("count", [0, 1])
def test_the_phase_winds_around_a_dislocation_and_nowhere_else(count: int) -> None:
    # The displacement has a steep part at the core besides the winding, so that a coarse grid may see one pair more.
    problem = crystal(f"size=512,strength=0,dislocations={count}")
    assert _winding(problem.truth.object, problem.object_region) % 2 == count  # type: ignore[union-attr]


def test_domains_have_constant_phases() -> None:
    problem = crystal("domains=6,strength=0.9", 3)
    values = np.unique(np.round(np.angle(problem.truth.object[problem.object_region]), 4))  # type: ignore[union-attr]
    assert 2 <= len(values) <= 6


def test_neither_dose_nor_beamstop_nor_defects_change_the_crystal() -> None:
    plain, noisy = crystal(""), crystal("photons=5,beamstop=4")
    np.testing.assert_array_equal(plain.truth.object, noisy.truth.object)  # type: ignore[union-attr]
    np.testing.assert_array_equal(plain.object_region, crystal("dislocations=3").object_region)
    assert not noisy.measurement.mask[64, 64]  # type: ignore[attr-defined]
    assert noisy.measurement.mask.sum() == 128**2 - 49  # type: ignore[attr-defined]


def test_the_size_only_samples_the_same_crystal() -> None:
    coarse, fine = crystal("size=64").object_region, crystal("size=128").object_region
    assert (coarse == fine[::2, ::2]).all()


def test_the_dose_is_the_one_asked_for() -> None:
    ideal, noisy = crystal("").measurement, crystal("photons=7").measurement
    counts = noisy.intensity / noisy.gain  # type: ignore[attr-defined]
    assert counts.mean() == pytest.approx(7, rel=0.02)
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-2)
    mean = ideal.intensity / noisy.gain  # type: ignore[attr-defined]
    bright = mean > 5
    chi2 = ((counts - mean)[bright] ** 2 / mean[bright]).mean()
    assert chi2 == pytest.approx(1, abs=0.25)
