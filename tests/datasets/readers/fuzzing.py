"""Mutated files, read one after another: ``fuzzing.py SUFFIX SEED FIRST LAST FOLDER``.

A program, because a damaged HDF5 file may end the process that reads it. The number of each case is printed before it is read, so
that whoever started this knows which one did, and ``escaped`` for what was neither read nor refused in one line, or took long.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import tifffile
from fabio.edfimage import EdfImage

from prbench.datasets.readers.pattern import read_pattern
from prbench.errors import BadInput

PATTERN = np.random.default_rng(0).integers(0, 50, (12, 10)).astype(np.float32)
LONG_S = 5.0


def originals(suffix: str, folder: Path) -> Iterator[bytes]:
    """Small valid files in the variants of a format."""
    path = folder / f"original{suffix}"
    if suffix == ".npy":
        for dtype in ("f4", ">i2"):
            np.save(path, PATTERN.astype(dtype))
            yield path.read_bytes()
    elif suffix == ".npz":
        for save in (np.savez, np.savez_compressed):
            save(path, intensity=PATTERN, bad=np.zeros(PATTERN.shape, "u1"))
            yield path.read_bytes()
    elif suffix == ".edf":
        for frames in (1, 2):
            image = EdfImage(data=PATTERN)
            for _ in range(frames - 1):
                image.append_frame(data=PATTERN)
            image.write(str(path))
            yield path.read_bytes()
    elif suffix == ".tif":
        for options in ({}, {"compression": "zlib"}, {"tile": (16, 16)}, {"bigtiff": True}, {"imagej": True}):
            tifffile.imwrite(path, np.stack([PATTERN, PATTERN]), photometric="minisblack", **options)
            yield path.read_bytes()
    else:
        filters = [{}, {"compression": "gzip", "shuffle": True, "fletcher32": True}, {"compression": "lzf"}]
        filters += [dict(kind()) for kind in (hdf5plugin.Bitshuffle, hdf5plugin.LZ4, hdf5plugin.Blosc, hdf5plugin.Zstd)]
        for number, options in enumerate(filters):
            with h5py.File(path, "w", libver=("earliest", "latest")[number % 2]) as file:
                chunks = {"chunks": (4, 5)} if options else {}
                file.create_dataset("/entry_1/data_1/data", data=PATTERN, **chunks, **options)
                file["/entry_1/data_1/mask"] = np.zeros(PATTERN.shape, "u1")
                file["/entry_1/instrument_1/detector_1/distance"] = 1.0
            yield path.read_bytes()


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


def main(suffix: str, seed: str, first: str, last: str, folder: str) -> None:
    """Read the cases from ``first`` up to ``last``."""
    known, path = list(originals(suffix, Path(folder))), Path(folder) / f"case{suffix}"
    for number in range(int(first), int(last)):
        rng = random.Random(f"{suffix} {seed} {number}")
        path.write_bytes(mutated(rng.choice(known), rng))
        sys.stdout.write(f"case {number}\n")
        sys.stdout.flush()
        began, outcome = time.monotonic(), ""
        try:
            if not np.isfinite(read_pattern(path).intensity).all():
                outcome = "read, with numbers that are not finite"
        except BadInput as error:
            outcome = "told in several lines" if "\n" in str(error) else ""
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            outcome = f"{type(error).__name__}: {error}"
        if outcome or time.monotonic() - began > LONG_S:
            sys.stdout.write(f"escaped {number}: {outcome or 'took long'}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
