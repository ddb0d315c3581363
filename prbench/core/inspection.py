"""What a dataset of users' files finds in some of them: the arrays, what is suspicious, and the settings that read them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class ArrayNote:
    """One array of a file.

    Attributes:
        path: of the file, with ``::`` and the array inside where the file has several.
        shape, dtype: as stored.
        low, high: of its finite numbers; None where it was not read, or has none.
        special: values that are no counts, in words; empty where there are none.
    """

    path: str
    shape: tuple[int, ...]
    dtype: str
    low: float | None = None
    high: float | None = None
    special: str = ""


@dataclass(frozen=True, eq=False)
class Inspection:
    """What a dataset makes of files.

    Attributes:
        dataset: name and settings, complete but for ``missing``.
        task: what the files are a measurement of.
        fit: between 0 and 1, how sure it is that the dataset is the right one.
        arrays: found in the files.
        facts: what would be read, by name: mask, peak, geometry.
        warnings: what is suspicious, one line each.
        missing: settings that only the user knows, without which the dataset cannot be read.
        picture: real (rows, columns), or None.
        is_logarithmic: whether the picture spans decades.
    """

    dataset: str
    task: str
    fit: float
    arrays: tuple[ArrayNote, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    picture: np.ndarray | None = None
    is_logarithmic: bool = False
