"""Which of a file's arrays is the pattern, and which its mask, by their names; shared by formats that hold several."""

from __future__ import annotations

import re
from collections.abc import Sequence

INTENSITY = ("intensity", "data", "iobs")
"""Names of an array of intensities, in the order in which they are taken."""
FLAGS = ("bad", "mask")
"""Names of an array that is nonzero where a pixel is unusable."""

_OTHER = re.compile(
    r"mask|flat|white_?field|dark|bad_?(pixel)?s?$|count_?rate|weight|efficien|gain|background|bkg|sigma|error|stddev|variance"
    r"|support|saturat|look_?up|truth|guess|probe|kernel|phase|^gt_",
    re.IGNORECASE,
)


def is_no_intensity(name: str) -> bool:
    """Whether the last part of a name says that an array is something else: a mask, a flat, a dark, a weight, a count rate."""
    parts = [part for part in name.split("/") if part]
    return any(_OTHER.search(part) for part in parts[-1:])


def intensities(names: Sequence[str]) -> list[str]:
    """The names that may stand for an intensity."""
    return [name for name in names if not is_no_intensity(name)]
