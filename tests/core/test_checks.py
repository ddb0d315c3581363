import math
import re

import numpy as np
import pytest

import prbench
from prbench.core.checks import known_light, light, mask_of, positive, real_array, refuse_intensities
from prbench.errors import BadInput
from prbench.physics.materials import PLANCK_TIMES_C_EV_M

STACK = np.ones((1, 8, 8)) + np.arange(64).reshape(1, 8, 8)
FRAME = np.ones((32, 32)) + np.arange(32)
LIT = {
    "FarField": lambda **of: prbench.FarField(FRAME, **of),
    "NearField": lambda **of: prbench.NearField(FRAME, pixel_m=1e-6, distance_m=0.0, **of),
    "Hologram": lambda **of: prbench.Hologram(FRAME, **of),
    "SpeckleStack": lambda **of: prbench.SpeckleStack(STACK, STACK, pixel_m=1e-6, distance_m=1.0, **of),
}
"""Measurements whose light may be stated, by the class."""


@pytest.mark.parametrize("name", LIT)
def test_light_is_stated_by_its_wavelength_or_its_energy(name):
    by_energy, by_wavelength = LIT[name](energy_ev=25e3), LIT[name](wavelength_m=PLANCK_TIMES_C_EV_M / 25e3)
    assert by_energy.energy_ev == 25e3
    assert by_energy.wavelength_m == by_wavelength.wavelength_m == PLANCK_TIMES_C_EV_M / 25e3
    assert by_wavelength.energy_ev == pytest.approx(25e3, rel=1e-12)
    both = LIT[name](energy_ev=25e3, wavelength_m=4.9594e-11)  # as files round it
    assert (both.energy_ev, both.wavelength_m) == (25e3, 4.9594e-11)


@pytest.mark.parametrize("name", LIT)
@pytest.mark.parametrize("of", [{"energy_ev": 25e3, "wavelength_m": 1e-10}, {"energy_ev": -1.0}, {"wavelength_m": math.inf}])
def test_light_that_is_none_is_refused(name, of):
    with pytest.raises(BadInput, match=r"energy_ev|wavelength_m"):
        LIT[name](**of)


@pytest.mark.parametrize("name", ["NearField", "SpeckleStack"])
def test_light_that_the_physics_needs_must_be_stated(name):
    with pytest.raises(BadInput, match=r"\bwavelength_m\b.*\benergy_ev\b"):
        LIT[name]()
    with pytest.raises(BadInput, match=r"\bwavelength_m\b.*\benergy_ev\b"):
        known_light(None, None)
    assert light(None, None) == (None, None)


def test_arrays_keep_double_precision_and_become_single_otherwise():
    assert real_array("x", np.zeros((2, 2)), (2,), "array").dtype == np.float64
    assert real_array("x", np.zeros((2, 2), np.uint16), (2,), "array").dtype == np.float32
    for wrong in (np.zeros(3), np.zeros((2, 2), complex), np.zeros((0, 2))):
        with pytest.raises(BadInput, match=rf"^x .*array.*{wrong.dtype}.*{re.escape(str(wrong.shape))}"):
            real_array("x", wrong, (2,), "array")


def test_masks_and_intensities_and_numbers_that_cannot_be_are_refused():
    with pytest.raises(BadInput, match=r"^mask .*\(2,\).*image.*\(3,\)"):
        mask_of(np.ones(2), (3,), "the image")
    with pytest.raises(BadInput, match=r"^mask (?!.*shape)"):
        mask_of(np.zeros(3), (3,), "the image")
    with pytest.raises(BadInput, match=r"\b2 .*pixels"):
        refuse_intensities(np.array([-1.0, np.nan, 1.0]))
    with pytest.raises(BadInput, match="zero"):
        refuse_intensities(np.zeros(3))
    with pytest.raises(BadInput, match=r"^gain .*\b0\.0"):
        positive(pixel_m=1.0, delta_beta=None, gain=0.0)
