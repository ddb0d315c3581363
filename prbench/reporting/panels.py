"""Reconstructions of one problem as images on shared scales: what is compared can be laid side by side and blinked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

import numpy as np

from prbench.core import Map, Problem, Reconstruction, find_task
from prbench.metrics.regions import judged_region
from prbench.metrics.symmetry import align, symmetries_of

from .maps import drawn_map, map_of
from .pictures import best_cut, domain_colours

Array = Any

LARGEST_SIDE = 224
"""Pixels; larger images are averaged in blocks."""
_VISIBLE = 0.05
_ALIGNED_ELEMENTS = 1 << 21
"""Objects of more elements are shown without truth as they came: aligning them takes seconds each."""

_KEPT = 0.995
"""Part of the pixels that the colours of an error span, so that a few outliers do not hide the rest."""


@dataclass(frozen=True, eq=False)
class Plane:
    """One image: RGB, uint8 (H, W, 3), or uint8 indices (H, W) into a colour map of matplotlib's."""

    pixels: np.ndarray
    colours: str = ""

    def rgb(self) -> np.ndarray:
        """uint8 (H, W, 3)."""
        return _palette(self.colours)[self.pixels] if self.colours else self.pixels

    def png(self) -> bytes:
        """The image as PNG, without metadata."""
        from PIL import Image

        image = Image.fromarray(self.pixels)
        if self.colours:
            image.putpalette(_palette(self.colours).tobytes())
        file = BytesIO()
        image.save(file, "PNG", optimize=True)
        return file.getvalue()


@dataclass(frozen=True, eq=False)
class View:
    """One quantity of one problem: the truth where known, and every reconstruction, on one scale.

    Attributes:
        name: what is shown, such as ``object`` or ``displacement, rows``.
        kind: ``complex`` (colour is phase, brightness magnitude) or ``map`` (a colour map from ``low`` to ``high``).
        colours: the colour map, empty for complex images.
        unit: of a map.
        low, high: the scale of a map; of a complex image 0 and the magnitude of full brightness.
        error_colours, error_low, error_high: the same of the errors; of complex images a magnitude over ``high``.
        truth: the true image, or a published one, or None.
        estimate: one image a reconstruction, None where it lacks the quantity.
        errors: the difference to the truth, likewise.
        plane: which slice of a 3D object is shown, or empty.
    """

    name: str
    kind: Literal["complex", "map"]
    colours: str
    unit: str
    low: float
    high: float
    error_colours: str
    error_low: float
    error_high: float
    truth: Plane | None
    estimate: list[Plane | None]
    errors: list[Plane | None]
    plane: str = ""
    step: float = 1.0
    """Pixels of the quantity per pixel of the images."""


def views(problem: Problem, estimate: Sequence[Reconstruction]) -> list[View]:
    """Every quantity that any of the reconstructions has, in the order of its task's maps.

    Args:
        problem: what they are reconstructions of.
        estimate: arrays on the host.
    """
    made = [_complex(problem, estimate)] if any(one.object is not None for one in estimate) else []
    region = judged_region(problem)
    for kind in find_task(problem.measurement.task).maps:
        arrays = [map_of(kind, one, region) for one in estimate]
        if any(array is not None for array in arrays):
            published = drawn_map(kind, problem.reference.get(kind.field), region)
            reference = map_of(kind, problem.truth, region) if problem.truth else published
            made.append(_map(kind, reference, arrays, region))
    return made


def _complex(problem: Problem, estimate: Sequence[Reconstruction]) -> View:
    symmetries = symmetries_of(problem.measurement)
    objects = [None if one.object is None else np.asarray(one.object) for one in estimate]
    true = None if problem.truth is None or problem.truth.object is None else np.asarray(problem.truth.object)
    first = next(x for x in objects if x is not None) if true is None else true
    if true is not None or first.size <= _ALIGNED_ELEMENTS:
        objects = [None if x is None else x if x is first else align(first, x, symmetries) for x in objects]
    cut = best_cut(first)
    planes = [None if x is None else cut(x) for x in objects]
    base = cut(first)
    window = _window(np.max([np.abs(x) / (np.abs(x).max() or 1.0) for x in [base, *planes] if x is not None], axis=0))
    base, planes = base[window], [None if x is None else x[window] for x in planes]
    top = float(np.abs(base).max()) if true is not None else _white(np.abs(base))
    top = top or 1.0
    errors = [None if x is None or true is None else np.abs(x - base) / top for x in planes]
    high = max((float(np.quantile(e, 0.999)) for e in errors if e is not None), default=0.0)
    high = max(min(high, 1.0), 0.01)
    return View(
        name="object",
        kind="complex",
        colours="",
        unit="",
        low=0.0,
        high=top,
        error_colours="inferno",
        error_low=0.0,
        error_high=high,
        truth=None if true is None else _coloured(base, top),
        estimate=[None if x is None else _coloured(x, top if true is not None else _white(np.abs(x))) for x in planes],
        errors=[None if e is None else _indexed(e, 0.0, high, "inferno") for e in errors],
        plane=str(cut),
        step=_step(base),
    )


def _map(kind: Map, reference: Array | None, arrays: Sequence[Array | None], region: Array) -> View:
    base = reference if reference is not None else next(a for a in arrays if a is not None)
    inside = region if region.shape == base.shape and region.any() else np.ones(base.shape, bool)
    ranging = base if np.ptp(base[inside]) > 0 else next((a for a in arrays if a is not None and a.shape == base.shape), base)
    low, high = (float(end) for end in np.quantile(ranging[inside], [1 - _KEPT, _KEPT]))  # a constant truth has no range
    if kind.signed:
        high = max(abs(low), abs(high))
        low = -high
    if high <= low:
        low, high = low - 0.5, high + 0.5
    errors = [
        None if a is None or reference is None or a.shape != reference.shape else np.where(inside, a - reference, 0.0)
        for a in arrays
    ]
    worst = max((float(np.quantile(np.abs(e[inside]), _KEPT)) for e in errors if e is not None), default=0.0)
    worst = max(min(worst, high - low), 0.01 * (high - low))
    return View(
        name=kind.label,
        kind="map",
        colours=kind.colours,
        unit=kind.unit,
        low=low,
        high=high,
        error_colours="PuOr",
        error_low=-worst,
        error_high=worst,
        truth=None if reference is None else _indexed(reference, low, high, kind.colours),
        estimate=[None if a is None else _indexed(a, low, high, kind.colours) for a in arrays],
        errors=[None if e is None else _indexed(e, -worst, worst, "PuOr") for e in errors],
        step=_step(base),
    )


def _white(magnitude: Array) -> float:
    """The magnitude of full brightness: a few outliers above it do not darken the rest."""
    visible = magnitude[magnitude > _VISIBLE * magnitude.max()]
    return float(np.quantile(visible, 0.998)) if visible.size else 1.0


def _window(magnitude: Array) -> tuple[slice, slice]:
    """A square part of the image that holds all that is visible, with a margin."""
    where = np.nonzero(magnitude > _VISIBLE)
    if not where[0].size:
        return slice(None), slice(None)
    spans = [(int(w.min()), int(w.max()) + 1) for w in where]
    side = round(1.16 * max(stop - start for start, stop in spans)) + 2
    cuts = []
    for (start, stop), n in zip(spans, magnitude.shape, strict=True):
        begin = min(max(0, (start + stop - side) // 2), max(0, n - side))
        cuts.append(slice(begin, min(n, begin + side)))
    return cuts[0], cuts[1]


def _coloured(x: Array, top: float) -> Plane:
    return Plane(_bytes(_smaller(domain_colours(x, top))))


def _indexed(values: Array, low: float, high: float, colours: str) -> Plane:
    return Plane(_bytes(_smaller(np.clip((values - low) / (high - low), 0.0, 1.0))), colours)


def _bytes(values: Array) -> np.ndarray:
    return np.asarray(np.round(255 * values), dtype=np.uint8)


def _step(values: Array) -> int:
    """The side of the blocks that :func:`_smaller` averages."""
    return int(-(-max(values.shape[:2]) // LARGEST_SIDE))


def _smaller(values: Array) -> Array:
    """Means of blocks, so that no side is longer than :data:`LARGEST_SIDE`."""
    step = _step(values)
    if step == 1:
        return values
    h, w = (n // step * step for n in values.shape[:2])
    return values[:h, :w].reshape(h // step, step, w // step, step, *values.shape[2:]).mean(axis=(1, 3))


def _palette(name: str) -> np.ndarray:
    """The 256 colours of a map, uint8 (256, 3)."""
    from matplotlib import colormaps

    return np.round(255 * colormaps[name](np.arange(256))[:, :3]).astype(np.uint8)


def strip(name: str) -> Plane:
    """A colour map as an image one pixel high."""
    return Plane(np.arange(256, dtype=np.uint8)[None, :], name)


def wheel(side: int = 96) -> Plane:
    """The key to complex images: colour by angle, brightness by radius; black outside."""
    axis = np.linspace(-1, 1, side)
    z = axis[None, :] + 1j * axis[::-1, None]
    return Plane(_bytes(np.where((np.abs(z) <= 1)[..., None], domain_colours(z, 1.0), 0.0)))
