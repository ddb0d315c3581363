"""CXI and the other HDF5 layouts of the coherent imaging community: NeXus, Dectris masters, BLISS.

F. R. N. C. Maia, The Coherent X-ray Imaging Data Bank, Nat. Methods 9 (2012) 854, doi:10.1038/nmeth.2110. SI units; complex
numbers as compounds {r, i}; mask bits that are set mean that the pixel is not to be used, except those that tell where the signal
or the support is. NeXus (www.nexusformat.org) names its default plot in attributes; Dectris masters link the frames of a scan in
``/entry/data/data_000001`` and so on, and keep the pixel mask with the detector.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, cast

import numpy as np

from prbench.errors import BadInput, one_line

from .choosing import intensities, is_no_intensity
from .hdf5 import Container, Links, opened
from .qpformat import hologram_path, with_attributes
from .raw import DataType, Geometry, Raw, Refused, check_declared

CONVENTIONS = (
    "/entry_1/data_1/data",
    "/entry_1/instrument_1/detector_1/data",
    "/entry_1/image_1/data",
)
HAS_SIGNAL, INSIDE_SUPPORT = 0x1000, 0x10000
"""Bits of a CXI mask that are no defects."""

_NUMBERED = re.compile(r"data_\d{1,9}")
_LENGTHS = {"m": 1.0, "mm": 1e-3, "um": 1e-6, "µm": 1e-6, "micron": 1e-6, "nm": 1e-9, "cm": 1e-2}
_WAVELENGTHS = {**_LENGTHS, "a": 1e-10, "angstrom": 1e-10, "å": 1e-10, "angstroms": 1e-10}
_ELECTRONVOLT_J = 1.602176634e-19
_ENERGIES = {"j": 1.0, "ev": _ELECTRONVOLT_J, "kev": 1e3 * _ELECTRONVOLT_J}


def read(path: Path, inside: str | None = None, links: Links = "no") -> Raw:
    """Read one array, the mask beside it, the geometry and what the file declares of its values.

    Args:
        path: of the file.
        inside: path of the array; found by the conventions of CXI, NeXus and Dectris where None, or where it is the only image.
        links: whether other files of the same folder are followed.

    Raises:
        BadInput: for links that are not to be followed, arrays that are too large, and an array that cannot be found.
    """
    with opened(path, links) as file:
        locations = [inside] if inside is not None else pattern_paths(file)
        parts, resolved = [], ""
        for location in locations:
            where = f"{path}, {one_line(location, 80)}"
            result = file.find(location, where)
            if result is None:
                raise BadInput(f"{where}: is not there; {file.contents().listing()}")
            resolved = resolved or result.path
            parts.append(file.array(result, where))
        where = f"{path}, {one_line(locations[0], 80)}" + (f" and {len(locations) - 1} more" if len(locations) > 1 else "")
        data = parts[0] if len(parts) == 1 else _joined(parts, where)
        flags = None if inside is not None and is_no_intensity(inside) else _flags(file, locations[0], resolved)
        geometry = with_attributes(file, locations[0], _geometry(file, locations[0]))
        return Raw(data, where, flags, **geometry, **_declared(file, locations[0], resolved, data.ndim), links=file.linked)


def pattern_paths(file: Container) -> list[str]:
    """Where the pattern is, by convention; several arrays are parts of one stack.

    Raises:
        BadInput: where nothing but a guess is left: no single image, or links that were not followed.
    """
    path = file.path
    for location in CONVENTIONS:
        result = file.find(location, f"{path}, {location}")
        if result is not None and result.is_array:
            return [location]
    hologram = hologram_path(file)
    if hologram is not None:
        return [hologram]
    for search in (_default_signal, _numbered):
        locations = search(file)
        if locations:
            return locations
    contents = file.contents()
    if contents.links and file.links == "no":
        message = f"{path}: no image by convention; {contents.listing()}; links=folder follows those of the file's own folder"
        raise Refused(message, links="folder")
    if contents.links:
        raise BadInput(f"{path}: no image by convention; {contents.listing()}; name an array, dataset=")
    chosen = intensities(contents.images)
    if len(chosen) == 1:
        return chosen
    raise BadInput(f"{path}: has neither {CONVENTIONS[0]} nor one single image; {contents.listing()}; name one with dataset=")


def _attribute(item: Any, name: str) -> str | None:
    value = item.attrs.get(name)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def _default_signal(file: Container) -> list[str]:
    """NeXus: the ``default`` of the root and of its entry, down to the ``signal`` of a data group."""
    location, node = "", file.file
    for _ in range(4):
        onward = _attribute(node, "default")
        if onward is None:
            break
        location = onward if onward.startswith("/") else f"{location}/{onward}"
        result = file.find(location, f"{file.path}, {one_line(location, 80)}")
        if result is None or result.is_array:
            return []
        node = result.item
    signal = _attribute(node, "signal") if location else None
    if signal is None:
        return []
    location = f"{location}/{signal}"
    result = file.find(location, f"{file.path}, {one_line(location, 80)}")
    image = (
        result is not None and result.is_array and result.item.shape is not None and sum(n > 1 for n in result.item.shape) >= 2
    )
    return [location] if image and not is_no_intensity(location) else []


def _numbered(file: Container) -> list[str]:
    """Dectris: ``/entry/data/data``, or ``/entry/data/data_000001`` and those that follow it."""
    group = file.find("/entry/data", f"{file.path}, /entry/data")
    if group is None or group.is_array:
        return []
    if group.item.get("data", getlink=True) is not None:
        return ["/entry/data/data"]
    names = sorted((name for name in group.item if _NUMBERED.fullmatch(name)), key=lambda name: int(name[5:]))
    if names and file.links == "no":
        outside = [name for name in names if type(group.item.get(name, getlink=True)).__name__ == "ExternalLink"]
        if outside:
            named = file.contents("/entry/data").named_links()
            message = f"{file.path}: its frames are in other files: {named}; links=folder follows those of its own folder"
            raise Refused(message, links="folder")
    return [f"/entry/data/{name}" for name in names]


def _joined(parts: list[np.ndarray], where: str) -> np.ndarray:
    """Parts of a stack one behind the other."""
    stacks = [part[None] if part.ndim == 2 else part for part in parts]
    if any(stack.ndim != 3 or stack.shape[1:] != stacks[0].shape[1:] for stack in stacks):
        shapes = one_line(", ".join(str(stack.shape) for stack in stacks[:4]), 100)
        raise BadInput(f"{where}: shapes are {shapes}, expected parts of one stack; name one with dataset=")
    check_declared(where, (sum(map(len, stacks)), *stacks[0].shape[1:]), stacks[0].dtype)
    return np.concatenate(stacks)


def _folder(location: str) -> str:
    return location.rstrip("/").rpartition("/")[0]


def _entry(location: str) -> str:
    return "/" + location.strip("/").split("/", maxsplit=1)[0]


def _flags(file: Container, location: str, resolved: str) -> np.ndarray | None:
    """The mask beside the data, or the detector's where it has one; bits that are no defects are left out of a CXI mask."""
    entry = _entry(location)
    candidates = [
        f"{folder}/{name}" for folder in dict.fromkeys((_folder(location), _folder(resolved))) for name in ("mask", "pixel_mask")
    ]
    if _folder(location) == f"{entry}/data_1":
        candidates.append(f"{entry}/instrument_1/detector_1/mask")
    for folder in (f"{_folder(resolved)}", *_detectors(file, entry)):
        candidates += [f"{folder}/pixel_mask", f"{folder}/detectorSpecific/pixel_mask"]
    for candidate in dict.fromkeys(candidates):
        where = f"{file.path}, {one_line(candidate, 80)}"
        result = file.find(candidate, where)
        if result is not None and result.is_array and result.path != resolved:
            return _defects(file, file.array(result, where))
    return None


def _detectors(file: Container, entry: str) -> list[str]:
    """The detector of a NeXus entry, where it has one."""
    if file.find(f"{entry}/instrument/detector", str(file.path)) is not None:
        return [f"{entry}/instrument/detector"]
    return []


def _defects(file: Container, flags: np.ndarray) -> np.ndarray:
    if flags.dtype.kind not in "iu" or (file.find("cxi_version", str(file.path)) is None and file.path.suffix.lower() != ".cxi"):
        return flags
    harmless = HAS_SIGNAL | INSIDE_SUPPORT
    wide = flags.astype(np.int64 if flags.dtype.kind == "i" else np.uint64)
    return np.asarray((wide & wide.dtype.type(~harmless & 0x7FFF_FFFF_FFFF_FFFF)) != 0)


def _declared(file: Container, location: str, resolved: str, ndim: int) -> dict[str, Any]:
    """What the group of the data says of them: CXI's ``data_type``, ``data_space``, ``is_fft_shifted`` and ``image_center``."""
    said: dict[str, Any] = {}
    for folder in dict.fromkeys((_folder(location), _folder(resolved))):
        kind, space = file.text(f"{folder}/data_type"), file.text(f"{folder}/data_space")
        if kind is not None and "data_type" not in said:
            named = next((name for name in ("amplitude", "intensity") if name in kind.lower()), None)
            said["data_type"] = cast("DataType | None", named)
        if space is not None:
            said.setdefault("is_real_space", space.strip().lower() == "real")
        shifted = file.numbers(f"{folder}/is_fft_shifted", 1)
        if shifted is not None:
            said.setdefault("is_fft_shifted", bool(shifted[0][0]))
        centre = file.numbers(f"{folder}/image_center", 3)
        if centre is not None and len(centre[0]) >= 2:
            axes = min(ndim, len(centre[0]), 3)
            said.setdefault("center", tuple(reversed(centre[0][:axes])))  # (x, y, z) in CXI, the last axis first
    return said


def _geometry(file: Container, location: str) -> Geometry:
    """Wavelength, distance and pixel of the entry that ``location`` is in; CXI keeps them in SI units, NeXus states the units."""
    from scipy.constants import c, h

    entry = _entry(location)

    def number(units: dict[str, float], assumed: str, *tails: str) -> float | None:
        for tail in tails:
            said = file.numbers(f"{entry}/{tail}", 1)
            if said is not None and said[0][0] > 0:
                scale = units.get((said[1] or assumed).strip().lower())
                value = said[0][0] * scale if scale else math.nan
                if math.isfinite(value) and value > 0:
                    return value
        return None

    energy_j = number(_ENERGIES, "J", "instrument_1/source_1/energy", "image_1/instrument_1/source_1/energy")
    energy_j = energy_j or number(_ENERGIES, "eV", "instrument/beam/incident_energy", "instrument/monochromator/energy")
    wavelength = number(_WAVELENGTHS, "angstrom", "instrument/beam/incident_wavelength", "instrument/monochromator/wavelength")
    homes = ("instrument_1/detector_1", "image_1/instrument_1/detector_1", "instrument/detector")
    x, y = (number(_LENGTHS, "m", *(f"{home}/{axis}_pixel_size" for home in homes)) for axis in "xy")
    distances = [f"{home}/{name}" for home in homes for name in ("distance", "detector_distance")]
    return {
        "wavelength_m": h * c / energy_j if energy_j else wavelength,
        "distance_m": number(_LENGTHS, "m", *distances),
        "pixel_m": x if x == y else None,
    }
