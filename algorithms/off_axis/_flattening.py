"""The phase of an order on a coarse grid: what the optics add to it is taken off before it is unwrapped, and again after."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prbench.physics.aberrations import (
    Polynomials,
    fit_background,
    fit_background_of_some_degree,
    refine_background,
    rim_flatness,
)
from prbench.physics.fringes import Band
from prbench.physics.unwrapping import residues, wrapped
from prbench.tasks.off_axis import Hologram

HIGHEST_DEGREE = 4
"""Of the polynomials that are tried: up to spherical aberration."""

_FADED = 0.1
"""Modulation, over its median in the frame, below which there are no fringes to tell a phase."""

_STILL = 0.95
"""Part of a rim, over that of the frame that the optics were fitted to, from which on they count as unchanged."""

_UNMEASURED = 1e-6
"""Weight of what was not measured."""


@dataclass(frozen=True, eq=False)
class OpticsFit:
    """What the optics add to the phase, as fitted to a frame before its phase was unwrapped.

    Attributes:
        basis: polynomials on the coarse grid.
        coefficients: of the polynomial.
        spread: grain of the background, radians.
        flatness: part of the rim of that frame that the polynomial flattens.
    """

    basis: Polynomials
    coefficients: np.ndarray
    spread: float
    flatness: float

    def holds(self, z: np.ndarray) -> bool:
        """Whether the polynomial flattens the rim of another frame's wave as well; complex (p, q)."""
        return rim_flatness(z, self.basis, self.coefficients, self.spread) >= _STILL * self.flatness


@dataclass(frozen=True, eq=False)
class LevelWave:
    """The wave of an order on a coarse grid, without what the optics add to it; its phase may still have wraps.

    Attributes:
        wave: complex128 (p, q), on the samples that cover the frame; faint where nothing was measured.
        measured: bool (p, q).
        start: first sample that covers the frame, along rows and columns.
        positions: of rows and columns, pixels of the frame.
        spacing: pixels from one sample to the next, along rows and columns.
        order_tilt: mean frequency of the order, cycles/px, along rows and columns.
        per_cycle: a polynomial of first degree for a frequency of a cycle per pixel.
        fit: what the optics were found to add.
    """

    wave: np.ndarray
    measured: np.ndarray
    start: tuple[int, int]
    positions: tuple[np.ndarray, np.ndarray]
    spacing: tuple[float, float]
    order_tilt: tuple[float, float]
    per_cycle: float
    fit: OpticsFit

    @property
    def phase(self) -> np.ndarray:
        """Wrapped, radians, float64 (p, q)."""
        return np.asarray(np.angle(self.wave))


@dataclass(frozen=True, eq=False)
class Flat:
    """What the coarse grid tells.

    Attributes:
        phase: unwrapped, flat, float64 (p, q), on the samples that cover the frame.
        start: first sample that covers the frame, along rows and columns.
        coefficients: of the polynomial that was taken off the wave's phase.
        degree: of that polynomial, in total.
        tilt: cycles/px, along rows and columns, that the polynomial's first degree stands for.
        free: part of the measured frame found to be background.
        residues: pixels around which the wrapped phase does not close, within the measured frame.
        faded: part of the measured frame without fringes.
        fit: what the optics were found to add before the phase was unwrapped.
    """

    phase: np.ndarray
    start: tuple[int, int]
    coefficients: np.ndarray
    degree: int
    tilt: tuple[float, float]
    free: float
    residues: int
    faded: float
    fit: OpticsFit


def without_optics(
    y: Hologram, order: Band, empty: Band | None, rim: int, degree: int | None, known: OpticsFit | None = None
) -> LevelWave | None:
    """The wave on the coarse grid with the polynomial that flattens it taken off.

    Args:
        y: the measurement.
        order: the object's, of the frame continued by ``rim`` pixels.
        empty: the background's, where there is one; a plane is fitted then.
        rim: in pixels.
        degree: of the polynomial, in total; None for what the background supports.
        known: what the optics added to an earlier frame, to be used as it is.

    Returns:
        The wave, or None where the known optics do not flatten this frame.
    """
    to_numpy = y.backend.to_numpy
    start, stop = (
        [rounded((edge + rim) / gap) for edge, gap in zip(edges, order.spacing, strict=True)]
        for rounded, edges in ((math.floor, (0, 0)), (math.ceil, (n - 1 for n in y.shape)))
    )
    part = tuple(slice(first, last + 1) for first, last in zip(start, stop, strict=True))
    z = to_numpy(order.coarse())[part].astype(np.complex128)
    if empty is not None:
        z = z * to_numpy(empty.coarse())[part].conj()
    rows, columns = (np.arange(first, last + 1) * gap - rim for first, last, gap in zip(start, stop, order.spacing, strict=True))
    positions = (rows, columns)
    measured = _measured(y, positions)
    if not measured.all():
        z = z * np.where(measured, 1.0, _UNMEASURED)
    if known is None:
        guess, degree = (order.tilt, degree) if empty is None else ((0.0, 0.0), 1)
        known = _fitted(y, z, positions, guess, degree)
    elif not known.holds(z):
        return None
    level = z * np.exp(-1j * known.basis.sum(known.coefficients))
    return LevelWave(level, measured, (start[0], start[1]), positions, order.spacing, order.tilt, _per_cycle(y), known)


def flattened(level: LevelWave, phase: np.ndarray) -> Flat:
    """The unwrapped phase of a wave, zero on its background, and the polynomial that was taken off in all.

    Args:
        level: the wave.
        phase: its phase (p, q) without wraps, in each measured part right up to whole turns.
    """
    measured, fit = level.measured, level.fit
    phase = _levelled(phase, measured, 3 * fit.spread)
    rest, free = refine_background(phase, np.abs(level.wave), fit.basis, fit.spread)
    first = fit.basis.table(fit.coefficients + rest)
    tilt = (float(first[1, 0]) / level.per_cycle, float(first[0, 1]) / level.per_cycle)
    if any(abs(f) * gap > 0.5 for f, gap in zip(tilt, level.spacing, strict=True)):
        tilt = level.order_tilt  # the polynomial left the band, as it may in a frame of few fringes or none
    closed = measured[1:, 1:] & measured[:-1, 1:] & measured[1:, :-1] & measured[:-1, :-1]
    strength = np.abs(level.wave[measured])
    return Flat(
        phase - fit.basis.sum(rest),
        level.start,
        fit.coefficients + rest,
        fit.basis.degree,
        tilt,
        free=float(free[measured].mean()),
        residues=int((residues(level.phase) & closed).sum()),
        faded=float((strength < _FADED * np.median(strength)).mean()),
        fit=fit,
    )


def polynomials(shape: tuple[int, ...], positions: Sequence[np.ndarray], degree: int) -> Polynomials:
    """On rows and columns at positions in pixels of the frame, which are counted from its middle in halves of its longer side."""
    rows, columns = ((2 * at - (n - 1)) / max(shape) for at, n in zip(positions, shape, strict=True))
    return Polynomials(rows, columns, degree)


def _per_cycle(y: Hologram) -> float:
    """A polynomial of first degree for a frequency of a cycle per pixel."""
    return math.pi * max(y.shape)


def _fitted(
    y: Hologram, z: np.ndarray, positions: Sequence[np.ndarray], tilt: tuple[float, float], degree: int | None
) -> OpticsFit:
    """What the optics add to the phase of a wave."""
    basis = polynomials(y.shape, positions, HIGHEST_DEGREE if degree is None else degree)
    guess = basis.flattened({(1, 0): _per_cycle(y) * tilt[0], (0, 1): _per_cycle(y) * tilt[1]})
    if degree is None:
        basis, coefficients, spread = fit_background_of_some_degree(z, basis, guess)
    else:
        coefficients, spread = fit_background(z, basis, guess)
    return OpticsFit(basis, coefficients, spread, rim_flatness(z, basis, coefficients, spread))


def _measured(y: Hologram, positions: Sequence[np.ndarray]) -> np.ndarray:
    """Bool (p, q), where the coarse grid stands on measured pixels; beyond the frame its edge counts."""
    if y.mask is None:
        return np.ones((len(positions[0]), len(positions[1])), dtype=bool)
    nearest = [np.clip(np.rint(at).astype(np.intp), 0, n - 1) for at, n in zip(positions, y.shape, strict=True)]
    result = y.backend.to_numpy(y.mask)[np.ix_(*nearest)]
    return np.asarray(result) if result.any() else np.ones_like(result)


def _levelled(phase: np.ndarray, measured: np.ndarray, grain: float) -> np.ndarray:
    """The phase minus the whole turns by which the background of each measured part is off zero."""
    from scipy.ndimage import distance_transform_edt, label

    parts, count = label(measured)
    if count > 1 or not measured.all():
        nearest = distance_transform_edt(parts == 0, return_distances=False, return_indices=True)
        parts = parts[tuple(nearest)]
    result = phase.copy()
    for number in range(1, count + 1):
        inside = parts == number
        level = inside & measured & (np.abs(wrapped(phase)) < grain)
        result[inside] -= 2 * math.pi * round(float(np.median(phase[level if level.any() else inside])) / (2 * math.pi))
    return result
