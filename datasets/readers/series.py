"""Where a setting leads: a file, an array inside one (``file.h5::/path``), or the numbered images of a folder or a pattern."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prbench.errors import BadInput, one_line

from .formats import IMAGE_SUFFIXES, SUFFIXES, is_image, kind_of, read_array
from .hdf5 import Links
from .raw import MAX_PIXELS, Raw

_MAX_IMAGES = 100_000
_INSIDE = "::"
EXPECTED = f"expected a folder with {', '.join(IMAGE_SUFFIXES)} files (also .gz), a pattern such as scan/Ref*.tif, or a file"


@dataclass(frozen=True)
class Address:
    """What a setting names.

    Attributes:
        paths: one file, or the images of a series by number.
        inside: the array inside the file, where it is said.
        is_series: whether a folder or a pattern was named, also one of a single image.
    """

    paths: tuple[Path, ...]
    inside: str | None = None
    is_series: bool = False


def parse_address(text: str, what: str) -> Address:
    """Read the value of a setting that names data; ``~`` is the user's home.

    Args:
        text: a path, a path with ``::`` and the array inside, a folder, or a pattern such as ``scan/*.tif``.
        what: the setting, for messages.

    Raises:
        BadInput: where a folder or a pattern has no images, or such of several formats.
    """
    address = Path(text).expanduser()
    if _INSIDE in text and not address.exists():
        file, _, inside = text.rpartition(_INSIDE)
        return Address((Path(file).expanduser(),), inside or None)
    if address.is_dir():
        result = [path for path in address.iterdir() if is_image(path) and path.is_file()]
        if not result:
            other = sorted(path.name for path in address.iterdir() if kind_of(path) in SUFFIXES)[:5]
            hint = f"it holds {one_line(', '.join(other), 120)}; name one of them" if other else EXPECTED
            raise BadInput(f"{what}: no images in {one_line(text, 120)}; {hint}")
        return Address(by_number(result, what), is_series=True)
    if not address.exists() and glob.has_magic(text):
        result = [path for path in map(Path, glob.iglob(str(address))) if path.is_file()]  # noqa: PTH207 - folders may be patterns too
        if not result:
            raise BadInput(f"{what}: no file matches {one_line(text, 120)!r}; {EXPECTED}")
        return Address(by_number(result, what), is_series=True)
    return Address((address,))


def by_number(paths: Sequence[Path], what: str) -> tuple[Path, ...]:
    """Files in the order of the numbers in their names: ``scan2.tif`` stands before ``scan10.tif``.

    Raises:
        BadInput: for files of several formats, and for too many.
    """
    kinds = sorted({kind_of(path) for path in paths})
    if len(kinds) > 1:
        raise BadInput(
            f"{what}: holds {' and '.join(kinds)} files; name those of the series by a pattern, such as scan/*{kinds[0]}"
        )
    if len(paths) > _MAX_IMAGES:
        raise BadInput(f"{what}: {len(paths)} files, at most {_MAX_IMAGES} are read")
    return tuple(sorted(paths, key=lambda path: _parts(path.name)))


def _parts(name: str) -> list[tuple[bool, int, str]]:
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.findall(r"\d+|\D+", name)]


def number_of(path: Path) -> int | None:
    """The last number in a file's name before its suffix, or None."""
    digits = re.findall(r"\d{1,12}", path.name.partition(kind_of(path))[0])
    return int(digits[-1]) if digits else None


def gaps(paths: Sequence[Path]) -> list[int]:
    """Numbers that are missing between the first and the last of a series."""
    numbers = [number for number in map(number_of, paths) if number is not None]
    if len(set(numbers)) != len(paths) or max(numbers) - min(numbers) > 10 * len(paths):
        return []
    return sorted(set(range(min(numbers), max(numbers) + 1)) - set(numbers))


def read_address(address: Address, inside: str | None = None, links: Links = "no") -> Raw:
    """Read what an address leads to; a series becomes a stack (frames, rows, columns).

    Raises:
        BadInput: naming the file, where it cannot be read or has another shape than the first.
    """
    if not address.is_series:
        return read_array(address.paths[0], address.inside or inside, links)
    first = read_array(address.paths[0])
    frames = [_frame(first, first)]
    for path in address.paths[1:]:
        frames.append(_frame(read_array(path), first))
        if len(frames) * frames[0].size > MAX_PIXELS:
            raise BadInput(f"{path}: {len(address.paths)} images of {frames[0].shape} exceed {MAX_PIXELS} pixels; name fewer")
    where = f"{address.paths[0].parent}, {len(frames)} images from {address.paths[0].name} on"
    return Raw(np.stack(frames), where, **first.geometry)


def _frame(raw: Raw, first: Raw) -> np.ndarray:
    data = raw.data.reshape([n for n in raw.data.shape if n != 1])
    if data.ndim != 2 or data.dtype.kind not in "iufb":
        raise BadInput(
            f"{raw.where}: holds {raw.data.dtype} of shape {raw.data.shape}, expected one real image per file of a series"
        )
    if raw.data.shape != first.data.shape:
        raise BadInput(f"{raw.where}: image is {raw.data.shape}, the first of the series {first.data.shape}; they must be equal")
    if raw.data.dtype != first.data.dtype:
        raise BadInput(f"{raw.where}: holds {raw.data.dtype}, the first of the series {first.data.dtype}; they must be equal")
    return np.asarray(data)
