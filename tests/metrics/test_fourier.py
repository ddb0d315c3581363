import math
import re

import numpy as np
import pytest

from prbench.core import COMPLEX_OBJECT, HeldOut
from prbench.errors import BadInput
from prbench.metrics.fourier import fourier_ring_correlation, frc, r_factor
from prbench.metrics.shells import first_crossing, shell_numbers
from prbench.tasks.far_field.metrics import (
    LEAST_STARTS,
    free_r,
    fsc_halves,
    half_correlation,
    phase_retrieval_transfer_function,
    prtf,
    starts_compared,
)


def noise(shape, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def test_r_factor_of_truth_scale_and_nothing(crystal, copy_of, make_case):
    x = crystal()
    assert r_factor(make_case(x, x)) < 1e-7
    assert r_factor(make_case(x, copy_of(x))) < 1e-7
    assert r_factor(make_case(x, 1.1 * x)) == pytest.approx(0.1, rel=1e-6)
    assert r_factor(make_case(x, np.zeros_like(x))) == pytest.approx(1)


def test_r_factor_ignores_unmeasured_pixels(crystal, make_case):
    x = crystal()
    mask = np.ones((64, 64), bool)
    mask[30:35, 30:35] = False
    case = make_case(x, 1.1 * x, mask=mask)
    assert r_factor(case) == pytest.approx(0.1, rel=1e-6)
    assert r_factor(make_case(x, x, mask=mask)) < 1e-7


def test_r_factor_agrees_with_the_measurement(crystal, make_case):
    x, found = crystal(), crystal(seed=1)
    case = make_case(x, found)
    y = case.problem.measurement
    field = np.fft.ifftshift(np.zeros(y.shape, np.complex64))
    field[: found.shape[0], : found.shape[1]] = found
    assert r_factor(case) == pytest.approx(float(y.modulus_error(field[None])[0]), rel=1e-4)


def test_free_r_looks_at_held_out_pixels_only(crystal, make_case, simulate):
    x = crystal()
    held_out = np.zeros((64, 64), bool)
    held_out[20:24, 40:44] = True
    y = simulate(x)
    intensity = np.where(held_out, y.intensity, 7.0)
    case = make_case(x, 1.2 * x, measurement=y.without(held_out), held_out=HeldOut(held_out, intensity))
    assert free_r(case) == pytest.approx(0.2, rel=1e-5)
    assert free_r.applies(case, COMPLEX_OBJECT)
    assert not free_r.applies(make_case(x, x), COMPLEX_OBJECT)
    dark = make_case(x, x, held_out=HeldOut(held_out, np.zeros((64, 64))))
    assert math.isnan(free_r(dark))


@pytest.mark.parametrize("shape", [(16, 16), (15, 20), (9, 10, 12)])
def test_frc_of_one_object_with_itself_is_one(shape):
    for criterion in ("half-bit", "half"):
        frequency, curve, threshold = fourier_ring_correlation(noise(shape, 0), 3 * noise(shape, 0), criterion=criterion)
        assert np.allclose(curve, 1)
        assert frequency[0] == 0
        assert np.isnan(threshold[0]), "one pixel tells nothing"
        assert np.all(threshold[2:] > 0.1716)
        assert first_crossing(frequency, curve, threshold) == frequency[-1] >= 1 - 1 / min(shape)


def test_thresholds_are_those_of_the_independent_pixels():
    """A support over a quarter of the frame leaves a quarter of the pixels of a ring independent."""
    x, pixels = noise((64, 64), 0), np.bincount(shell_numbers((64, 64))[0].ravel())[:33]
    quarter = np.zeros((64, 64), bool)
    quarter[:32, :32] = True
    for share, support in ((1.0, np.ones((64, 64), bool)), (0.25, quarter)):
        n = share * pixels[5:]
        half_bit, half = (fourier_ring_correlation(x, x, criterion=c, support=support)[2] for c in ("half-bit", "half"))
        assert half_bit[5:] == pytest.approx((0.2071 + 1.9102 / np.sqrt(n)) / (1.2071 + 0.9102 / np.sqrt(n)))
        assert half[5:] == pytest.approx(np.maximum(0.5, 2 / np.sqrt(2 * n)))
        assert np.isnan(half[pixels * share < 2]).all()
    with pytest.raises(BadInput, match=r"\bsupport .*\(64, 64\).*\(63, 64\)"):
        fourier_ring_correlation(x, x, support=quarter[1:])


@pytest.mark.parametrize("seed", range(5))
def test_unrelated_objects_of_one_support_do_not_correlate(make_case, seed):
    """In few pixels chance reaches far, all the more where a small support makes neighbouring frequencies alike."""
    rows, columns = np.meshgrid(*2 * [np.linspace(-1, 1, 64)], indexing="ij")
    inside = np.hypot(rows, columns) < 0.5
    assert frc(make_case(inside * noise((64, 64), seed), inside * noise((64, 64), seed + 100))) < 0.1


def test_a_correlation_with_a_truth_without_noise_ends_at_one_half(make_case):
    """With as much noise as signal it is 1/sqrt(2) everywhere, with four times as much signal lost 1/sqrt(17)."""
    x = noise((64, 64), 4)
    assert frc(make_case(x, x + noise((64, 64), 5))) == 1
    assert frc(make_case(x, x + 4 * noise((64, 64), 5))) == 0


def test_frc_of_independent_objects_is_noise_of_the_expected_size():
    _, curve, _ = fourier_ring_correlation(noise((64, 64), 0), noise((64, 64), 1))
    pixels = np.bincount(shell_numbers((64, 64))[0].ravel())[:33]
    assert np.abs(curve[5:] * np.sqrt(2 * pixels[5:])).max() < 4
    assert np.mean((curve[5:] ** 2) * 2 * pixels[5:]) == pytest.approx(1, abs=0.6)


def test_frc_finds_where_the_signal_ends(make_case):
    x = noise((64, 64), 2)
    x[40:] = 0
    frequency = np.hypot(*np.meshgrid(*2 * [2 * np.fft.fftfreq(64)]))
    blurred = np.fft.ifft2(np.fft.fft2(x) * (frequency < 0.5))
    assert frc(make_case(x, blurred)) == pytest.approx(0.5, abs=0.04)
    assert frc(make_case(x, np.exp(1j) * x)) == 1


def test_prtf_of_equal_starts_is_one(crystal, copy_of, make_case, simulate):
    x = crystal()
    starts = np.stack([np.exp(0.3j * k) * (copy_of(x) if k % 2 else x) for k in range(10)])
    _, curve = phase_retrieval_transfer_function(starts, simulate(x))
    assert np.allclose(curve, 1, atol=1e-5)
    case = make_case(x, x, aux={"starts": starts})
    assert prtf.applies(case, COMPLEX_OBJECT)
    assert prtf(case) == 1
    assert case.notes["prtf"] == "of 10 starts"
    assert starts_compared(case) == 10
    assert not prtf.applies(make_case(x, x), COMPLEX_OBJECT)


def of_one_pattern(x, count, seed):
    """Objects of the frame with the Fourier moduli of ``x`` as nearly as one projection gets, and unrelated phases."""
    n = len(x)
    modulus = np.abs(np.fft.fft2(x, (2 * n, 2 * n)))
    drawn = (np.fft.fft2(noise((n, n), seed + 1000 * k), (2 * n, 2 * n)) for k in range(count))
    return np.stack([np.fft.ifft2(modulus * np.exp(1j * np.angle(phase)))[:n, :n] for phase in drawn])


@pytest.mark.parametrize("count", [2, 3, 4, 5, 9])
def test_prtf_of_few_starts_is_refused(crystal, make_case, count):
    """The mean of K random phases has the modulus 0.886/sqrt(K), over 1/e for K up to 5."""
    case = make_case(crystal(), crystal(), aux={"starts": of_one_pattern(crystal(), count, 0)})
    assert math.isnan(prtf(case))
    assert re.findall(r"\d+", case.notes["prtf"]) == [str(count), str(LEAST_STARTS)]


def test_a_start_that_repeats_another_does_not_count(crystal, make_case):
    starts = of_one_pattern(crystal(), 3, 0)
    case = make_case(crystal(), crystal(), aux={"starts": np.concatenate([starts] * 4)})
    assert math.isnan(prtf(case))
    assert starts_compared(case) == 3


@pytest.mark.parametrize("count", [2, 3, 4, 10, 20])
def test_halves_of_unrelated_starts_do_not_correlate(crystal, make_case, count):
    """But for the lowest frequencies, of which a translation alone makes two objects of one size agree in a few pixels."""
    x = crystal()
    cases = [make_case(x, x, aux={"starts": of_one_pattern(x, count, seed)}) for seed in range(4)]
    assert np.mean([fsc_halves(case) for case in cases]) < 0.2
    assert max(fsc_halves(case) for case in cases) < 0.3
    assert not any(prtf(case) > 0.4 for case in cases)


def test_halves_of_equal_starts_correlate_to_nyquist(crystal, copy_of, make_case):
    x = crystal()
    case = make_case(x, x, aux={"starts": np.stack([x, copy_of(x), 1j * x])})
    assert fsc_halves(case) == 1
    assert math.isnan(fsc_halves(make_case(x, x, aux={"starts": x[None]})))
    with pytest.raises(BadInput, match=r"\bstarts\b.*\b1\b"):
        half_correlation(x[None])


def test_halves_correlate_up_to_where_the_starts_agree(crystal, make_case):
    x = crystal(64)
    frequency = np.hypot(*np.meshgrid(*2 * [2 * np.fft.fftfreq(64)]))
    rng = np.random.default_rng(5)
    phases = (np.exp(1j * (frequency > 0.4) * rng.uniform(-np.pi, np.pi, x.shape)) for _ in range(12))
    starts = np.array([np.fft.ifft2(np.fft.fft2(x) * phase) for phase in phases])
    assert fsc_halves(make_case(x, x, aux={"starts": starts})) == pytest.approx(0.4, abs=0.05)


def test_prtf_falls_where_the_starts_disagree(crystal, make_case):
    x = crystal(64)
    frequency = np.hypot(*np.meshgrid(*2 * [2 * np.fft.fftfreq(64)]))
    spectrum = np.fft.fft2(x)
    rng = np.random.default_rng(3)
    starts = [np.fft.ifft2(spectrum * np.exp(1j * (frequency > 0.4) * rng.uniform(-np.pi, np.pi, x.shape))) for _ in range(20)]
    assert prtf(make_case(x, starts[0], aux={"starts": np.array(starts)})) == pytest.approx(0.4, abs=0.05)


def test_prtf_skips_shells_behind_the_beamstop(crystal, simulate):
    x = crystal()
    mask = np.hypot(*np.meshgrid(*2 * [np.arange(-32, 32)])) > 3
    _, curve = phase_retrieval_transfer_function(x[None], simulate(x, mask))
    assert np.isnan(curve[:3]).all()
    assert np.allclose(curve[4:], 1, atol=1e-5)


def test_first_crossing_interpolates():
    frequency = np.linspace(0, 1, 5)
    assert first_crossing(frequency, [0, 1, 0.75, 0.25, 0], np.full(5, 0.5)) == pytest.approx(0.625)
    assert first_crossing(frequency, [0, 1, np.nan, 0, 0], np.full(5, 0.5)) == pytest.approx(0.5)
    assert first_crossing(frequency, [1, 0, 1, 1, 1], np.full(5, 0.5)) == 0
    assert math.isnan(first_crossing(frequency, np.full(5, np.nan), np.full(5, 0.5)))


def test_refusals(crystal, simulate):
    x = crystal()
    with pytest.raises(BadInput, match=re.escape(f"{x.shape}") + ".*" + re.escape(f"{x[1:].shape}")):
        fourier_ring_correlation(x, x[1:])
    with pytest.raises(BadInput, match=rf"\bstarts .*\(K, .*{re.escape(str(x.shape))}"):
        phase_retrieval_transfer_function(x, simulate(x))
