import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from prbench.backend import get_backend
from prbench.physics.fringes import Band, find_carrier, order_radius

LIBRARIES = ["numpy", "torch"]


def fringes(shape, carrier, phase=0.3, offset=1.0, modulation=0.5):
    row, column = np.indices(shape)
    return offset + modulation * np.cos(2 * math.pi * (carrier[0] * row + carrier[1] * column) + phase)


@settings(max_examples=60, deadline=None)
@given(
    row=st.floats(-0.45, 0.45),
    column=st.floats(0.02, 0.45),
    rows=st.integers(64, 150),
    columns=st.integers(64, 150),
    slope=st.floats(-1, 1),
    seed=st.integers(0, 100),
)
def test_a_carrier_is_found_beside_an_uneven_light_and_noise(row, column, rows, columns, slope, seed):
    assume(math.hypot(row, column) > 0.09)
    light = 1 + slope * np.linspace(-0.5, 0.5, rows)[:, None] + 0.5 * np.exp(-(np.linspace(-1, 1, columns) ** 2))
    noise = 0.1 * np.random.default_rng(seed).standard_normal((rows, columns))
    found = find_carrier(light * fringes((rows, columns), (row, column)) + noise)
    assert abs(found[0] - row) < 0.4 / rows
    assert abs(found[1] - column) < 0.4 / columns


def test_the_order_is_the_one_of_positive_columns_unless_another_is_told():
    seen = fringes((96, 96), (-0.2, -0.1))
    assert find_carrier(seen) == pytest.approx((0.2, 0.1), abs=2e-3)
    assert find_carrier(seen, (-0.3, -0.01)) == pytest.approx((-0.2, -0.1), abs=2e-3)
    across = fringes((96, 96), (-0.2, 0.0))
    assert find_carrier(across) == pytest.approx((0.2, 0.0), abs=2e-3)
    assert find_carrier(across[:, ::-1] + 0.001 * np.arange(96)) == pytest.approx((0.2, 0.0), abs=2e-3)


def test_speckle_about_zero_frequency_is_not_a_carrier():
    rng = np.random.default_rng(0)
    from scipy.ndimage import gaussian_filter

    lobe = 60 * gaussian_filter(rng.standard_normal((200, 180)), 4)
    assert find_carrier(lobe + fringes((200, 180), (0.15, 0.2), modulation=0.3)) == pytest.approx((0.15, 0.2), abs=2e-3)


def test_orders_keep_out_of_one_another_also_beyond_the_sampling():
    assert order_radius((0.3, 0.0), 0.5) == pytest.approx(0.15)
    assert order_radius((0.45, 0.0), 0.5) == pytest.approx(0.05)  # the opposite order is seen at -0.45, 0.1 away


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("carrier", [(0.23, 0.18), (-0.31, 0.04), (0.05, 0.46), (0.2, -0.15)])
@pytest.mark.parametrize("shape", [(64, 60), (63, 65)])
def test_a_band_is_the_wave_of_its_order(library, carrier, shape):
    """Frequencies of the frame, so that nothing leaks; the wave has several within the band and is known at every pixel."""
    backend = get_backend(library, "double")
    bins = [round(f * n) for f, n in zip(carrier, shape, strict=True)]
    row, column = (np.arange(n) / n for n in shape)
    wave = np.zeros(shape, complex)
    for at, (dr, dc) in enumerate([(0, 0), (1, -2), (-2, 1)]):
        wave += (0.5 + at) * np.exp(2j * math.pi * (dr * row[:, None] + dc * column[None, :]) + 1j * at)
    ramp = np.exp(2j * math.pi * (bins[0] * row[:, None] + bins[1] * column[None, :]))
    frame = 4 + 2 * np.real(wave * ramp)
    exact = tuple(b / n for b, n in zip(bins, shape, strict=True))
    band = Band.cut(backend.rfftn(backend.asarray(frame), 2), shape, exact, 0.06, backend)
    assert band.centre == tuple(bins)
    np.testing.assert_allclose(backend.to_numpy(band.everywhere()), wave, atol=1e-10)
    coarse, (down, across) = backend.to_numpy(band.coarse()), band.spacing
    assert coarse.size < wave.size / 4
    for i, j in ((0, 0), (2, 3), (coarse.shape[0] - 1, 1)):
        turns = [(dr * i * down / shape[0] + dc * j * across / shape[1]) for dr, dc in [(0, 0), (1, -2), (-2, 1)]]
        value = sum((0.5 + at) * np.exp(2j * math.pi * turn + 1j * at) for at, turn in enumerate(turns))
        assert coarse[i, j] == pytest.approx(value, abs=1e-10)


def test_the_offset_is_the_band_at_zero():
    backend = get_backend("numpy", "double")
    frame = fringes((64, 64), (0.25, 0.25), offset=2.5)
    band = Band.cut(backend.rfftn(frame, 2), (64, 64), (0.0, 0.0), 0.1, backend)
    np.testing.assert_allclose(band.everywhere(), 2.5, atol=1e-12)


def test_a_tilt_is_what_the_carrier_is_beyond_its_bin():
    backend = get_backend("numpy", "double")
    shape, carrier = (128, 128), (0.2012, 0.1507)
    band = Band.cut(
        backend.rfftn(fringes(shape, carrier) * np.hanning(128)[:, None] * np.hanning(128), 2), shape, carrier, 0.08, backend
    )
    found = [b / n + t for b, n, t in zip(band.centre, shape, band.tilt, strict=True)]
    assert found == pytest.approx(carrier, abs=2e-5)
