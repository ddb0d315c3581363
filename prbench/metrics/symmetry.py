"""Distance between complex objects once the symmetries of the measurement are removed: phase, translation, conjugate flip.

A far-field pattern is the same for ``X``, ``e^{ic} X(r-s)`` and ``conj(X(-r))``, so the distance is the minimum over all of
them: ``( |X|^2 + |Xh|^2 - 2 max_V max_s |C_V(s)| ) / N`` with ``V`` in ``{Xh, conj(flip(Xh))}``, ``C_V`` the zero-padded
correlation of X and V, and N the number of pixels of X. What a translation moves out of the frame of X counts as error; where the
object fills the detector's grid it is a cell that repeats, translations are cyclic and the correlation is not padded. The
correlation only finds the best copy; the distance to it is then summed up directly, because the formula's own subtraction would
leave an error of 1e-7 in single precision where the two are equal.

The pattern does not fix parts of a pixel either. The scores of a case refine the best whole translation by them
(``subpixel=True``), where that is worth it; a translation by parts of a pixel is that of the trigonometric polynomial
through the pixels, and objects with sharp edges, which ring when they are moved so, stay on the grid.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from prbench.backend import Array
from prbench.core import COMPLEX_OBJECT, Case, Measurement, find_task, metric
from prbench.errors import BadInput, UsageError

from ._correlation import Shift, best_cyclic_shifts, best_shifts
from ._fractions import MARGIN_PX, Fraction, best_fraction, moved_by_fraction

FAR_FIELD = ("phase", "shift", "flip")

_EXACT = 1e-14
"""Squared error over the truth's squared norm up to which no part of a pixel is looked for."""

_WORTH = 0.99
"""Part of the squared error on the grid under which parts of a pixel count: noise alone saves about one part in the number of
pixels by them, and what is moved by them is resampled.
"""


@dataclass(frozen=True)
class Alignment:
    """The symmetric copy ``phase * w(r - shift)`` that is nearest to x, w being xh or ``conj(flip(xh))``.

    Attributes:
        flip: whether w is flipped and conjugated.
        shift: translation in whole pixels, one per axis.
        phase: complex number of modulus one.
        error: squared distance to x, over all space.
        energy: ``|x|^2``.
        periodic: whether the translation is cyclic.
        fraction: parts of a pixel by which w moves on, one per axis; all of them zero on the grid.
    """

    flip: bool
    shift: Shift
    phase: complex
    error: float
    energy: float
    periodic: bool = False
    fraction: Fraction = ()

    def apply(self, xh: Array, shape: Sequence[int]) -> Array:
        """The copy in a frame of ``shape``, zero where it does not reach; complex, of the precision of ``xh``."""
        w, shift = _flipped(xh) if self.flip else xh, self.shift
        if any(self.fraction):
            w, shift = _subpixel_shift(_complex("xh", w), shift, self.fraction, periodic=self.periodic)
        if self.periodic:
            return np.result_type(xh.dtype, np.complex64).type(self.phase) * _rolled(w, shift)
        inside, source = _windows(tuple(shape), w.shape, shift)
        out = np.zeros(tuple(shape), np.result_type(xh.dtype, np.complex64))
        out[inside] = out.dtype.type(self.phase) * w[source]
        return out


def find_alignment(
    x: Array, xh: Array, symmetries: Sequence[str] = FAR_FIELD, *, periodic: bool = False, subpixel: bool = False
) -> Alignment:
    """The symmetric copy of ``xh`` nearest to ``x``.

    Args:
        x: complex or real. 2D or 3D where translations count; any number of axes otherwise.
        xh: as many axes; the shape may differ where translations count.
        symmetries: any of ``phase``, ``shift``, ``flip`` (with conjugation).
        periodic: whether translations are cyclic; both arrays then have one shape.
        subpixel: whether a translation by whole pixels is refined by parts of them, where that takes a hundredth or more off the
            squared distance.

    Raises:
        BadInput: for arrays that are not numeric, not finite, or of shapes that cannot be compared.
        UsageError: for an unknown symmetry.
    """
    unknown = sorted(set(symmetries) - set(FAR_FIELD))
    if unknown:
        raise UsageError(f"symmetries must be among {', '.join(FAR_FIELD)}, got {unknown[0]!r}")
    x, xh = _complex("x", x), _complex("xh", xh)
    modulus, flips = "phase" in symmetries, (False, True) if "flip" in symmetries else (False,)
    if "shift" in symmetries:
        if x.ndim != xh.ndim or x.ndim not in {2, 3}:
            raise BadInput(f"x and xh must both have 2 or 3 axes, got {x.shape} and {xh.shape}")
        if periodic and x.shape != xh.shape:
            raise BadInput(f"where translations are cyclic x and xh must have one shape, got {x.shape} and {xh.shape}")
        shifts = (best_cyclic_shifts if periodic else best_shifts)(x, xh, modulus=modulus)
    else:
        if x.shape != xh.shape:
            raise BadInput(f"without translations x and xh must have one shape, got {x.shape} and {xh.shape}")
        shifts = ((0,) * x.ndim,) * 2
    ways = [(_flipped(xh) if flip else xh, flip, shifts[flip]) for flip in flips]
    copies = [_compare(x, w, flip, shift, modulus=modulus, periodic=periodic) for w, flip, shift in ways]
    best = min(copies, key=lambda copy: copy.error)
    if not subpixel or "shift" not in symmetries or best.error <= _EXACT * best.energy:
        return best
    moved = (_refined(x, w, copy, modulus=modulus) for (w, _, _), copy in zip(ways, copies, strict=True))
    refined = min(moved, key=lambda copy: copy.error)
    return refined if refined.error < _WORTH * best.error else best


def align(x: Array, xh: Array, symmetries: Sequence[str] = FAR_FIELD, *, subpixel: bool = False) -> Array:
    """The symmetric copy of ``xh`` nearest to ``x``, in the frame of ``x`` and zero outside; see :func:`find_alignment`."""
    return find_alignment(x, xh, symmetries, subpixel=subpixel).apply(_complex("xh", xh), np.shape(x))


def symmetry_adjusted_mse(x: Array, xh: Array, symmetries: Sequence[str] = FAR_FIELD, *, subpixel: bool = False) -> float:
    """Mean squared error of ``xh`` against the truth ``x``, minimised over ``symmetries``; see :func:`find_alignment`."""
    return find_alignment(x, xh, symmetries, subpixel=subpixel).error / np.size(x)


def symmetry_adjusted_nmse(x: Array, xh: Array, symmetries: Sequence[str] = FAR_FIELD, *, subpixel: bool = False) -> float:
    """:func:`symmetry_adjusted_mse` over ``|x|^2 / N``: 0 exact, about 1 no information; NaN for a truth that is zero."""
    estimate = find_alignment(x, xh, symmetries, subpixel=subpixel)
    return estimate.error / estimate.energy if estimate.energy > 0 else float("nan")


def symmetries_of(y: Measurement) -> tuple[str, ...]:
    """The symmetries of a measurement: its task's, unless it names its own."""
    own = y.ambiguities()
    return find_task(y.task).symmetries if own is None else own


def case_alignment(case: Case, *, subpixel: bool = True) -> Alignment:
    """The alignment of a case's object with its truth under the task's symmetries, found once."""
    truth = case.problem.truth
    assert truth is not None
    y, estimate = case.problem.measurement, case.reconstruction.object
    periodic = np.shape(truth.object) == y.shape
    return case.shared(
        f"alignment, subpixel={subpixel}",
        lambda: find_alignment(truth.object, estimate, symmetries_of(y), periodic=periodic, subpixel=subpixel),
    )


def case_aligned(case: Case) -> Array:
    """The object of a case in the frame of its truth, made once."""
    truth = case.problem.truth
    assert truth is not None
    estimate = case_alignment(case)
    return case.shared("aligned", lambda: estimate.apply(_complex("xh", case.reconstruction.object), truth.object.shape))


@metric(
    "sa_mse",
    better="lower",
    removes=FAR_FIELD,
    answers=(COMPLEX_OBJECT,),
    header="sa MSE",
    meaning="mean squared error of the object, its symmetries removed",
    priority=5,
    smallest=0,
)
def sa_mse(case: Case) -> float:
    """Mean squared error of the object, minimised over the task's symmetries."""
    truth = case.problem.truth
    assert truth is not None
    return case_alignment(case).error / int(np.size(truth.object))


@metric(
    "sa_nmse",
    better="lower",
    removes=FAR_FIELD,
    answers=(COMPLEX_OBJECT,),
    header="sa NMSE",
    meaning="squared error over the truth's squared norm, symmetries removed; 0 exact, 1 no information",
    priority=6,
    smallest=0.0001,
)
def sa_nmse(case: Case) -> float:
    """Squared error of the object over the truth's squared norm, minimised over the task's symmetries, translations by parts of a
    pixel among them; 1 is no information.
    """
    return _relative_error(case, "sa_nmse", case_alignment(case))


@metric(
    "sa_nmse_grid",
    better="lower",
    removes=FAR_FIELD,
    answers=(COMPLEX_OBJECT,),
    header="sa NMSE grid",
    meaning="sa NMSE with translations by whole pixels only, as versions up to 0.1 computed it",
    priority=None,
    smallest=0.0001,
)
def sa_nmse_grid(case: Case) -> float:
    """Squared error of the object over the truth's squared norm, minimised over the task's symmetries with translations by whole
    pixels only: what sa_nmse was before it removed parts of a pixel.
    """
    return _relative_error(case, "sa_nmse_grid", case_alignment(case, subpixel=False))


def _relative_error(case: Case, name: str, estimate: Alignment) -> float:
    return estimate.error / estimate.energy if estimate.energy > 0 else case.undefined(name, "the truth is zero everywhere")


def _complex(name: str, array: Array) -> Array:
    estimate = np.asarray(array)
    if estimate.dtype.kind not in "biufc" or estimate.size == 0:
        raise BadInput(f"{name} must be a non-empty array of numbers, got {estimate.dtype} of shape {estimate.shape}")
    if estimate.dtype not in (np.complex64, np.complex128):
        estimate = estimate.astype(np.complex64 if estimate.dtype == np.float32 else np.complex128)
    if not np.isfinite(estimate).all():
        raise BadInput(f"{name} holds numbers that are not finite; a diverged reconstruction has no distance to the truth")
    return estimate


def _flipped(x: Array) -> Array:
    return np.flip(x).conj()


def _rolled(w: Array, shift: Shift) -> Array:
    return np.roll(w, shift, axis=tuple(range(w.ndim)))


def _compare(x: Array, w: Array, flip: bool, shift: Shift, *, modulus: bool, periodic: bool) -> Alignment:
    """The best phase and the squared distance of one copy, summed in double precision a slab at a time."""
    w = _rolled(w, shift) if periodic else w
    inside, source = _windows(x.shape, w.shape, (0,) * x.ndim if periodic else shift)
    seen, copied = x[inside], w[source]
    overlap = sum((complex((a * b.conj()).sum()) for a, b in _slabs(seen, copied)), 0j)
    phase = overlap / abs(overlap) if modulus and overlap else 1 + 0j
    apart = sum(_energy(a - phase * b) for a, b in _slabs(seen, copied))
    outside = _energy_outside(x, inside)
    error = apart + outside + _energy_outside(w, source)
    return Alignment(flip, shift, phase, error, outside + sum(_energy(a) for (a,) in _slabs(seen)), periodic)


def _refined(x: Array, w: Array, copy: Alignment, *, modulus: bool) -> Alignment:
    """A copy on the grid moved on by the parts of a pixel that match best."""
    fraction = best_fraction(x, w, copy.shift, modulus=modulus, periodic=copy.periodic)
    moved, shift = _subpixel_shift(w, copy.shift, fraction, periodic=copy.periodic)
    estimate = _compare(x, moved, copy.flip, shift, modulus=modulus, periodic=copy.periodic)
    return dataclasses.replace(estimate, shift=copy.shift, fraction=fraction)


def _subpixel_shift(w: Array, shift: Shift, fraction: Fraction, *, periodic: bool) -> tuple[Array, Shift]:
    """``w`` moved by parts of a pixel, and the whole translation of the result, whose frame has a margin."""
    moved = moved_by_fraction(w, fraction, periodic=periodic)
    return moved, shift if periodic else tuple(step - MARGIN_PX for step in shift)


def _slabs(*arrays: Array) -> Iterator[tuple[Array, ...]]:
    """The arrays along their first axis, in double precision, one slab at a time so that they stay in cache."""
    first = arrays[0]
    rows = max(1, (1 << 15) * len(first) // max(1, first.size))
    for i in range(0, len(first), rows):
        yield tuple(a[i : i + rows].astype(np.complex128) for a in arrays)


def _energy(x: Array) -> float:
    return float((x.real**2 + x.imag**2).sum())


def _energy_outside(x: Array, window: tuple[slice, ...]) -> float:
    """Squared norm of what lies outside a window, not as a difference, which would not come out as zero."""
    total = 0.0
    for axis, cut in enumerate(window):
        before, inside, after = np.split(x, (cut.start, cut.stop), axis=axis)
        total += sum(_energy(slab) for part in (before, after) for (slab,) in _slabs(part))
        x = inside
    return total


def _windows(n: Shift, m: Shift, shift: Shift) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Where a copy of shape ``m`` moved by ``shift`` lies in a frame of shape ``n``, and which part of it that is."""
    inside, source = [], []
    for size, length, step in zip(n, m, shift, strict=True):
        low, high = max(0, step), max(0, step, min(size, length + step))
        inside.append(slice(low, high))
        source.append(slice(low - step, high - step))
    return tuple(inside), tuple(source)
