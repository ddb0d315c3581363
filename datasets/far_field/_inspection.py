"""Which settings of ``file`` read a user's pattern well."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from prbench.core import format_name
from prbench.core.inspection import ArrayNote, Inspection
from prbench.errors import BadInput

from ..readers.corrections import Corrections
from ..readers.kinds import kind_of_image, refuse_what_is_no_image
from ..readers.listing import arrays_of, note_of
from ..readers.pattern import Pattern, read_pattern
from ..readers.pictures import SUFFIXES as PICTURES
from ..readers.raw import Refused
from ..readers.reading import Reading
from ..readers.scans import pattern_address
from ..readers.series import Address, read_address

_MOST_CHANGES = 10


def inspect_pattern(path: str) -> Inspection | None:
    """What ``file`` makes of a file or a series: reads it, takes every hint that a refusal or a suspicion gives, and reads again.

    Returns:
        None for a picture, which is no pattern.

    Raises:
        BadInput: where no setting helps.
    """
    address = pattern_address(path)
    if address.paths[0].suffix.lower() in PICTURES:
        return None
    settings, pattern, noticed = _settled(address)
    notes = _series_notes(address) if address.is_series else arrays_of(address, settings.get("links", "no"))
    plane = _plane(pattern.intensity)
    refuse_what_is_no_image(plane, path)
    alike = pattern.intensity.ndim == 3 or kind_of_image(plane) == "far-field"
    return Inspection(
        dataset=format_name("file", {"path": path, **settings}),
        task="far-field",
        fit=0.9 if alike else 0.2,
        arrays=notes,
        facts=_facts(pattern),
        warnings=tuple(dict.fromkeys((*noticed, *pattern.warnings))),
        picture=plane,
        is_logarithmic=True,
    )


def _settled(address: Address) -> tuple[dict[str, Any], Pattern, list[str]]:
    """Settings by which the pattern is read with the fewest doubts, the pattern, and what the settings mend."""
    settings: dict[str, Any] = {}
    noticed: list[str] = []
    for _ in range(_MOST_CHANGES):
        try:
            pattern = read_pattern(address, _reading(settings))
        except Refused as refusal:
            if not _adds(refusal.settings, settings):
                raise
            if "invalid" in refusal.settings:
                stored = read_address(address, links=settings.get("links", "no"))
                refuse_what_is_no_image(stored.data, stored.where)
            noticed.append(str(refusal))
            settings |= refusal.settings
            continue
        hints = [s for s in pattern.suspicions if _adds(s.settings, settings)]
        if not hints:
            return settings, pattern, noticed
        noticed.append(hints[0].text)
        settings |= hints[0].settings
    raise BadInput(f"{address.paths[0]}: no settings read it without doubt; give them yourself")


def _adds(hints: dict[str, str], settings: dict[str, Any]) -> bool:
    return bool(hints) and not any(name in settings for name in hints)


def _reading(settings: dict[str, Any]) -> Reading:
    plain = {name: value for name, value in settings.items() if name not in ("saturated", "is_fft_shifted")}
    shifted = True if settings.get("is_fft_shifted") == "true" else None
    return dataclasses.replace(
        Reading(is_fft_shifted=shifted, corrections=Corrections(saturated=settings.get("saturated"))), **plain
    )


def _series_notes(address: Address) -> tuple[ArrayNote, ...]:
    first = arrays_of(address)[0]
    folder = Path(address.paths[0]).parent
    return (dataclasses.replace(first, path=f"{folder}: {len(address.paths)} files, the first {address.paths[0].name}"),)


def _plane(intensity: np.ndarray) -> np.ndarray:
    """A 2D pattern, or the slice of a 3D one through its brightest pixel."""
    if intensity.ndim == 2:
        return intensity
    return np.asarray(intensity[int(np.unravel_index(int(intensity.argmax()), intensity.shape)[0])])


def _facts(pattern: Pattern) -> dict[str, str]:
    y = pattern.intensity
    hidden = 0 if pattern.mask is None else int((~pattern.mask).sum())
    peak = tuple(int(i) for i in np.unravel_index(int(y.argmax()), y.shape))
    note = note_of("", y)
    facts = {
        "read as": f"{' x '.join(str(n) for n in y.shape)} pixels, {float(y.sum(dtype=np.float64)):.4g} counts",
        "mask": f"{hidden} pixels unmeasured, {100 * hidden / y.size:.2g} %",
        "peak": f"{note.high:.6g} at {peak}, zero frequency at {tuple(n // 2 for n in y.shape)}",
    }
    lengths = {"wavelength": pattern.wavelength_m, "distance": pattern.distance_m, "pixel": pattern.pixel_m}
    lengths_text = ", ".join(f"{name} {value:.6g} m" for name, value in lengths.items() if value is not None)
    facts["geometry"] = lengths_text or "not in the file"
    return facts
