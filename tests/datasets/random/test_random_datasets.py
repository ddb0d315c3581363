"""Laws of the simulated random measurements."""

import numpy as np
import pytest

import prbench
from prbench.errors import UsageError

NAMES = ["gaussian-map[n=20]", "gaussian-map[n=20,field=real]", "coded-diffraction[size=8]", "structured-map[size=8]"]


@pytest.mark.parametrize("name", NAMES)
def test_the_truth_explains_the_measurement(name):
    made = prbench.get_dataset(name).problem(0)
    np.testing.assert_allclose(made.measurement.forward(made.truth.object), made.measurement.intensity, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("noise", [{"photons": 5.0}, {"snr_db": 10.0}])
def test_noise_changes_the_measurement_and_not_the_object(name, noise):
    clean, noisy = (prbench.get_dataset(name, **settings).problem(0) for settings in ({}, noise))
    np.testing.assert_array_equal(clean.truth.object, noisy.truth.object)
    assert not np.allclose(clean.measurement.intensity, noisy.measurement.intensity, rtol=0.01)
    assert (noisy.measurement.intensity >= 0).all()


def test_noise_has_the_strength_asked_for():
    clean, noisy = (
        prbench.get_dataset("gaussian-map[n=500]", **s).problem(0).measurement.intensity for s in ({}, {"snr_db": 20})
    )
    assert 20 * np.log10(np.linalg.norm(clean) / np.linalg.norm(noisy - clean)) == pytest.approx(20, abs=1.5)


def test_a_larger_ratio_adds_rows_and_changes_none():
    few, many = (prbench.get_dataset("gaussian-map[n=20]", ratio=r).problem(0) for r in (2, 4))
    np.testing.assert_array_equal(many.measurement.matrix[:40], few.measurement.matrix)
    np.testing.assert_array_equal(many.measurement.intensity[:40], few.measurement.intensity)
    few, many = (prbench.get_dataset("coded-diffraction[size=8]", patterns=p).problem(0) for p in (2, 4))
    np.testing.assert_array_equal(many.measurement.modulations[:2], few.measurement.modulations)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.25, 3.0])
def test_a_structured_map_has_the_ratio_asked_for(ratio):
    y = prbench.get_dataset("structured-map[size=8]", ratio=ratio).problem(0).measurement
    assert y.ratio == pytest.approx(ratio, abs=1 / 64)


def test_gaussian_entries_have_variance_one():
    matrix = prbench.get_dataset("gaussian-map[n=200]").problem(0).measurement.matrix
    assert np.mean(np.abs(matrix) ** 2) == pytest.approx(1, abs=0.02)
    assert abs(np.mean(matrix)) < 0.01


def test_octonary_modulators_have_unit_mean_square():
    y = prbench.get_dataset("coded-diffraction[size=64,patterns=8]").problem(0).measurement
    moduli = np.unique(np.round(np.abs(y.modulations) ** 2, 5))
    np.testing.assert_allclose(moduli, [0.5, 3.0])
    assert np.mean(np.abs(y.modulations) ** 2) == pytest.approx(1.0, abs=0.03)


def test_noise_in_two_ways_is_refused():
    with pytest.raises(UsageError, match=r"^gaussian-map: .*\bphotons\b.*\bsnr_db\b"):
        prbench.get_dataset("gaussian-map[n=20,photons=5,snr_db=10]").problem(0)


def test_photons_leave_their_gain_in_the_measurement():
    """Counts are the intensities over the gain: whole numbers, whose variance is their mean."""
    clean, noisy = (prbench.get_dataset("coded-diffraction", size=32, photons=p).problem(0).measurement for p in (None, 50))
    assert clean.gain is None
    counts = noisy.intensity.astype(np.float64) / noisy.gain
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-3)
    assert counts.mean() == pytest.approx(50, rel=0.02)
    expected = clean.intensity / noisy.gain
    assert np.mean((counts - expected) ** 2 / np.maximum(expected, 1e-6)) == pytest.approx(1, abs=0.1)


def test_pictures_are_all_different_before_one_is_rotated():
    dataset = prbench.get_dataset("coded-diffraction[size=16,image=pictures]")
    moduli = [np.abs(dataset.problem(index).truth.object) for index in range(13)]
    alike = [
        max(np.corrcoef(np.rot90(a, turn).ravel(), b.ravel())[0, 1] for turn in range(4))
        for i, a in enumerate(moduli[:12])
        for b in moduli[:i]
    ]
    assert max(alike) < 0.95
    np.testing.assert_allclose(moduli[12], np.rot90(moduli[0]), atol=1e-5)
    np.testing.assert_array_equal(moduli[0], np.abs(prbench.get_dataset("coded-diffraction[size=16]").problem(0).truth.object))
