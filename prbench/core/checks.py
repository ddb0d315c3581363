"""What measurements refuse, said once: shapes, masks, numbers that are not finite, and light given twice or not at all."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from prbench.errors import BadInput, PrbenchError
from prbench.physics.materials import PLANCK_TIMES_C_EV_M

NOT_GIVEN: Any = None
"""Default of a number that a measurement computes from another one where it is left out."""

_SAME_LIGHT = 1e-4
"""Relative difference up to which a wavelength and an energy mean the same light, as files that round both state them."""


def real_array(name: str, array: Any, ndim: tuple[int, ...], axes: str) -> np.ndarray:
    """An array of real numbers as float64 where it is that, as float32 otherwise.

    Args:
        name: of the array, for messages.
        array: what was given.
        ndim: the numbers of axes that it may have.
        axes: what it should have been, such as ``array (rows, columns)``.

    Raises:
        BadInput: for another number of axes, complex or other numbers, and no numbers at all.
    """
    result = np.asarray(array)
    if result.ndim not in ndim or result.dtype.kind not in "fiub" or not result.size:
        empty = "" if result.size else "; there is nothing to reconstruct"
        raise BadInput(f"{name} must be a real {axes}, got {result.dtype} of shape {result.shape}{empty}")
    return result if result.dtype == np.float64 else result.astype(np.float32)


def same_shape(name: str, array: Any, shape: tuple[int, ...], of: str) -> np.ndarray:
    """An array that must have the shape of another one.

    Raises:
        BadInput: where it has not; ``of`` says whose shape was expected, such as ``the intensity``.
    """
    result = np.asarray(array)
    if result.shape != shape:
        raise BadInput(f"{name} has shape {result.shape}, {of} {shape}; they must be equal")
    return result


def mask_of(mask: Any, shape: tuple[int, ...], of: str) -> np.ndarray:
    """A mask, bool, True where measured.

    Raises:
        BadInput: for another shape, and a mask that leaves nothing.
    """
    result = same_shape("mask", mask, shape, of).astype(bool)
    if not result.any():
        raise BadInput("mask leaves no measured pixel")
    return result


def refuse(name: str, bad: np.ndarray, fault: str, *, what: str = "pixels", remedy: str = "mask them") -> None:
    """Refuse an array some of whose measured values are unusable.

    Args:
        name: of the array.
        bad: bool, True where a value is unusable.
        fault: what is wrong with them, such as ``not finite``.
        what: what the values are called.
        remedy: what to do.

    Raises:
        BadInput: where any is.
    """
    count = int(bad.sum())
    if count:
        raise BadInput(f"{name} has {count} measured {what} that are {fault}; {remedy}")


def refuse_intensities(
    intensity: np.ndarray,
    *,
    aim: str = "reconstruct",
    what: str = "pixels",
    remedy: str = "mask them",
    where: str = "wherever it was measured",
) -> None:
    """Refuse intensities that are negative, not finite, or zero all over.

    Raises:
        BadInput: naming how many.
    """
    refuse("intensity", ~np.isfinite(intensity) | (intensity < 0), "negative or not finite", what=what, remedy=remedy)
    if not intensity.any():
        raise BadInput(f"intensity is zero {where}; there is nothing to {aim}")


def positive(**numbers: float | None) -> None:
    """Refuse numbers that are not positive and finite; None stands for one that is not known.

    Raises:
        BadInput: naming the first.
    """
    for name, value in numbers.items():
        if value is not None and not (math.isfinite(value) and value > 0):
            raise BadInput(f"{name} must be positive and finite, got {value}")


def light(wavelength_m: float | None, energy_ev: float | None) -> tuple[float | None, float | None]:
    """Wavelength and photon energy from either of them; both None where neither is known.

    Args:
        wavelength_m: in vacuum.
        energy_ev: photon energy.

    Raises:
        BadInput: for numbers that are not positive and finite, and for two that mean different light.
    """
    positive(wavelength_m=wavelength_m, energy_ev=energy_ev)
    if wavelength_m is None:
        return (None, None) if energy_ev is None else (PLANCK_TIMES_C_EV_M / energy_ev, energy_ev)
    if energy_ev is None:
        return wavelength_m, PLANCK_TIMES_C_EV_M / wavelength_m
    if not math.isclose(wavelength_m * energy_ev, PLANCK_TIMES_C_EV_M, rel_tol=_SAME_LIGHT):
        meant = PLANCK_TIMES_C_EV_M / wavelength_m
        raise BadInput(f"wavelength_m {wavelength_m:g} is light of {meant:g} eV, energy_ev says {energy_ev:g}; give one")
    return wavelength_m, energy_ev


def known_light(wavelength_m: float | None, energy_ev: float | None) -> tuple[float, float]:
    """As :func:`light`, where one of the two must be known.

    Raises:
        BadInput: as :func:`light`, and where neither is given.
    """
    wavelength, energy = light(wavelength_m, energy_ev)
    if wavelength is None or energy is None:
        raise BadInput("give wavelength_m or energy_ev; what a phase does depends on it")
    return wavelength, energy


def answer_array(reconstruction: object, name: str, shape: tuple[int, ...], kind: str, solver: str) -> None:
    """Refuse a reconstruction whose array ``name`` is not of a shape and kind (``f`` real, ``c`` complex).

    Args:
        reconstruction: what a solver returned.
        name: of the array.
        shape: expected.
        kind: of dtype, expected.
        solver: whose answer it is, such as ``a far-field solver``.

    Raises:
        PrbenchError: saying what was expected and what was got.
    """
    array = getattr(reconstruction, name, None)
    result, has = getattr(array, "shape", None), getattr(getattr(array, "dtype", None), "kind", "?")
    if result != shape or has != kind:
        wanted = {"f": "real", "c": "complex"}[kind]
        got = f"{type(array).__name__} of shape {result} and kind {has!r}"
        raise PrbenchError(f"{solver} must return {name} as a {wanted} array of shape {shape}, got {got}")
