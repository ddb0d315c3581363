"""Where zero frequency is, and which frame about it is kept."""

from __future__ import annotations

import re

import numpy as np

from prbench.errors import BadInput, UsageError, one_line

Region = tuple[slice, ...]


def parse_crop(text: str | None, shape: tuple[int, ...]) -> tuple[Region | None, tuple[int, ...] | None]:
    """A crop as a region of the array (``100:400x0:512``) or as a shape about zero frequency (``300x300``).

    Args:
        text: the setting; None crops nothing.
        shape: of the array.

    Raises:
        UsageError: where the text has neither form, has another number of axes, or leaves the array.
    """
    if text is None:
        return None, None
    if re.fullmatch(r"[1-9]\d{0,5}(x[1-9]\d{0,5}){1,2}", text):
        sizes = tuple(int(n) for n in text.split("x"))
        if len(sizes) != len(shape) or any(n > most for n, most in zip(sizes, shape, strict=True)):
            raise UsageError(f"crop: {text} does not fit into an array of shape {shape}")
        return None, sizes
    if re.fullmatch(r"\d{0,6}:\d{0,6}(x\d{0,6}:\d{0,6}){1,2}", text):
        parts = [part.split(":") for part in text.split("x")]
        ends = [(int(a or 0), int(b) if b else n) for (a, b), n in zip(parts, shape, strict=False)]
        if len(parts) == len(shape) and all(0 <= a < b <= n for (a, b), n in zip(ends, shape, strict=True)):
            return tuple(slice(a, b) for a, b in ends), None
        raise UsageError(f"crop: {text} is no region of an array of shape {shape}")
    forms = "a shape about zero frequency such as 160x160, or a region such as 100:400x0:512"
    raise UsageError(f"crop must be {forms}, got {one_line(text, 40)!r}")


def middle_of(
    counts: np.ndarray, measured: np.ndarray | None, requested: str | None, stated: tuple[float, ...] | None
) -> tuple[int, ...] | None:
    """The pixel of zero frequency, or None where it is at ``n // 2``.

    Args:
        counts: the pattern, zero where unmeasured.
        measured: bool, or None for all.
        requested: ``peak``, ``com``, or one index per axis in the array's order, such as ``255.5,260``; None asks for nothing.
        stated: the indices along the last axes that the file states, or None.

    Raises:
        UsageError: where ``requested`` has none of these forms or lies outside.
        BadInput: where what the file says lies outside.
    """
    shape = counts.shape
    if requested is None:
        if stated is None:
            return None
        full_shape = (*(n // 2 for n in shape[: len(shape) - len(stated)]), *stated[-len(shape) :])
        return _inside(full_shape, shape, BadInput, "the file's image_center")
    if requested in ("peak", "com"):
        seen = counts if measured is None else np.where(measured, counts, np.float32(0))
        if not (seen > 0).any():
            raise BadInput(f"center={requested}: no measured pixel is above zero")
        if requested == "peak":
            return tuple(int(i) for i in np.unravel_index(int(seen.argmax()), shape))
        total = float(seen.sum(dtype=np.float64))
        return tuple(_mean_index(seen, axis, total) for axis in range(seen.ndim))
    try:
        indices = tuple(float(part) for part in requested.split(","))
    except ValueError:
        indices = ()
    if len(indices) != len(shape):
        example = ",".join(str(n // 2) for n in shape)
        got = one_line(requested, 40)
        raise UsageError(f"center must be peak, com, or {len(shape)} indices such as '{example}', got {got!r}")
    return _inside(indices, shape, UsageError, "center")


def _mean_index(counts: np.ndarray, axis: int, total: float) -> int:
    profile = counts.sum(axis=tuple(a for a in range(counts.ndim) if a != axis), dtype=np.float64)
    return round(float((profile * np.arange(len(profile))).sum()) / total)


def _inside(indices: tuple[float, ...], shape: tuple[int, ...], error: type[UsageError], what: str) -> tuple[int, ...]:
    if not all(np.isfinite(i) and 0 <= round(i) < n for i, n in zip(indices, shape, strict=True)):
        raise error(
            f"{what}: {', '.join(f'{i:g}' for i in indices)} is outside of an array of shape {shape}; center=peak finds it"
        )
    return tuple(round(i) for i in indices)


def centred(
    counts: np.ndarray, measured: np.ndarray | None, centre: tuple[int, ...] | None, shape: tuple[int, ...] | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """The frame of ``shape`` whose index ``n // 2`` is the pixel ``centre``; what the detector did not reach is unmeasured.

    Args:
        counts: the pattern.
        measured: bool, or None for all.
        centre: None stands for ``n // 2``.
        shape: of the frame; the pattern's own where None.
    """
    full_shape = counts.shape
    shape = shape or full_shape
    centre = centre or tuple(n // 2 for n in full_shape)
    if shape == full_shape and centre == tuple(n // 2 for n in full_shape):
        return counts, measured
    starts = [c - n // 2 for c, n in zip(centre, shape, strict=True)]
    source = tuple(slice(max(0, s), min(n, s + m)) for s, m, n in zip(starts, shape, full_shape, strict=True))
    target = tuple(slice(part.start - s, part.stop - s) for part, s in zip(source, starts, strict=True))
    frame = np.zeros(shape, counts.dtype)
    frame[target] = counts[source]
    if measured is None and all(part.stop - part.start == n for part, n in zip(target, shape, strict=True)):
        return frame, None
    seen = np.zeros(shape, dtype=bool)
    seen[target] = True if measured is None else measured[source]
    return frame, seen
