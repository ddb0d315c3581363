"""Which settings of ``speckle-folder`` read a user's images."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from prbench.core import format_name
from prbench.core.inspection import ArrayNote, Inspection
from prbench.errors import PrbenchError

from ..readers.formats import is_image, kind_of
from ..readers.listing import arrays_of
from ..readers.series import parse_address
from ..readers.tiff_folders import image_series, read_images

_ROLES = {
    "reference": re.compile(r"^ref", re.IGNORECASE),
    "sample": re.compile(r"^(sam|obj)", re.IGNORECASE),
    "flat": re.compile(r"^(flat|ff|white)", re.IGNORECASE),
    "dark": re.compile(r"^dark", re.IGNORECASE),
}
"""How names of the series begin; names of folders, of files up to their number, or of the arrays of one file."""
_NEEDED = ("energy_ev", "distance_m", "pixel_m")


def inspect_series(path: str) -> Inspection | None:
    """What ``speckle-folder`` makes of a folder with series of references and samples, or of one file with both.

    Returns:
        None where there are no two such series.
    """
    folder = Path(path).expanduser()
    if folder.is_dir():
        roles = _in_folder(folder)
    elif kind_of(folder) in (".npz", ".mat") and folder.is_file():
        names = [note.path.rpartition("::")[2] for note in arrays_of(parse_address(path, "path"))]
        roles = _first({name: f"{path}::{name}" for name in names})
    else:
        return None
    if not {"reference", "sample"} <= set(roles):
        return None
    stacks = {}
    for what, address in roles.items():
        result = image_series(address, what)
        try:
            stacks[what] = read_images(result.paths, inside=result.inside)
        except PrbenchError:
            if what in ("reference", "sample"):
                raise
    roles = {what: address for what, address in roles.items() if what in stacks}
    notes = tuple(_note(roles[what], stack) for what, stack in stacks.items())
    pairs = len(stacks["reference"]), len(stacks["sample"])
    warnings = () if pairs[0] == pairs[1] else (f"{pairs[0]} reference and {pairs[1]} sample images; pairs are needed",)
    settings = {**roles, **{name: name.upper() for name in _NEEDED}}
    return Inspection(format_name("speckle-folder", settings), "speckle", 1.0, notes, {}, warnings, _NEEDED, stacks["sample"][0])


def _in_folder(folder: Path) -> dict[str, str]:
    names = {child.name: str(child) for child in sorted(folder.iterdir()) if child.is_dir()}
    roles = _first(names)
    for child in sorted(folder.iterdir()):
        if child.is_file() and is_image(child):
            stem = re.split(r"\d", child.name, maxsplit=1)[0]
            pattern = str(folder / f"{stem}*{kind_of(child)}") if stem != child.name else str(child)
            for what, address in _first({child.name: pattern}).items():
                roles.setdefault(what, address)
    return roles


def _first(names: dict[str, str]) -> dict[str, str]:
    """The first name of each role."""
    result: dict[str, str] = {}
    for name, address in names.items():
        for what, begins in _ROLES.items():
            if begins.match(name):
                result.setdefault(what, address)
    return result


def _note(address: str, stack: np.ndarray) -> ArrayNote:
    return ArrayNote(address, tuple(stack.shape), str(stack.dtype), float(np.nanmin(stack)), float(np.nanmax(stack)))
