"""Scans as beamlines keep them: which files a setting leads to, what a SPEC file says of them, and what a master file links.

Source of the format: SPEC User Manual, Certified Scientific Software, "Standard data-file format": lines ``#F``, ``#O``, ``#S``,
``#P``, ``#L`` and rows of numbers.
"""

from __future__ import annotations

import dataclasses
import mmap
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prbench.errors import BadInput, UsageError, one_line

from .formats import HDF5_SUFFIXES, kind_of
from .series import Address, number_of, parse_address

_KEV_M = 12.398419843320026e-10
"""Wavelength of a photon of 1 keV, in metres."""
_MAX_SPEC_BYTES = 2**30
_MAX_LINKED = 4096
_ENERGIES = ("energy", "nrj", "mononrj", "mono", "monoe", "nrg")
"""Names of the motor that sets the photon energy, in keV, in lower case."""
_IMAGE_COLUMNS = re.compile(
    r"(?:.*(?:img|image|ccd|mpx|ei\d|eiger|maxipix|andor|frame).*(?:nr|_n|no|num|number|int)|inr)", re.IGNORECASE
)
"""Names of the column that holds the numbers of the images."""


@dataclass(frozen=True)
class SpecScan:
    """One scan of a SPEC file.

    Attributes:
        labels: names of the columns.
        rows: the numbers, one list per point.
        motors: positions at the beginning, by name.
    """

    labels: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    motors: dict[str, float]

    @property
    def images(self) -> list[int] | None:
        """Numbers of the images, where a column holds them."""
        for column, label in enumerate(self.labels):
            if _IMAGE_COLUMNS.fullmatch(label):
                numbers = [row[column] for row in self.rows]
                if all(number == int(number) and number >= 0 for number in numbers):
                    return [int(number) for number in numbers]
        return None

    @property
    def energy_kev(self) -> float | None:
        """Photon energy, where a motor or a column holds it: between 0.1 and 500 keV, or in eV above that."""
        named = {name.lower(): value for name, value in self.motors.items()}
        named |= {label.lower(): self.rows[0][column] for column, label in enumerate(self.labels) if self.rows}
        value = next((named[name] for name in _ENERGIES if name in named), None)
        if value is None or value < 0.1:
            return None
        return value if value < 500 else value / 1e3


def read_scan(path: Path, number: int) -> SpecScan:
    """Scan ``number`` of a SPEC file, the last one of that number.

    Raises:
        BadInput: where the file is no SPEC file or has no such scan with points.
    """
    if not path.is_file():
        raise BadInput(f"spec: {path} is not a file")
    if path.stat().st_size > _MAX_SPEC_BYTES:
        raise BadInput(f"spec: {path} has more than {_MAX_SPEC_BYTES} bytes")
    names: list[str] = []
    lines: list[str] = []
    scans: list[str] = []
    inside = False
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("#O"):
                names = [*([] if line.startswith("#O0") else names), *_words(line.partition(" ")[2])]
            elif line.startswith("#S "):
                scans.append(line.split()[1] if len(line.split()) > 1 else "")
                inside = scans[-1] == str(number)
                lines = [] if inside else lines
            if inside:
                lines.append(line)
    if not lines:
        listed = one_line(", ".join(scans[:20]), 80) or "none"
        raise BadInput(f"spec: {path} has no scan {number}; its scans are: {listed}")
    return _parsed(path, number, names, lines)


def _words(text: str) -> list[str]:
    """Names, which SPEC separates by two blanks because they may contain one."""
    return [word for word in re.split(r"\s{2,}|\t", text.strip()) if word]


def _parsed(path: Path, number: int, names: list[str], lines: list[str]) -> SpecScan:
    labels: list[str] = []
    positions: list[float] = []
    rows: list[tuple[float, ...]] = []
    try:
        for line in lines:
            if line.startswith("#L"):
                labels = _words(line[2:])
            elif re.match(r"#P\d", line):
                positions += [float(word) for word in line.split()[1:]]
            elif line.strip() and line[0] not in "#@":
                rows.append(tuple(float(word) for word in line.split()))
    except ValueError as error:
        raise BadInput(f"spec: scan {number} of {path} holds what is no number: {one_line(error, 60)}") from error
    rows = [row for row in rows if len(row) == len(labels)]
    if not rows:
        raise BadInput(f"spec: scan {number} of {path} has no points")
    return SpecScan(tuple(labels), tuple(rows), dict(zip(names, positions, strict=False)))


@dataclass(frozen=True)
class PatternAddress(Address):
    """An address, with what a SPEC file says of it.

    Attributes:
        wavelength_m: from the energy of the scan, where it is known.
    """

    wavelength_m: float | None = None


def pattern_address(path: str, spec: str | None = None) -> PatternAddress:
    """Where the pattern is: the files that ``path`` names, or those of them that belong to a SPEC scan.

    Args:
        path: see :func:`~.series.parse_address`.
        spec: file and scan number, as in ``sample.spec::54``; None for none.

    Raises:
        UsageError: where ``spec`` has another form.
        BadInput: where the images are not those of the scan.
    """
    address = parse_address(path, "path")
    if spec is None:
        return PatternAddress(address.paths, address.inside, address.is_series)
    file, colons, scan = spec.rpartition("::")
    if not colons or not scan.isdigit() or len(scan) > 9:
        raise UsageError(f"spec must be a file and a scan, such as sample.spec::54, got {one_line(spec, 60)!r}")
    result = read_scan(Path(file).expanduser(), int(scan))
    if address.is_series:
        address = dataclasses.replace(address, paths=_images_of(address.paths, result, spec))
    energy = result.energy_kev
    return PatternAddress(address.paths, address.inside, address.is_series, None if energy is None else _KEV_M / energy)


def _images_of(paths: Sequence[Path], scan: SpecScan, spec: str) -> tuple[Path, ...]:
    """The images of a scan: by the numbers that it lists, or all where there are as many as points."""
    wanted = scan.images
    if wanted is not None:
        by_number = {number_of(path): path for path in paths}
        missing = [number for number in wanted if number not in by_number]
        if not missing:
            return tuple(by_number[number] for number in wanted)
        if len(missing) < len(wanted):
            raise BadInput(f"spec: {len(missing)} images of {one_line(spec, 80)} are missing, the first is number {missing[0]}")
    if len(paths) != len(scan.rows):
        raise BadInput(
            f"spec: {one_line(spec, 80)} has {len(scan.rows)} points, path names {len(paths)} images; they must be equal"
        )
    return tuple(paths)


def linked_files(paths: Sequence[Path]) -> list[Path]:
    """The HDF5 files below the folders of ``paths`` whose names stand in them, and in these, and so on.

    Names of linked files stand in HDF5 as plain text, so that none has to be opened by a library that a damaged one could bring
    down.
    """
    result: list[Path] = []
    pending = [path for path in paths if kind_of(path) in HDF5_SUFFIXES and path.is_file()]
    while pending:
        path = pending.pop()
        around = [p for p in sorted(path.parent.rglob("*"))[:_MAX_LINKED] if kind_of(p) in HDF5_SUFFIXES and p.is_file()]
        if path.stat().st_size == 0:
            continue
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            for other in around:
                if other not in (*result, *paths) and content.find(other.name.encode()) >= 0:
                    result.append(other)
                    pending.append(other)
    return result
