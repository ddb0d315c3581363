"""One image of an object, and its mask, from whatever file it is in: what holograms and in-line images are read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from prbench.errors import BadInput, one_line

from . import checks
from .formats import HDF5_SUFFIXES, kind_of, read_array
from .pictures import SUFFIXES, read_picture
from .raw import Geometry, Raw, Refused
from .series import parse_address

Invalid = Literal["error", "mask"]
MaskMeans = Literal["unusable", "measured"]
MASK_DOC = "another file, or an array inside the same one; none: the one beside the image"
MEANS_DOC = "what a nonzero mask pixel says"

_CLIPPED = 0.001
"""Part of the pixels at the largest value of a whole-number type from which on an image is said to be overexposed."""


@dataclass(frozen=True, eq=False)
class OneImage:
    """An image as its file has it.

    Attributes:
        image: real (rows, columns), as stored.
        mask: bool, True where measured, or None where all of it is.
        geometry: what the file says of light, pixel and distance.
        where: file and array, for messages.
        warnings: what is suspicious, one line each.
    """

    image: np.ndarray
    mask: np.ndarray | None
    geometry: Geometry
    where: str
    warnings: tuple[str, ...] = ()


def read_image(
    path: str,
    inside: str | None = None,
    *,
    mask: str | None = None,
    mask_means: MaskMeans = "unusable",
    invalid: Invalid = "error",
    negative: bool = True,
) -> OneImage:
    """Read an image and what is known of its pixels.

    Args:
        path: of the file, also with the array inside, as in ``scan.h5::/entry/data``.
        inside: array of the file; by convention where None.
        mask: another file, or another array of the same; the one beside the image where None.
        mask_means: what a nonzero mask pixel says.
        invalid: what becomes of measured pixels that are no intensities: the file is refused, or they count as unmeasured.
        negative: whether values below zero are intensities, as where a dark frame was subtracted.

    Raises:
        BadInput: in one line with the next step, for anything that is not one real image.
    """
    raw = read_raw(path, inside)
    image = raw.data.reshape([n for n in raw.data.shape if n != 1])
    if image.ndim != 2 or image.dtype.kind not in "iufb":
        raise BadInput(f"{raw.where}: holds {raw.data.dtype}, shape is {raw.data.shape}, expected one image (rows, columns)")
    flags = raw.flags if mask is None else _named_mask(path, mask)
    measured = None if flags is None else _measured(flags, image.shape, mask_means, raw.where)
    wrong = ~np.isfinite(image) if negative else ~(np.isfinite(image) & (image >= 0))
    if measured is not None:
        wrong &= measured
    if wrong.any():
        if invalid == "error":
            first = tuple(int(i) for i in np.argwhere(wrong)[0])
            kind = "not finite" if negative else "negative or not finite"
            said = f"{int(wrong.sum())} measured pixels are {kind}, the first at {first}"
            raise Refused(f"{raw.where}: {said}; invalid=mask leaves them out", invalid="mask")
        measured = ~wrong if measured is None else measured & ~wrong
        if not measured.any():
            raise BadInput(f"{raw.where}: has no measured pixel that is finite")
    warnings = [*(suspicion.text for suspicion in checks.hidden(image, measured, mask_means)), *overexposed(image, measured)]
    return OneImage(image, measured, raw.geometry, raw.where, tuple(warnings))


def overexposed(image: np.ndarray, mask: np.ndarray | None) -> list[str]:
    """What is said of an image with many pixels at the end of its whole-number type."""
    if image.dtype.kind not in "iu":
        return []
    at_end = image == np.iinfo(image.dtype).max
    share = float((at_end if mask is None else at_end[mask]).mean())
    return [f"{share:.1%} of the pixels are at the camera's end, {image[at_end][0]}: overexposed"] if share > _CLIPPED else []


def read_raw(path: str, inside: str | None = None) -> Raw:
    """The array of a file, a picture's grey values included.

    Raises:
        BadInput: for a folder or a pattern, and for what cannot be read.
    """
    address = parse_address(path, "path")
    if address.is_series:
        raise BadInput(f"{one_line(path, 120)}: names {len(address.paths)} files, expected one image")
    file = address.paths[0]
    if file.suffix.lower() in SUFFIXES:
        return Raw(read_picture(file), str(file))
    return read_array(file, address.inside if inside is None else inside)


def is_array(name: str) -> bool:
    """Whether a setting that names data names an array of the image's own file rather than another file."""
    named = parse_address(name, "name")
    return not named.is_series and named.inside is None and not named.paths[0].is_file()


def files_of(path: str, *names: str | None) -> tuple[str, ...]:
    """The files that ``path`` and other settings lead to, each once."""
    files = [parse_address(path, "path").paths[0]]
    files += [parse_address(name, "name").paths[0] for name in names if name is not None and not is_array(name)]
    return tuple(str(file) for file in dict.fromkeys(files))


def named_array(path: str, name: str) -> np.ndarray:
    """The array that a setting names: another file's, or another one of the file ``path``."""
    if is_array(name):
        file = parse_address(path, "path").paths[0]
        if kind_of(file) not in (*HDF5_SUFFIXES, ".npz", ".mat"):
            raise BadInput(f"{one_line(name, 80)}: does not exist")
        return read_array(file, name).data
    return read_raw(name).data


def _named_mask(path: str, mask: str) -> np.ndarray:
    result = named_array(path, mask)
    return result.reshape([n for n in result.shape if n != 1])


def _measured(flags: np.ndarray, shape: tuple[int, ...], means: MaskMeans, where: str) -> np.ndarray:
    if flags.dtype.kind not in "biuf":
        raise BadInput(f"{where}: the mask holds {flags.dtype}, expected integers or booleans")
    if flags.shape != shape:
        raise BadInput(f"{where}: its mask has shape {flags.shape}, the image {shape}; they must be equal")
    measured = np.asarray((flags != 0) == (means == "measured"))
    if not measured.any():
        opposite = checks.OPPOSITE[means]
        raise Refused(f"{where}: the mask leaves no pixel; mask_means={opposite} takes it the other way", mask_means=opposite)
    return measured
