import dataclasses
import math
import os
from pathlib import Path

import numpy as np
import pytest
from skimage.restoration import unwrap_phase

import prbench
from prbench.backend import get_backend
from prbench.core import build_plugin
from prbench.tasks.off_axis import Hologram

DATA = Path(os.environ.get("PRBENCH_DATA", "nowhere")) / "off_axis"
measured = pytest.mark.skipif(not (DATA / "hologram_cell.npz").is_file(), reason="PRBENCH_DATA has no off_axis/hologram_cell.npz")


def solved(y, library="numpy", **settings):
    solver = build_plugin("solver", "fourier-filter", settings)
    return solver.solve(y.to(get_backend(library)), None)


def cells(**settings):
    return build_plugin("dataset", "offaxis-cells", settings)


def error(found, truth):
    gap = np.asarray(found, np.float64) - truth
    return float(np.sqrt(np.mean((gap - gap.mean()) ** 2)))


def without_plane(phase):
    rows, columns = np.indices(phase.shape)
    plane = np.stack([np.ones(phase.size), rows.ravel(), columns.ravel()], 1)
    return phase - (plane @ np.linalg.lstsq(plane, phase.ravel(), rcond=None)[0]).reshape(phase.shape)


@pytest.mark.parametrize("system", [1, 2])
def test_cells_without_noise_come_back_within_a_twentieth_of_a_radian(system):
    """On the whole frame, edges included; nothing but a constant is removed, and little of that."""
    data = cells(photons=None, system=system)
    for index in range(5):  # every kind
        made = data.problem(index, split="tune")
        found = solved(made.measurement).phase
        assert error(found, made.truth.phase) < 0.03
        assert abs(np.median(found - made.truth.phase)) < 0.01


def test_a_large_smooth_cell_is_not_taken_for_an_aberration():
    """It covers half of the frame and reaches an edge; a fit to all of the frame is a radian off."""
    made = cells(photons=None, system=2, kind="spread").problem(16, split="tune")
    assert np.mean(made.truth.phase > 0.1) > 0.25
    assert error(solved(made.measurement).phase, made.truth.phase) < 0.05


@pytest.mark.parametrize(("photons", "limit"), [(5000, 0.03), (300, 0.07)])
def test_noise_costs_little(photons, limit):
    made = cells(photons=photons).problem(0, split="tune")
    assert error(solved(made.measurement).phase, made.truth.phase) < limit


def test_a_measured_background_takes_the_place_of_the_polynomial():
    """Aberrations of any degree go with it."""
    made = cells(photons=None, background=True, aberration=3).problem(0, split="tune")
    assert error(solved(made.measurement, degree=1).phase, made.truth.phase) < 0.03
    alone = dataclasses.replace(made.measurement, background=None)
    assert error(solved(alone, degree=1).phase, made.truth.phase) > 1


def test_a_hint_takes_the_other_order_and_so_the_other_sign():
    made = cells(photons=None).problem(0, split="tune")
    first = solved(made.measurement)
    other = solved(dataclasses.replace(made.measurement, carrier=tuple(-first.aux["carrier"])))
    np.testing.assert_allclose(other.aux["carrier"], -first.aux["carrier"], atol=1e-9)
    np.testing.assert_allclose(other.phase, -first.phase, atol=1e-3)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_denser_object_decides_the_sign(sign):
    made = cells(photons=None).problem(1, split="tune")
    y = made.measurement
    mirrored = y.interferogram if sign > 0 else np.ascontiguousarray(y.interferogram[:, ::-1])  # fringes then run the other way
    truth = made.truth.phase if sign > 0 else made.truth.phase[:, ::-1]
    assert error(sign * solved(dataclasses.replace(y, interferogram=mirrored)).phase, truth) < 0.03
    found = solved(dataclasses.replace(y, interferogram=mirrored, denser=True))
    assert error(found.phase, truth) < 0.03
    assert np.sign(found.aux["carrier"][1]) == sign


def test_the_carrier_is_told_to_a_tenth_of_a_fringe_a_frame():
    made = cells(photons=None, aberration=0, drift=0).problem(0, split="tune")
    np.testing.assert_allclose(solved(made.measurement).aux["carrier"], made.truth.aux["carrier"], atol=0.1 / 256)


def test_unmeasured_pixels_spoil_little():
    made = cells(photons=None).problem(0, split="tune")
    mask = np.random.default_rng(0).random((256, 256)) < 0.99
    mask[100:104, 50:54] = False
    y = dataclasses.replace(made.measurement, mask=mask)
    spoiled = np.where(mask, y.interferogram, 1e3)
    assert error(solved(dataclasses.replace(y, interferogram=spoiled)).phase, made.truth.phase) < 0.05


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("shape", [(128, 160), (131, 97)])
def test_frames_need_not_be_square_nor_quick_to_transform(library, shape):
    row, column = (np.arange(n) - n / 2 for n in shape)
    q = (row[:, None] ** 2 + column[None, :] ** 2) / 30**2
    phase = 4 * np.exp(-(q**2))
    seen = 10 + 4 * np.cos(2 * math.pi * (0.2 * row[:, None] - 0.28 * column[None, :]) - phase + 1e-4 * row[:, None] ** 2)
    found = solved(Hologram(seen), library)
    assert found.phase.shape == shape
    assert error(get_backend(library).to_numpy(found.phase), phase) < 0.05


@pytest.mark.parametrize("shape", [(16, 16), (128, 128), (300, 20)])
def test_noise_without_fringes_has_some_answer(shape):
    for seed in range(3):
        found = solved(Hologram(np.random.default_rng(seed).poisson(1.0, shape)))
        assert np.isfinite(found.phase).all()
        assert np.abs(found.aux["carrier"]).max() < 1


def test_work_is_counted():
    made = cells(size=128).problem(0)
    y = made.measurement.to(get_backend("numpy"))
    build_plugin("solver", "fourier-filter").solve(y, None)
    assert y.counters.ffts == 2 + 3 * 3 - 1  # offset and order, three continuations, the order of the last one everywhere
    both = cells(size=128, background=True).problem(0).measurement.to(get_backend("numpy"))
    build_plugin("solver", "fourier-filter").solve(both, None)
    assert both.counters.ffts == 2 * 9 + 2


def test_scores_know_right_from_wrong():
    made = cells().problem(0)
    right = prbench.score(prbench.solve("fourier-filter", made.measurement).reconstruction, made)
    blank = dataclasses.replace(made.truth, phase=0 * made.truth.phase)
    wrong = prbench.score(blank, made)
    assert right["psnr"] > 36
    assert right["ssim"] > 0.95
    assert right["phase_rmse"] < 0.03
    assert right["object_phase_rmse"] < 0.03
    assert right["fringe_residual"] < 0.02
    assert wrong["fringe_residual"] > 0.2
    assert wrong["object_phase_rmse"] > 1
    inside = np.abs(made.truth.phase) > 0.1 * np.ptp(made.truth.phase)
    risen = made.truth.phase + np.where(inside, 0.5, 0.0).astype(np.float32)
    scores = prbench.score(dataclasses.replace(made.truth, phase=risen), made)
    assert scores["object_phase_rmse"] == pytest.approx(0.5 * (1 - inside.mean()), rel=1e-3)


def plainly(frame, carrier_bins, radius):
    """One order by the textbook: a disc of the whole spectrum moved to zero by whole bins."""
    spectrum = np.fft.fft2(frame - frame.mean())
    spectrum = np.roll(spectrum, [-at for at in carrier_bins], (0, 1))
    frequencies = np.hypot(np.fft.fftfreq(frame.shape[0])[:, None], np.fft.fftfreq(frame.shape[1])[None, :])
    return np.fft.ifft2(np.where(frequencies < radius, spectrum, 0))


@measured
@pytest.mark.parametrize("fraction", [1 / 3, 1 / 2])
def test_a_measured_cell_agrees_with_the_textbook(fraction):
    """An HL60 cell: carrier near (0.200, 0.120) cycles/px, about 4.9 rad; without its background as well."""
    with np.load(DATA / "hologram_cell.npz", allow_pickle=False) as stored:
        seen, empty = stored["data"].astype(float), stored["bg_data"].astype(float)
    found = solved(Hologram(seen, empty, denser=True), radius=fraction)
    np.testing.assert_allclose(np.abs(found.aux["carrier"]), (0.2009, 0.1202), atol=2e-3)
    assert np.percentile(found.phase, 99.9) == pytest.approx(4.8, abs=0.2)
    bins = [round(f * n) for f, n in zip(found.aux["carrier"], seen.shape, strict=True)]
    radius = math.hypot(*found.aux["carrier"]) * fraction
    expected = unwrap_phase(np.angle(plainly(seen, bins, radius) / plainly(empty, bins, radius)))
    assert np.sqrt(np.mean(without_plane(found.phase - expected)[8:-8, 8:-8] ** 2)) < 0.05
    alone = solved(Hologram(seen, denser=True), radius=fraction)
    assert np.sqrt(np.mean(without_plane(alone.phase - expected)[8:-8, 8:-8] ** 2)) < 0.1


@measured
def test_adherent_cells_stand_on_a_flat_background():
    """A part of the glioblastoma hologram: cells of 2 to 5 rad in a third of it, and no polynomial to see beside them."""
    whole = build_plugin("dataset", "offaxis-real", {"hologram": "glioblastoma"}).problem(0).measurement
    part = dataclasses.replace(whole, interferogram=whole.interferogram[500:1524, 800:1824])
    found = solved(part)
    np.testing.assert_allclose(np.abs(found.aux["carrier"]), (0.326, 0.250), atol=2e-3)
    assert 0.5 < found.aux["free"] < 0.95
    assert abs(np.median(found.phase)) < 0.3
    assert 2 < np.percentile(found.phase, 99) < 5


def ball(height, radius, centre=(127.5, 127.5)):
    rows, columns = (np.arange(256) - at for at in centre)
    return height * np.sqrt(np.clip(1 - (rows[:, None] ** 2 + columns[None, :] ** 2) / radius**2, 0, None))


def seen_of(phase, carrier):
    rows, columns = (f * np.arange(n) for f, n in zip(carrier, phase.shape, strict=True))
    return 100 + 50 * np.cos(2 * math.pi * (rows[:, None] + columns[None, :]) + phase)


CARRIERS = [(0, 0.2), (0.2, 0), (0.16, 0.12), (0.2, 0.2)]


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("centre", [(127.5, 127.5), (120, 135)])
def test_a_ball_over_most_of_the_frame_is_no_aberration(carrier, centre):
    """69 % of the frame; polynomials of higher degrees than the first bend over it when they may fit it."""
    phase = ball(4, math.sqrt(0.69 / math.pi) * 256, centre)
    found = solved(Hologram(seen_of(phase, carrier), denser=True))
    assert error(found.phase, phase) < 0.05
    assert found.aux["degree"] <= 2
    assert error(solved(Hologram(seen_of(phase, carrier), denser=True), degree=4).phase, phase) < 0.1


def test_an_aberration_is_fitted_by_the_degree_that_it_has():
    made = cells(photons=None, kind="spheroid").problem(0, split="tune")
    assert solved(made.measurement).aux["degree"] == 4
    flat = cells(photons=None, kind="spheroid", aberration=0).problem(0, split="tune")
    found = solved(flat.measurement)
    assert found.aux["degree"] == 1
    assert error(found.phase, flat.truth.phase) < 0.01


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("rows", [False, True])
def test_an_unmeasured_band_beside_a_cell_parts_nothing(carrier, rows):
    """30 pixels across the frame, and the fringes between both sides with it."""
    phase, mask = ball(3, 50, (127.5, 120)), np.ones((256, 256), bool)
    mask[:, 190:220] = False
    if rows:
        phase, mask = phase.T, mask.T
    seen = np.where(mask, seen_of(phase, carrier), 0)
    found = solved(Hologram(seen, None, mask, denser=True)).phase
    assert error(found[mask], phase[mask]) < 0.03
    assert error(found, phase) < 0.05


def test_an_order_is_cut_out_as_wide_as_it_stands_out_of_the_noise():
    phase = ball(3, 50)
    seen = seen_of(phase, (0.16, 0.12))
    sharp, noisy = (solved(Hologram(y, denser=True)) for y in (seen, np.random.default_rng(0).poisson(0.1 * seen)))
    assert sharp.aux["radius"] == pytest.approx(0.1, rel=0.05)
    assert noisy.aux["radius"] == pytest.approx(0.2 / 3, rel=0.05)


def test_residues_and_faded_fringes_are_counted_and_said():
    phase, rows = ball(3, 50), np.indices((256, 256))[0]
    seen = seen_of(phase, (0.16, 0.12))
    quiet = solved(Hologram(seen, denser=True))
    assert quiet.aux["residues"] == 0
    assert quiet.aux["faded"] == 0
    assert Hologram(seen).suspicions(quiet) == ()
    faded = Hologram(np.where(rows > 200, 100 + np.random.default_rng(0).normal(0, 1, seen.shape), seen), denser=True)
    found = solved(faded)
    assert found.aux["residues"] > 0
    assert 0.1 < found.aux["faded"] < 0.22
    said = faded.suspicions(found)
    assert len(said) == 2
    assert "residues" in said[0]
    assert "fade" in said[1]
    noise = Hologram(np.random.default_rng(0).poisson(5.0, (64, 64)))
    assert any("fringes" in line for line in noise.suspicions(solved(noise)))
