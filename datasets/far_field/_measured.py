"""What measured far-field data sets share: pixels held out for free R, crops, settings that name a shape."""

from __future__ import annotations

import contextlib
import dataclasses
import re

import numpy as np

from prbench.core import HeldOut, Problem, Rng
from prbench.errors import BadInput, UsageError, one_line
from prbench.physics.free_pixels import free_pixel_islands
from prbench.tasks.far_field import FarField
from prbench.tasks.far_field.object_space import with_ramp

from ..readers.formats import HDF5_SUFFIXES, kind_of, read_array
from ..readers.series import parse_address, read_address

BIN_DOC = "pixels along every axis that are added up to one"
HOLDOUT_DOC = "fraction of measured pixels kept from the solver, in islands, for free R"


def hold_out(problem: Problem, fraction: float, rng: Rng) -> Problem:
    """The problem with a fraction of the measured pixels taken away from the solver and kept aside.

    The measurement is built anew, so that the intensities of the pixels taken away are not in it any more.
    """
    if fraction == 0:
        return problem
    y = problem.measurement
    assert isinstance(y, FarField)
    measured = np.ones(y.shape, dtype=bool) if y.mask is None else np.asarray(y.mask)
    free = free_pixel_islands(measured, fraction, rng)
    return dataclasses.replace(
        problem,
        measurement=dataclasses.replace(y, mask=measured & ~free),
        held_out=HeldOut(mask=free, intensity=y.intensity),
    )


def parse_shape(text: str, where: str) -> tuple[int, ...]:
    """A shape written as ``160x160x128``.

    Raises:
        UsageError: where the text does not have this form.
    """
    if not re.fullmatch(r"[1-9]\d{0,5}(x[1-9]\d{0,5}){1,2}", text):
        raise UsageError(f"{where} must be a shape such as 64x64 or 160x160x128, got {one_line(text, 40)!r}")
    return tuple(int(n) for n in text.split("x"))


def about_peak(intensity: np.ndarray, shape: tuple[int, ...], where: str) -> tuple[slice, ...]:
    """The region of ``shape`` whose index ``n // 2``, where zero frequency stands, is the brightest pixel.

    Raises:
        UsageError: where that region leaves the array.
    """
    peak = np.unravel_index(int(intensity.argmax()), intensity.shape)
    region = tuple(slice(int(p) - n // 2, int(p) - n // 2 + n) for p, n in zip(peak, shape, strict=False))
    fits = len(shape) == intensity.ndim and all(
        s.start >= 0 and s.stop <= n for s, n in zip(region, intensity.shape, strict=True)
    )
    if not fits:
        position = tuple(int(p) for p in peak)
        raise UsageError(f"{where}: crop {shape} about the peak at {position} does not fit into {intensity.shape}")
    return region


def read_support(text: str, shape: tuple[int, ...]) -> np.ndarray:
    """A support from a file: an array that is nonzero inside, or a result's ``/entry_1/image_1/support``.

    Args:
        text: path of the file, with ``::`` and the array inside where it has several.
        shape: of the detector; a smaller array is placed in the middle.

    Returns:
        bool of ``shape``.

    Raises:
        BadInput: where the file has no support that fits.
    """
    address = parse_address(text, "support")
    inside = address.inside
    if inside is None and kind_of(address.paths[0]) in HDF5_SUFFIXES:
        inside = "/entry_1/image_1/support"
    raw = read_address(address, inside)
    data = raw.data.reshape([n for n in raw.data.shape if n != 1])
    if data.dtype.kind not in "biuf" or data.ndim != len(shape) or any(m > n for m, n in zip(data.shape, shape, strict=True)):
        raise BadInput(f"support: {raw.where} holds {data.dtype} of shape {data.shape}, expected at most {shape}")
    if not (data != 0).any():
        raise BadInput(f"support: {raw.where} has no pixel inside")
    return _in_frame(data != 0, shape)


def read_initial(text: str, shape: tuple[int, ...]) -> np.ndarray:
    """An object to begin from: a result's ``/entry_1/image_1/data`` with its ramp of phase, or a complex array of another file.

    Args:
        text: path of the file, with ``::`` and the array inside where it has several.
        shape: of the detector; a smaller array is placed in the middle.

    Returns:
        complex64 of ``shape``.

    Raises:
        BadInput: where the file has no object that fits.
    """
    address = parse_address(text, "initial")
    inside, ramp = address.inside, None
    if inside is None and kind_of(address.paths[0]) in HDF5_SUFFIXES:
        inside = "/entry_1/image_1/data"
        with contextlib.suppress(BadInput):
            ramp = read_array(address.paths[0], "/entry_1/image_1/process_1/phase_ramp").data
    raw = read_address(address, inside)
    data = raw.data.reshape([n for n in raw.data.shape if n != 1])
    if data.dtype.kind not in "fc" or data.ndim != len(shape) or any(m > n for m, n in zip(data.shape, shape, strict=True)):
        raise BadInput(f"initial: {raw.where} holds {data.dtype} of shape {data.shape}, expected an object of at most {shape}")
    if not np.isfinite(data).all() or not data.any():
        raise BadInput(f"initial: {raw.where} is zero or has numbers that are not finite")
    if ramp is not None and ramp.shape == (data.ndim,) and np.isfinite(ramp).all():
        data = with_ramp(data.astype(np.complex64), tuple(float(slope) for slope in ramp))
    return _in_frame(data.astype(np.complex64), shape)


def _in_frame(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """An array of the object in the middle of the detector's frame, as the far field's ``pad`` places it."""
    frame = np.zeros(shape, array.dtype)
    frame[tuple(slice((n - m) // 2, (n - m) // 2 + m) for n, m in zip(shape, array.shape, strict=True))] = array
    return frame
