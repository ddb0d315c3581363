"""What is done to counts before they are a diffraction pattern: dark, flat, background, saturation, hot pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from prbench.errors import BadInput, UsageError, one_line

from .series import parse_address, read_address

_COUNTERS = (2**16 - 1, 2**20 - 1, 2**24 - 1, 2**31 - 1, 2**32 - 2, 2**32 - 1, 2**32, 2**63, 2**64)
"""The ends of detectors' counters, as they look in wider types; float32 rounds 2^32 - 1 and the like up."""
_CERTAIN = 2**31 - 1
"""From this value on one pixel at the end of a counter is enough: no pixel counts as many photons."""


@dataclass(frozen=True)
class Corrections:
    """Corrections of counts.

    Attributes:
        dark: a file that is subtracted; a stack or a series is averaged.
        flat: a file that counts are divided by, scaled to mean 1; zero means unmeasured.
        background: a number per pixel, or a file, that is subtracted.
        saturated: counts from which on a pixel is unmeasured: a number, or ``max``, the largest of the file's type. ``inf``
            takes every value as it is; None leaves out nothing, and refuses the largest number of the type.
        hot: a pixel above this many times all but one of its neighbours in its frame is unmeasured.
    """

    dark: str | None = None
    flat: str | None = None
    background: str | None = None
    saturated: str | None = None
    hot: float | None = None


NO_CORRECTIONS = Corrections()


def unusable(data: np.ndarray, saturated: str | None) -> tuple[np.ndarray, np.ndarray, str]:
    """Pixels that are saturated by the user's word, those that hold no count at all, and what is wrong with these in words.

    Args:
        data: as stored.
        saturated: see :class:`Corrections`.

    Raises:
        UsageError: where ``saturated`` is no number.
    """
    full, limit = np.zeros(data.shape, dtype=bool), _limit(data, saturated)
    if limit is not None and math.isfinite(limit):
        full = data >= limit
    if data.dtype.kind in "bu":
        wrong = np.zeros(data.shape, dtype=bool)
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            wrong = ~(np.isfinite(data.astype(np.float32)) & (data >= 0))
    said = ["negative or not finite"] if wrong.any() else []
    if limit is None:
        ends = sentinels(data, wrong)
        if ends:
            at_end = np.isin(data, np.asarray(ends, data.dtype))
            wrong = wrong | at_end
            values = " or ".join(f"{end:.0f}" for end in ends)
            said.append(
                f"at the end of a counter ({values} in {data.dtype}: a gap or saturation; saturated=inf takes it as a count)"
            )
    return full, wrong & ~full, " or ".join(said)


def _limit(data: np.ndarray, saturated: str | None) -> float | None:
    if saturated is None:
        return None
    if saturated == "max":
        return float(np.iinfo(data.dtype).max) if data.dtype.kind in "iu" else float(np.nanmax(data))
    try:
        limit = float(saturated)
    except ValueError:
        limit = math.nan
    if not limit > 0:
        raise UsageError(f"saturated must be a number above 0, inf or max, got {one_line(saturated, 40)!r}")
    return limit


def sentinels(data: np.ndarray, wrong: np.ndarray | None = None) -> list[float]:
    """The values by which detectors mark gaps, dead and saturated pixels that an array holds.

    They are the largest number of an integer type and, where that has 16 bits or more and no sign, the one below it; and the end
    of a counter of fewer bits (16, 20, 24, 31, 32) where it is the array's largest value, in several pixels, since a plain count
    may be equal to it.

    Args:
        data: as stored.
        wrong: pixels that are known to hold no count.
    """
    if data.dtype.kind == "b" or data.size == 0:
        return []
    usable = data if wrong is None or not wrong.any() else data[~wrong]
    if not usable.size:
        return []
    largest = usable.max()
    ends: list[float] = []
    if data.dtype.kind in "iu":
        info = np.iinfo(data.dtype)
        saturated = [info.max] if data.dtype.kind == "i" or info.bits < 16 else [info.max, info.max - 1]
        ends = [end for end in saturated if largest >= end and bool((usable == end).any())]
    if not ends and data.dtype.itemsize > 2:
        for end in _COUNTERS:
            if float(largest) == float(end):
                enough = 1 if end >= _CERTAIN else 2
                ends = [end] if int((usable == largest).sum()) >= enough else []
    return ends


def corrected(
    counts: np.ndarray, measured: np.ndarray | None, how: Corrections, where: str
) -> tuple[np.ndarray, np.ndarray | None]:
    """Counts with dark and background subtracted and divided by the flat, at least zero; hot pixels are unmeasured.

    Args:
        counts: float32, a frame or a stack of frames.
        measured: bool of the same shape, or None for all.
        how: which corrections.
        where: the pattern's file, for messages.

    Raises:
        BadInput: where a frame does not fit, or no pixel is left.
    """
    if how.dark is not None:
        counts = counts - _frame(how.dark, "dark", counts.shape)
    if how.flat is not None:
        flat = _frame(how.flat, "flat", counts.shape)
        lit = np.broadcast_to(flat > 0, counts.shape)
        if not lit.any():
            raise BadInput(f"flat: no pixel of {one_line(how.flat, 80)} is above zero")
        counts = np.where(lit, counts / np.where(flat > 0, flat / flat[flat > 0].mean(dtype=np.float64), 1), 0)
        measured = lit.copy() if measured is None else measured & lit
    if how.background is not None:
        counts = counts - _level(how.background, counts.shape)
    if how.hot is not None:
        hot = hot_pixels(counts, how.hot)
        if hot.any():
            measured = ~hot if measured is None else measured & ~hot
    counts = np.maximum(counts.astype(np.float32), np.float32(0))
    if measured is not None:
        counts = np.where(measured, counts, np.float32(0))
        if not measured.any():
            raise BadInput(f"{where}: no pixel is left after the corrections")
    return counts, measured


def _level(text: str, shape: tuple[int, ...]) -> np.ndarray:
    try:
        level = float(text)
    except ValueError:
        return _frame(text, "background", shape)
    if not math.isfinite(level):
        raise UsageError(f"background must be a number or a file, got {one_line(text, 40)!r}")
    return np.asarray(level, np.float32)


def _frame(text: str, what: str, shape: tuple[int, ...]) -> np.ndarray:
    """A frame for every frame of the pattern, averaged over a stack or a series, or an array of the pattern's own shape."""
    raw = read_address(parse_address(text, what))
    data = raw.data.reshape([n for n in raw.data.shape if n != 1])
    if data.dtype.kind not in "biuf":
        raise BadInput(f"{what}: {raw.where} holds {data.dtype}, expected real numbers")
    data = data.astype(np.float32)
    if data.shape != shape and data.ndim == 3:
        data = data.mean(axis=0, dtype=np.float64).astype(np.float32)
    if data.shape not in (shape, shape[-2:]):
        raise BadInput(f"{what}: {raw.where} has shape {data.shape}, the frames {shape[-2:]}; they must be equal")
    return np.where(np.isfinite(data), data, np.float32(0))


def hot_pixels(counts: np.ndarray, factor: float) -> np.ndarray:
    """Pixels above ``factor`` times all but one of their eight neighbours, and above as many times the smallest count."""
    from scipy.ndimage import rank_filter

    positive = counts[counts > 0]
    if not positive.size:
        return np.zeros(counts.shape, dtype=bool)
    around = np.ones((1,) * (counts.ndim - 2) + (3, 3), dtype=bool)
    around[(0,) * (counts.ndim - 2) + (1, 1)] = False
    second = rank_filter(counts, rank=-2, footprint=around, mode="mirror")
    return np.asarray(counts > factor * np.maximum(second, float(positive.min())))
