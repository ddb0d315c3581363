"""What is suspicious in a pattern though it can be read: one line each, for the user to judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prbench.core.names import format_value

from .corrections import NO_CORRECTIONS
from .raw import DataType

if TYPE_CHECKING:
    from .reading import Reading

OPPOSITE = {"unusable": "measured", "measured": "unusable"}
"""Of what a nonzero pixel of a mask may mean."""
_SAMPLE = 200_000
_FEW = 30


class Suspicion(NamedTuple):
    """Something suspicious.

    Attributes:
        text: one line.
        settings: what would mend it, by name; empty where no setting does.
    """

    text: str
    settings: dict[str, str] = {}  # noqa: RUF012 - never changed


def missing_numbers(missing: Sequence[int]) -> list[Suspicion]:
    """Numbers missing in a series of files."""
    if not missing:
        return []
    shown = ", ".join(str(number) for number in missing[:5]) + (", …" if len(missing) > 5 else "")
    text = f"{len(missing)} numbers are missing in the series of files: {shown}; the frames are taken as equally spaced"
    return [Suspicion(text)]


def hidden(data: np.ndarray, measured: np.ndarray | None, means: str) -> list[Suspicion]:
    """A mask that hides more than half of the counts."""
    if measured is None:
        return []
    with np.errstate(over="ignore", invalid="ignore"):
        counts = np.where(np.isfinite(data) & (data > 0), data, 0).astype(np.float64)
    if data.dtype.kind in "iu":
        counts[data >= np.iinfo(data.dtype).max - 1] = 0
    total = float(counts.sum())
    share = float(counts[~measured].sum()) / total if total else 0.0
    if share <= 0.5:
        return []
    pixels = 100 * float((~measured).mean())
    text = f"the mask hides {100 * share:.0f} % of the counts ({pixels:.0f} % of the pixels)"
    return [Suspicion(f"{text}; mask_means={OPPOSITE[means]} says the opposite", {"mask_means": OPPOSITE[means]})]


def order(data: np.ndarray, measured: np.ndarray | None) -> list[Suspicion]:
    """Zero frequency at index 0 instead of in the middle: counts gather at the corners."""
    seen = _clean(data, measured)
    if not (seen > 0).any() or min(seen.shape) < 8:
        return []
    axes = [np.minimum(np.arange(n), n - np.arange(n)) / n for n in seen.shape]  # distance from index 0, in [0, 0.5]
    corner = np.ones(seen.shape, dtype=bool)
    middle = np.ones(seen.shape, dtype=bool)
    for axis, distance in enumerate(axes):
        along = distance.reshape([-1 if a == axis else 1 for a in range(seen.ndim)])
        corner &= along < 0.125
        middle &= along >= 0.375
    peak = np.unravel_index(int(seen.argmax()), seen.shape)
    if corner[peak] and float(seen[corner].mean()) > 10 * float(seen[middle].mean()):
        text = "the counts gather at the corners, as with zero frequency at index 0; is_fft_shifted=true says so"
        return [Suspicion(text, {"is_fft_shifted": "true"})]
    return []


def values(data: np.ndarray, measured: np.ndarray | None, how: Reading, data_type: DataType | None) -> list[Suspicion]:
    """Values that are no plain counts: amplitudes, logarithms, fractions, a plateau of saturated pixels.

    Args:
        data: as stored.
        measured: bool, or None for all.
        how: the settings.
        data_type: what the values are known to be.
    """
    seen = _clean(data, measured)
    seen = data[seen > 0]
    if data_type == "amplitude":
        return []
    if seen.size < _FEW:
        return []
    said = [] if how.corrections.saturated is not None else _plateau(seen)
    sample = seen[:: max(1, seen.size // _SAMPLE)].astype(np.float64)
    whole_share = float((np.abs(sample - np.round(sample)) < 1e-3).mean())
    if whole_share < 0.99:
        kind = _disguise(sample)
        if kind is not None:
            return [*said, kind]
        if data_type is None and how.corrections == NO_CORRECTIONS:
            text = "the counts are not whole numbers; photons are, and likelihoods need gain=, the units per photon"
            said.append(Suspicion(text))
    if float(sample.mean()) > float(sample.max()) / 5 and sample.max() > 2 and data_type is None:
        ratio = sample.max() / sample.mean()
        text = f"the largest value is only {ratio:.1f} times the mean: a logarithm or a picture's grey values are no intensities"
        said.append(Suspicion(text))
    return said


def _plateau(seen: np.ndarray) -> list[Suspicion]:
    largest = seen.max()
    at_top = int((seen == largest).sum())
    below = int(((seen < largest) & (seen >= 0.9 * float(largest))).sum())
    if largest >= 20 and at_top >= 3 and at_top > below:
        top = format_value(float(largest))
        text = f"{at_top} pixels share the largest value, {top}: saturated? saturated={top} leaves them out"
        return [Suspicion(text, {"saturated": top})]
    return []


def _disguise(sample: np.ndarray) -> Suspicion | None:
    """Whether some function of the values gives whole numbers, and which."""
    functions: dict[str, tuple[Callable[[np.ndarray], np.ndarray], str]] = {
        "squares": (np.square, "amplitudes; data_type=amplitude says so"),
        "powers of ten": (lambda v: 10.0 ** np.minimum(v, 18), "decimal logarithms, which are no intensities; store the counts"),
        "exponentials": (lambda v: np.exp(np.minimum(v, 40)), "natural logarithms, which are no intensities; store the counts"),
        "powers of two": (lambda v: 2.0 ** np.minimum(v, 60), "binary logarithms, which are no intensities; store the counts"),
    }
    for name, (function, meaning) in functions.items():
        result = function(sample)
        clear = result[(result > 1.5) & (result < 2e4)]
        if clear.size >= _FEW and float((np.abs(clear - np.round(clear)) < 0.01 + 1e-6 * clear).mean()) > 0.98:
            text = f"the {name} of the values are whole numbers: these are {meaning}"
            return Suspicion(text, {"data_type": "amplitude"} if name == "squares" else {})
    return None


def stack(data: np.ndarray, measured: np.ndarray | None) -> list[Suspicion]:
    """Frames along the first axis that are alike, as exposures of one pattern are and slices of a volume are not."""
    if data.ndim != 3 or len(data) < 3:
        return []
    seen = _clean(data, measured)
    totals = seen.sum(axis=(1, 2))
    typical = np.median(seen[:: max(1, len(seen) // 51)], axis=0)
    norm = float((typical * typical).sum())
    if norm == 0:
        return []
    alike = np.zeros(len(seen), dtype=bool)
    for number, frame in enumerate(seen):
        scale = float((frame * typical).sum()) / norm
        rest = frame - scale * typical
        alike[number] = 0.5 < scale < 2 and float((rest * rest).sum()) < 0.2 * max(float((frame * frame).sum()), 1e-300)
    brightest = np.argsort(totals)[-max(1, len(totals) // 10) :]
    if alike.mean() > 0.5 and alike[brightest].mean() > 0.5:
        text = (
            f"{int(alike.sum())} of {len(data)} frames are alike: exposures of one pattern, not a volume; frames=sum adds them up"
        )
        return [Suspicion(text, {"frames": "sum"})]
    return []


def shape_of_pattern(counts: np.ndarray, mask: np.ndarray | None, *, centre_known: bool) -> list[Suspicion]:
    """A peak that is far from zero frequency, and a pattern that is sampled too coarsely for its object."""
    return [*([] if centre_known else _peak(counts, mask)), *_sampling(counts, mask)]


def _peak(counts: np.ndarray, mask: np.ndarray | None) -> list[Suspicion]:
    middle = tuple(n // 2 for n in counts.shape)
    peak = tuple(int(i) for i in np.unravel_index(int(counts.argmax()), counts.shape))
    away = tuple(p - m for p, m in zip(peak, middle, strict=True))
    blind = 0.0  # how far a beamstop reaches
    if mask is not None and not mask[middle]:
        pixels = np.argwhere(mask)
        blind = float(np.sqrt(((pixels - np.asarray(middle)) ** 2).sum(axis=1).min()))
    if all(abs(a) <= max(3, n / 32) + 2 * blind for a, n in zip(away, counts.shape, strict=True)):
        return []
    shown = ", ".join(f"{a:+d}" for a in away)
    text = f"the brightest pixel, {peak}, is {shown} pixels off zero frequency, {middle}; center=peak brings it there"
    return [Suspicion(text, {"center": "peak"})]


def _sampling(counts: np.ndarray, mask: np.ndarray | None) -> list[Suspicion]:
    """Whether the autocorrelation reaches the rim of its frame, where an object of half the frame leaves nothing but noise."""
    from scipy import fft

    if min(counts.shape) < 16 or (mask is not None and float((~mask).mean()) > 0.25):
        return []
    autocorrelation = np.abs(np.asarray(fft.ifftn(fft.ifftshift(counts.astype(np.float32)), workers=1)))
    largest, wide = float(autocorrelation.flat[0]), []
    for axis, n in enumerate(counts.shape):
        lags = np.abs(np.fft.fftfreq(n))
        profile = np.moveaxis(autocorrelation, axis, 0).reshape(n, -1).max(axis=1)
        if float(profile[lags > 0.45].min()) > 0.05 * largest:
            wide.append(axis)
    if not wide:
        return []
    axes = " and ".join(str(axis) for axis in wide)
    return [Suspicion(f"the pattern is sampled too coarsely along axis {axes}: the object is wider than half of its frame")]


def _clean(data: np.ndarray, measured: np.ndarray | None) -> np.ndarray:
    """Counts as float32, zero where they cannot be trusted."""
    with np.errstate(over="ignore", invalid="ignore"):
        seen = data.astype(np.float32)
    usable = np.isfinite(seen) & (seen > 0)
    if data.dtype.kind in "iu":
        usable &= data < np.iinfo(data.dtype).max - 1
    if measured is not None:
        usable &= measured
    return np.where(usable, seen, np.float32(0))
