"""The colours of phase: cyclic, uniform to the eye, inside what a screen shows, and told apart without red-green vision."""

import numpy as np
import pytest

from prbench.reporting.phase_colours import oklab, phase_colours

TURN = np.linspace(0, 2 * np.pi, 360, endpoint=False)
DEUTERANOPE = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])
"""What linear RGB looks like without green cones (Machado et al., IEEE Trans. Vis. Comput. Graph. 15 (2009) 1291)."""
FROM_RGB = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
FROM_CONES = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def linear(colours):
    return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)


def seen(rgb):
    """OKLab of linear RGB, by the published inverse matrices."""
    return np.cbrt(np.clip(rgb, 0, None) @ FROM_RGB.T) @ FROM_CONES.T


def test_equal_steps_of_phase_are_equal_steps_of_colour():
    colours = phase_colours(TURN)
    assert colours.min() > 0
    assert colours.max() < 1
    lab = seen(linear(colours))
    np.testing.assert_allclose(lab, oklab(TURN), atol=1e-3)
    steps = np.linalg.norm(np.diff(lab, axis=0, append=lab[:1]), axis=1)
    assert steps.max() / steps.min() < 1.01


def test_opposite_phases_differ_without_red_green_vision():
    lab = seen(np.clip(linear(phase_colours(TURN)) @ DEUTERANOPE.T, 0, 1))
    apart = np.linalg.norm(lab - np.roll(lab, 180, axis=0), axis=1)
    assert apart.min() > 0.7 * 2 * 0.12
    quarter = np.linalg.norm(lab - np.roll(lab, 90, axis=0), axis=1)
    assert quarter.min() > 0.1


def test_magnitude_scales_towards_black():
    assert phase_colours(np.array(1.0), np.array(0.0)) == pytest.approx(0, abs=1e-6)
    lightness = [seen(linear(phase_colours(np.array(1.0), np.array(b))))[0] for b in (0.2, 0.5, 1.0)]
    assert lightness == pytest.approx([0.2 * lightness[2], 0.5 * lightness[2], lightness[2]], rel=0.02)
