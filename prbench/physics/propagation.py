"""Propagation of a scalar wave through free space, by transfer functions on a grid.

Waves travel as ``exp(i k z)``, which is left out, so that a phase ``phi`` in the plane sends light towards growing ``phi``, by
``z grad(phi) / k`` over a distance z. Goodman, Introduction to Fourier Optics, ch. 3 and 4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from prbench.backend import Array, Backend
from prbench.errors import BadInput

Method = Literal["fresnel", "angular-spectrum"]


def admissible_distance_m(shape: Sequence[int], *, wavelength_m: float, pixel_m: float, method: Method = "fresnel") -> float:
    """The distance up to which the transfer function is sampled: its phase turns by at most pi from one frequency to the next.

    ``N pixel^2 / wavelength`` for Fresnel's, N the shorter side of ``shape``; a little less for the angular spectrum. Beyond it
    light leaves the grid on one side and enters on the other. It grows with the number of pixels: padding helps.

    Raises:
        BadInput: for lengths that are not positive, or, with the angular spectrum, pixels so fine that the grid holds
            evanescent waves (``pixel <= wavelength / sqrt(2)``).
    """
    for name, value in (("wavelength_m", wavelength_m), ("pixel_m", pixel_m)):
        if not (value > 0 and math.isfinite(value)):
            raise BadInput(f"{name} must be positive and finite, got {value}")
    limit = min(shape) * pixel_m**2 / wavelength_m
    if method == "fresnel":
        return limit
    steepest = wavelength_m**2 / (2 * pixel_m**2)  # (wavelength times frequency)^2 in the corner of the spectrum
    if steepest >= 1:
        raise BadInput(
            f"pixel_m must exceed wavelength / sqrt(2) = {wavelength_m / math.sqrt(2):.3g} m for the angular spectrum, "
            f"got {pixel_m:.3g}; a finer grid holds evanescent waves"
        )
    return limit * math.sqrt(1 - steepest)


def transfer_function(
    shape: Sequence[int],
    *,
    wavelength_m: float,
    pixel_m: float,
    distance_m: float,
    backend: Backend,
    method: Method = "fresnel",
) -> Array:
    """What a spectrum, zero frequency first, is multiplied by over a distance; complex of the backend, (H, W), of modulus 1.

    Fresnel's, ``exp(-i pi wavelength z f^2)``, or the angular spectrum's, ``exp(i k z (sqrt(1 - wavelength^2 f^2) - 1))``, which
    tends to it for small angles. Phases are computed in double precision. A negative distance propagates backwards.

    Raises:
        BadInput: for a distance at which the function is not sampled, naming the admissible one; for an unknown method.
    """
    if method not in ("fresnel", "angular-spectrum"):
        raise BadInput(f"method must be fresnel or angular-spectrum, got {method!r}")
    limit = admissible_distance_m(shape, wavelength_m=wavelength_m, pixel_m=pixel_m, method=method)
    if not abs(distance_m) <= limit:
        raise BadInput(
            f"over {distance_m:g} m the {method} transfer function is not sampled: {min(shape)} pixels of {pixel_m:g} m at "
            f"wavelength {wavelength_m:g} m admit {limit:.3g} m; pad the field or use coarser pixels"
        )
    rows, columns = (np.fft.fftfreq(n, pixel_m) for n in shape)
    if method == "fresnel":
        along = [backend.asarray(np.exp(-1j * math.pi * wavelength_m * distance_m * f**2)) for f in (rows, columns)]
        return along[0][:, None] * along[1][None, :]
    sine_squared = wavelength_m**2 * (rows[:, None] ** 2 + columns[None, :] ** 2)
    # sqrt(1 - s) - 1, without the cancellation that loses every digit of X-rays' small angles
    phase = -2 * math.pi / wavelength_m * distance_m * sine_squared / (np.sqrt(1 - sine_squared) + 1)
    return backend.asarray(np.exp(1j * phase))


def propagate(
    field: Array,
    *,
    wavelength_m: float,
    pixel_m: float,
    distance_m: float,
    backend: Backend,
    method: Method = "fresnel",
    pad: int = 0,
) -> Array:
    """The field after ``distance_m`` of free space.

    Args:
        field: real or complex (..., H, W), an array of ``backend``; every leading index is propagated by itself.
        wavelength_m: in the medium.
        pixel_m: spacing of the samples, before and after alike.
        distance_m: negative to propagate backwards.
        backend: where the field is and the transforms are computed.
        method: ``fresnel`` for small angles, ``angular-spectrum`` for any.
        pad: pixels by which the field is continued with its edge values on every side, cut off again at the end. With 0
            the field is taken as periodic, and the propagation is unitary.

    Returns:
        Complex, shape of ``field``.

    Raises:
        BadInput: as :func:`transfer_function`; for a negative ``pad`` or a field of fewer than two dimensions.
    """
    if pad < 0 or len(field.shape) < 2:
        raise BadInput(f"propagate needs a field (..., rows, columns) and pad >= 0, got shape {tuple(field.shape)}, pad {pad}")
    height, width = field.shape[-2:]
    transfer = transfer_function(
        (height + 2 * pad, width + 2 * pad),
        wavelength_m=wavelength_m,
        pixel_m=pixel_m,
        distance_m=distance_m,
        backend=backend,
        method=method,
    )
    spectrum = backend.fftn(backend.xp.astype(_continued(field, pad, backend), backend.complex), 2)
    there = backend.ifftn(spectrum * transfer, 2)
    return there[..., pad : pad + height, pad : pad + width] if pad else there


def _continued(field: Array, pad: int, backend: Backend) -> Any:
    if not pad:
        return field
    xp = backend.xp
    for axis in (-2, -1):
        nearest = np.clip(np.arange(-pad, field.shape[axis] + pad), 0, field.shape[axis] - 1)
        field = xp.take(field, backend.asarray(nearest), axis=len(field.shape) + axis)
    return field
