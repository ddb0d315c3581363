"""One diffraction pattern from whatever file or series it is in, corrected, with zero frequency in the middle."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prbench.core.data_files import sha256_of
from prbench.errors import BadInput, UsageError, one_line

from . import checks
from .corrections import corrected, unusable
from .framing import centred, middle_of, parse_crop
from .raw import Raw, Refused
from .reading import Reading
from .series import Address, gaps, parse_address, read_address
from .tiff_folders import sha256_of_all


@dataclass(frozen=True, eq=False)
class Pattern:
    """One diffraction pattern, checked.

    Attributes:
        intensity: float32, 2D or 3D, zero in unmeasured pixels.
        mask: bool, True where measured, or None where all of it is.
        sha256: of the file, or of the files.
        wavelength_m, distance_m, pixel_m: geometry, where the file has it.
        suspicions: what is suspicious, with the settings that would mend it.
    """

    intensity: np.ndarray
    mask: np.ndarray | None
    sha256: str
    wavelength_m: float | None = None
    distance_m: float | None = None
    pixel_m: float | None = None
    suspicions: tuple[checks.Suspicion, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is suspicious, one line each."""
        return tuple(dict.fromkeys(suspicion.text for suspicion in self.suspicions))


def read_pattern(source: Path | Address, how: Reading | None = None) -> Pattern:
    """Read, check and correct one diffraction pattern.

    Args:
        source: a file, or the files of a series.
        how: settings; the defaults where None.

    Raises:
        BadInput: in one line naming the file, what was found and what was expected.
        UsageError: for settings that cannot be understood.
    """
    how = how or Reading()
    address = source if isinstance(source, Address) else Address((source,))
    raw = read_address(address, how.dataset, how.links)
    suspicions = checks.missing_numbers(gaps(address.paths) if address.is_series else [])
    _check_kind(raw)
    chosen = parse_frames(how.frames)
    data, flags = _selected(raw.data, _mask_of(raw, address, how), chosen, raw.where)
    measured = None if flags is None else _measured(flags, raw.where, data.shape, how.mask_means)
    if how.is_fft_shifted is None and raw.is_fft_shifted is None:
        suspicions += checks.order(data, measured)
    data_type = how.data_type or raw.data_type
    suspicions += checks.values(data, measured, how, data_type)
    suspicions += checks.hidden(data, measured, how.mask_means)
    if chosen is None and how.frames == "all":
        suspicions += checks.stack(data, measured)
    counts, measured = _checked(data, measured, raw.where, how)
    if data_type == "amplitude":
        with np.errstate(over="ignore"):
            counts = counts * counts
    counts, measured = corrected(counts, measured, how.corrections, raw.where)
    if how.frames in ("sum", "mean") and counts.ndim == 3:
        counts, measured = _combined(counts, measured, how.frames)
    counts, measured = _framed(counts, measured, raw, how)
    sha256 = (
        sha256_of_all([*address.paths, *raw.links]) if len(address.paths) + len(raw.links) > 1 else sha256_of(address.paths[0])
    )
    pattern = binned(Pattern(counts, measured, sha256, **raw.geometry), how.bin)
    values = np.where(pattern.intensity > how.threshold, pattern.intensity, np.float32(0)) if how.threshold else pattern.intensity
    if not np.isfinite(values).all():
        raise BadInput(f"{raw.where}: its values are too large for counts, {float(np.max(np.abs(counts))):.3g} among them")
    if not (values > 0).any():
        message = f"{raw.where}: no measured pixel is above zero, expected a diffraction pattern{_hint(flags, how)}"
        raise BadInput(message) if flags is None else Refused(message, mask_means=checks.OPPOSITE[how.mask_means])
    centre_known = how.center is not None or raw.center is not None
    suspicions += checks.shape_of_pattern(values, pattern.mask, centre_known=centre_known)
    return dataclasses.replace(pattern, intensity=values, suspicions=tuple(suspicions))


def _hint(flags: np.ndarray | None, how: Reading) -> str:
    if flags is None:
        return ""
    return f"; nonzero in its mask was taken as {how.mask_means}, mask_means={checks.OPPOSITE[how.mask_means]} says the opposite"


def _check_kind(raw: Raw) -> None:
    if raw.is_real_space:
        raise BadInput(f"{raw.where}: holds an object in real space, expected its diffraction; give it as support= or initial=")
    if raw.data.dtype.kind == "c":
        raise BadInput(f"{raw.where}: holds complex numbers, expected intensities")


def parse_frames(text: str) -> int | slice | None:
    """The number of one frame, a range ``A:B``, or None for ``all``, ``sum`` and ``mean``.

    Raises:
        UsageError: for anything else.
    """
    if text in ("all", "sum", "mean"):
        return None
    first, colon, last = text.partition(":")
    try:
        if not colon:
            number = int(first)
            if number >= 0:
                return number
        start, stop = int(first or 0), int(last) if last else None
        if colon and start >= 0 and (stop is None or stop > start):
            return slice(start, stop)
    except ValueError:
        pass
    raise UsageError(f"frames must be all, sum, mean, a number, or a range such as 0:10, got {one_line(text, 40)!r}")


def _mask_of(raw: Raw, address: Address, how: Reading) -> np.ndarray | None:
    """The mask as stored: the one named, or the one beside the intensity."""
    if how.mask is None:
        return raw.flags
    named = parse_address(how.mask, "mask")
    if named.is_series:
        raise BadInput(f"mask: {one_line(how.mask, 80)!r} names {len(named.paths)} files, expected one")
    if named.inside is not None or named.paths[0].is_file() or address.is_series:
        return read_address(named, links=how.links).data
    return read_address(address, how.mask, how.links).data


def _selected(
    data: np.ndarray, flags: np.ndarray | None, chosen: int | slice | None, where: str
) -> tuple[np.ndarray, np.ndarray | None]:
    """The frames asked for, with axes of length one left out, and their mask."""
    if chosen is not None:
        first = chosen if isinstance(chosen, int) else chosen.start
        last = first if isinstance(chosen, int) else (chosen.stop or data.shape[0]) - 1
        if data.ndim < 3 or not 0 <= first < data.shape[0] or last >= data.shape[0]:
            raise BadInput(f"{where}: there is no frame {max(first, last)} in an array of shape {data.shape}")
        flags = flags[chosen] if flags is not None and flags.ndim == data.ndim and len(flags) == len(data) else flags
        data = data[chosen]
    plain = data.reshape([n for n in data.shape if n != 1])
    if plain.ndim not in (2, 3):
        more = "; frames=0 takes the first of a stack" if plain.ndim > 3 else ""
        raise BadInput(f"{where}: shape is {data.shape}, expected two or three axes{more}")
    return plain, None if flags is None else flags.reshape([n for n in flags.shape if n != 1])


def _measured(flags: np.ndarray, where: str, shape: tuple[int, ...], means: str) -> np.ndarray:
    if flags.dtype.kind not in "biuf":
        raise BadInput(f"{where}: the mask holds {flags.dtype}, expected integers or booleans")
    if flags.ndim == 0 or (flags.shape != shape and flags.shape != shape[-flags.ndim :]):
        raise BadInput(f"{where}: shape is {shape}, its mask's {flags.shape}; they must be equal")
    measured = np.broadcast_to((flags != 0) == (means == "measured"), shape)
    if not measured.any():
        message = f"{where}: the mask leaves no pixel; nonzero was taken as {means}, mask_means changes that"
        raise Refused(message, mask_means=checks.OPPOSITE[means])
    return measured.copy()


def _checked(data: np.ndarray, measured: np.ndarray | None, where: str, how: Reading) -> tuple[np.ndarray, np.ndarray | None]:
    """Counts as float32, and which pixels are measured: what no detector can have counted is refused, left out, or zero."""
    saturated, wrong, said = unusable(data, how.corrections.saturated)
    if measured is not None:
        wrong = wrong & measured
    if wrong.any():
        if how.invalid == "error":
            first = tuple(int(i) for i in np.argwhere(wrong)[0])
            mend = "zero" if _is_noise(data, wrong) else "mask"
            does = {"mask": "leaves them out", "zero": "takes them as no counts"}[mend]
            message = f"{where}: {int(wrong.sum())} measured pixels are {said}, the first at {first}; invalid={mend} {does}"
            raise Refused(message, invalid=mend)
        if how.invalid == "mask":
            saturated = saturated | wrong
    if saturated.any():
        measured = ~saturated if measured is None else measured & ~saturated
    with np.errstate(over="ignore", invalid="ignore"):
        counts = data.astype(np.float32)
    hidden = wrong if measured is None else wrong | ~measured
    return np.where(hidden, np.float32(0), counts) if hidden.any() else counts, measured


def _is_noise(data: np.ndarray, wrong: np.ndarray) -> bool:
    """Whether values below zero are what the subtraction of a background leaves: many, small, and not whole numbers."""
    values = data[wrong]
    if data.dtype.kind != "f" or values.size < 0.02 * data.size or not np.isfinite(values).all():
        return False
    return bool(-float(values.min()) < 0.05 * float(data.max()) and (values != np.round(values)).any())


def _combined(counts: np.ndarray, measured: np.ndarray | None, how: str) -> tuple[np.ndarray, np.ndarray | None]:
    """A stack as one image; a pixel is measured where every frame measured it."""
    total = counts.sum(axis=0, dtype=np.float64)
    total = total / len(counts) if how == "mean" else total
    if measured is not None:
        measured = np.asarray(measured.all(axis=0))
        total = np.where(measured, total, 0.0)
        if not measured.any():
            raise BadInput("frames: no pixel is measured in every frame; name some, such as frames=0:10")
    return total.astype(np.float32), measured


def _framed(counts: np.ndarray, measured: np.ndarray | None, raw: Raw, how: Reading) -> tuple[np.ndarray, np.ndarray | None]:
    """Zero frequency brought to index ``n // 2``, and the frame cut."""
    shifted = raw.is_fft_shifted if how.is_fft_shifted is None else how.is_fft_shifted
    if shifted:
        counts = np.fft.fftshift(counts)
        measured = None if measured is None else np.fft.fftshift(measured)
    region, shape = parse_crop(how.crop, counts.shape)
    centre = middle_of(counts, measured, how.center, raw.center if how.center is None else None)
    if region is not None:
        counts, measured = counts[region], None if measured is None else measured[region]
        centre = None if centre is None else tuple(c - (s.start or 0) for c, s in zip(centre, region, strict=True))
    return centred(counts, measured, centre, shape)


def cropped(pattern: Pattern, region: tuple[slice, ...]) -> Pattern:
    """The pattern inside ``region``."""
    mask = None if pattern.mask is None else pattern.mask[region]
    return dataclasses.replace(pattern, intensity=np.ascontiguousarray(pattern.intensity[region]), mask=mask)


def binned(pattern: Pattern, factor: int) -> Pattern:
    """The pattern with ``factor`` pixels along every axis added up to one; an object of half as many fits each axis.

    Zero frequency, at index ``n // 2``, stays there, in the middle of its sum where the factor is odd; where it is even, half a
    pixel from it, by which the object gets a ramp of phase. Pixels at the rim that make no whole sum are left out. A sum is
    unmeasured where any of its pixels is, and what the sum blurs is a taper over the object's autocorrelation.

    Raises:
        BadInput: where less than two pixels are left along an axis.
    """
    if factor == 1:
        return pattern
    starts, counts = [], []
    for n in pattern.intensity.shape:
        count = n // factor
        while (start := n // 2 - count // 2 * factor - (factor - 1) // 2) < 0 or start + count * factor > n:
            count -= 1
        if count < 2:
            raise BadInput(f"bin: {n} pixels make {count} sums of {factor}; expected 2 at least")
        starts.append(start)
        counts.append(count)
    region = tuple(slice(start, start + count * factor) for start, count in zip(starts, counts, strict=True))
    blocks = tuple(size for count in counts for size in (count, factor))
    inside = tuple(range(1, 2 * len(counts), 2))
    mask = None if pattern.mask is None else np.asarray(pattern.mask[region].reshape(blocks).all(axis=inside))
    intensity = pattern.intensity[region].reshape(blocks).sum(axis=inside)
    if mask is not None:
        intensity *= mask
    pixel = None if pattern.pixel_m is None else pattern.pixel_m * factor
    return dataclasses.replace(pattern, intensity=intensity, mask=mask, pixel_m=pixel)
