"""What a reconstruction is in metres, and without the ramp that a shifted pattern leaves in its phase."""

from __future__ import annotations

import numpy as np

from .measurement import FarField


def voxel_size_m(y: FarField) -> tuple[float | None, ...]:
    """Size of an object's pixel along every axis, in metres: ``wavelength distance / (n pixel)`` with n pixels of the detector.

    Of a 3D pattern the first axis is the rocking curve, whose step is not part of the measurement: None. None as well where the
    geometry is not known.
    """
    if y.wavelength_m is None or y.distance_m is None or y.pixel_m is None:
        return (None,) * y.ndim
    scale = y.wavelength_m * y.distance_m / y.pixel_m
    return (None,) * (y.ndim - 2) + tuple(scale / n for n in y.shape[-2:])


def phase_ramp(x: np.ndarray) -> tuple[float, ...]:
    """The mean slope of an object's phase along every axis, in radians per pixel, weighted by its intensity.

    Zero frequency of the pattern that is off its pixel by d makes a slope of ``2 pi d / n``, which is found exactly.
    """
    slopes = []
    for axis in range(x.ndim):
        ahead, behind = (np.moveaxis(x, axis, 0)[part] for part in (slice(1, None), slice(None, -1)))
        slopes.append(float(np.angle((ahead * behind.conj()).sum())))
    return tuple(slopes)


def with_ramp(x: np.ndarray, ramp: tuple[float, ...]) -> np.ndarray:
    """An object with a slope added to its phase, zero in the middle of the frame."""
    turn = np.zeros((1,) * x.ndim)
    for axis, slope in enumerate(ramp):
        steps = slope * (np.arange(x.shape[axis]) - x.shape[axis] // 2)
        turn = turn + steps.reshape([-1 if a == axis else 1 for a in range(x.ndim)])
    return np.asarray(x * np.exp(1j * turn)).astype(x.dtype)


def without_ramp(x: np.ndarray) -> tuple[np.ndarray, tuple[float, ...]]:
    """An object without the slope of its phase, and the slope: :func:`with_ramp` of both gives the object back."""
    ramp = phase_ramp(x)
    return with_ramp(x, tuple(-slope for slope in ramp)), ramp
