"""Mutated files, read one after another: ``cases.py SUFFIX SEED FIRST LAST FOLDER``.

A program, because a damaged HDF5 file may end the process that reads it. The number of each case is written to
``FOLDER/progress`` before it is read, so that whoever started this knows which one did; ``escaped`` is printed for what was
neither read nor refused in one line, took long, or wrote outside of FOLDER and of the folder for temporary files.
"""

from __future__ import annotations

import mmap
import os
import random
import struct
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from seeds import PATTERN, originals

from prbench.core import load_plugin
from prbench.datasets.readers.pattern import Reading, read_pattern
from prbench.datasets.readers.pictures import read_picture
from prbench.datasets.readers.scans import pattern_address, read_scan
from prbench.errors import PrbenchError

LONG_S = 5.0
"""Of processor time, as every time here: on a busy machine an idle process is no slow one."""
READINGS = (
    Reading(),
    Reading(links="folder", frames="sum", invalid="mask"),
    Reading(invalid="zero", center="peak", bin=2),
    Reading(frames="0", crop="6x6", center="com", mask_means="measured"),
    Reading(data_type="amplitude", is_fft_shifted=True, threshold=3),
)
INSPECTED = ("file", "near-field-file", "offaxis-file", "speckle-folder")
_WRITES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "shutil.rmtree", "shutil.move"}


def mutated(original: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, left out, put in or copied to another place."""
    content = bytearray(original)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        at, how = rng.randrange(len(content)), rng.randrange(6)
        if how == 0:
            content[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif how == 1:
            length = rng.choice((1, 2, 4, 8))
            content[at : at + length] = rng.choice((b"\xff", b"\0", b"\x7f")) * length
        elif how == 2:
            content[at] ^= 1 << rng.randrange(8)
        elif how == 3:
            del content[at : at + rng.randrange(1, 40)]
        elif how == 4:
            content[at:at] = rng.randbytes(rng.randrange(1, 20))
        else:
            there, length = rng.randrange(len(content)), rng.randrange(1, 64)
            content[at : at + length] = content[there : there + length]
        content = content or bytearray(b"x")
    return bytes(content)


def readers(suffix: str, path: Path, rng: random.Random) -> list[Callable[[], object]]:
    """What is done with a file of a format: the ways in which users' files are read."""
    if suffix == ".spec":
        return [lambda: read_scan(path, 4)]
    inspect = [lambda name=name: load_plugin("dataset", name).inspect(str(path)) for name in INSPECTED]  # type: ignore[misc]
    if suffix == ".png":
        return [lambda: read_picture(path), rng.choice(inspect)]

    def read() -> None:
        how = READINGS[rng.choice((0, 0, rng.randrange(len(READINGS))))]
        if not np.isfinite(read_pattern(pattern_address(str(path)), how).intensity).all():
            raise AssertionError("read, with numbers that are not finite")

    return [read, *([rng.choice(inspect)] if rng.randrange(8) == 0 else [])]


def watch(folder: Path) -> list[str]:
    """Notes of what is written outside of ``folder`` and of the folder for temporary files, filled while the process lives."""
    allowed = (str(folder.resolve()), tempfile.gettempdir(), os.devnull, "/proc", "/dev/shm")
    found: list[str] = []

    def hook(event: str, args: tuple[Any, ...]) -> None:
        writes = event in _WRITES or (event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"))
        if writes and isinstance(args[0], str | bytes | Path):
            name = os.fsdecode(args[0])
            if not name.startswith("/") and event != "open" and isinstance(args[-1], int) and args[-1] >= 0:
                name = os.path.join(os.readlink(f"/proc/self/fd/{args[-1]}"), name)  # noqa: PTH115, PTH118 - in a hook of opening
            name = os.path.realpath(name)
            if not name.startswith(allowed) and "__pycache__" not in name:
                found.append(f"{event} {name}")

    sys.addaudithook(hook)
    return found


def progress_of(folder: Path) -> mmap.mmap:
    """Eight bytes that hold the number of the case being read, -1 before the first; they outlive the process."""
    path = folder / "progress"
    if not path.exists():
        path.write_bytes(struct.pack("<q", -1))
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), 8)


def main(suffix: str, seed: str, first: str, last: str, folder: str) -> None:
    """Read the cases from ``first`` up to ``last``."""
    target = Path(folder)
    known, path = list(originals(suffix, target)), target / f"case{suffix}"
    np.savez(target / "case_data.npz", data=PATTERN)
    (target / "case_data.h5").write_bytes(next(iter(originals(".h5", target))))
    warnings.simplefilter("ignore")
    written, progress = watch(target), progress_of(target)
    for number in range(int(first), int(last)):
        rng = random.Random(f"{suffix} {seed} {number}")
        path.write_bytes(mutated(rng.choice(known), rng))
        struct.pack_into("<q", progress, 0, number)
        for read in readers(suffix, path, rng):
            began, outcome = time.process_time(), ""
            try:
                read()
            except PrbenchError as error:
                outcome = "told in several lines" if "\n" in str(error) else ""
            except Exception as error:  # noqa: BLE001 - this is what is looked for
                outcome = f"{type(error).__name__}: {error}"
            if written:
                outcome = f"wrote outside: {written.pop()}"
            if outcome or time.process_time() - began > LONG_S:
                sys.stdout.write(f"escaped {number}: {(outcome or 'took long')[:300]!r}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
