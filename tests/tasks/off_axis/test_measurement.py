import dataclasses
import json
import math

import numpy as np
import pytest

from prbench.backend import get_backend
from prbench.core import Reconstruction
from prbench.errors import BadInput, PrbenchError
from prbench.tasks.off_axis import Hologram

SHAPE = (40, 48)
ROW, COLUMN = np.indices(SHAPE)
NUISANCE = {"offset": 3.0, "modulation": 1.5, "aberration": 0.2, "carrier": (0.21, 0.17)}


def fringes(phase, offset=3.0, modulation=1.5, aberration=0.2, carrier=(0.21, 0.17)):
    """As the docstring has it, in double precision."""
    return offset + modulation * np.cos(2 * math.pi * (carrier[0] * ROW + carrier[1] * COLUMN) + aberration + phase)


def hologram(**changes):
    return Hologram(**{"interferogram": fringes(np.zeros(SHAPE)), **changes})


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_fringes_are_those_of_the_formula(library):
    phase = np.exp(-((ROW - 20) ** 2 + (COLUMN - 24) ** 2) / 50.0)
    y = hologram(interferogram=fringes(phase)).to(get_backend(library, "double"))
    aux = {**NUISANCE, "offset": np.full(SHAPE, 3.0)}
    expected = y.forward(Reconstruction(phase=y.backend.asarray(phase), aux=aux))
    np.testing.assert_allclose(y.backend.to_numpy(expected), fringes(phase), atol=1e-12)
    assert y.counters.operators == 1


def test_single_precision_keeps_the_phase_of_fringes_far_from_the_origin():
    side = 2048
    y = Hologram(np.random.default_rng(0).random((side, side)).astype(np.float32))
    wave = y.forward(Reconstruction(phase=np.zeros((side, side), np.float32), aux={**NUISANCE, "carrier": (0.3, 0.4)}))
    last = 3.0 + 1.5 * math.cos(2 * math.pi * (0.7 * (side - 1)) + 0.2)
    assert wave[-1, -1] == pytest.approx(last, abs=1e-5)


def test_the_opposite_order_is_the_same_hologram():
    phase = np.random.default_rng(0).random(SHAPE)
    y = hologram()
    first = y.forward(Reconstruction(phase=phase, aux=NUISANCE))
    second = y.forward(Reconstruction(phase=-phase, aux={**NUISANCE, "aberration": -0.2, "carrier": (-0.21, -0.17)}))
    np.testing.assert_allclose(first, second, atol=1e-5)


def test_optics_must_be_known_for_an_expectation():
    y = hologram()
    aux = {name: value for name, value in NUISANCE.items() if name not in ("offset", "carrier")}
    with pytest.raises(BadInput, match=r"\baux .*\boffset, carrier$"):
        y.forward(Reconstruction(phase=np.zeros(SHAPE), aux=aux))


def test_what_is_not_measured_is_not_looked_at():
    mask = np.ones(SHAPE, bool)
    mask[3:5, 7] = False
    bad = fringes(np.zeros(SHAPE))
    bad[~mask] = np.nan
    y = hologram(interferogram=bad, mask=mask)
    assert np.isfinite(y.interferogram).all()
    with pytest.raises(BadInput, match=r"^interferogram .*\b2 .*\bfinite\b"):
        hologram(interferogram=bad)


def test_integers_become_single_and_doubles_stay():
    assert hologram(interferogram=fringes(np.zeros(SHAPE)).astype(np.uint8)).interferogram.dtype == np.float32
    assert hologram().interferogram.dtype == np.float64


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"interferogram": np.ones(SHAPE)}, r"^interferogram .*\bconstant\b"),
        ({"interferogram": np.ones((2, *SHAPE))}, r"^interferogram .*\(rows, columns\).*\(2, 40, 48\)"),
        ({"interferogram": np.ones(SHAPE, complex)}, r"^interferogram .*\(rows, columns\).*\bcomplex128\b"),
        ({"interferogram": np.random.default_rng(0).random((8, 40))}, r"^interferogram .*\(8, 40\).*\b16 pixels\b"),
        ({"background": np.ones((40, 40))}, r"^background .*\(40, 40\).*\(40, 48\)"),
        ({"mask": np.ones((40, 40))}, r"^mask .*\(40, 40\).*\(40, 48\)"),
        ({"mask": np.zeros(SHAPE)}, r"^mask .*\bpixel"),
        ({"wavelength_m": 0.0}, r"^wavelength_m .*\b0\.0"),
        ({"pixel_m": math.nan}, r"^pixel_m .*\bnan"),
        ({"carrier": (0.7, 0.1)}, r"^carrier .*\b0\.5 cycles/px.*\(0\.7, 0\.1\)"),
        ({"carrier": (0.0, 0.0)}, r"^carrier .*\bzero\b.*\(0\.0, 0\.0\)"),
        ({"wavelength_m": 5e-7, "refractive_contrast": 0.0}, r"^refractive_contrast .*\b0\.0"),
    ],
)
def test_bad_input_is_named(changes, said):
    with pytest.raises(BadInput, match=said):
        hologram(**changes)


def test_a_reconstruction_is_a_real_phase_of_the_frame():
    y = hologram()
    y.check(Reconstruction(phase=np.zeros(SHAPE)))
    for wrong in (None, np.zeros((4, 4)), np.zeros(SHAPE, complex), np.zeros(SHAPE, int)):
        with pytest.raises(PrbenchError, match=rf"\bphase .*\breal\b.*\(40, 48\).*\b{type(wrong).__name__}\b"):
            y.check(Reconstruction(phase=wrong))


def test_a_description_is_plain_and_heights_need_all_that_they_depend_on():
    y = hologram(background=fringes(np.zeros(SHAPE)), wavelength_m=6e-7, carrier=(0.2, 0.1))
    told = json.loads(json.dumps(y.describe()))
    assert told["task"] == "off-axis"
    assert told["carrier"] == [0.2, 0.1]
    assert told["has_background"]
    assert y.metres_per_radian is None
    known = dataclasses.replace(y, pixel_m=1e-7, refractive_contrast=0.03)
    assert known.metres_per_radian == pytest.approx(6e-7 / (2 * math.pi * 0.03))
