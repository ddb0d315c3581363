"""HDF5 files made to take memory, time or other files: refused in one line, before anything large is unpacked."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from prbench.datasets.readers.listing import arrays_of
from prbench.datasets.readers.pattern import read_pattern
from prbench.datasets.readers.reading import Reading
from prbench.datasets.readers.scans import pattern_address
from prbench.errors import BadInput

DATA = "/entry_1/data_1/data"
PATTERN = np.arange(256, dtype=np.float32).reshape(16, 16)
BOMB = zlib.compress(bytes(2**27), 9)
"""128 MiB of zeros in 128 KiB."""


def declared(file: h5py.File) -> None:
    file.create_dataset(DATA, shape=(2**20, 2**20), dtype="f4", chunks=(16, 16))


def declared_and_not_stored(file: h5py.File) -> None:
    file.create_dataset(DATA, shape=(8000, 8000), dtype="f4")


def large_chunk(file: h5py.File) -> None:
    file.create_dataset(DATA, shape=(16, 16), maxshape=(None, None), dtype="f8", chunks=(16384, 16384), compression="gzip")


def large_chunk_of_pairs(file: h5py.File) -> None:
    kind = np.dtype([("r", "f8"), ("i", "f4")])
    file.create_dataset(DATA, shape=(16, 16), maxshape=(None, None), dtype=kind, chunks=(16384, 8192), compression="gzip")


def swelling_chunk(file: h5py.File) -> None:
    data = file.create_dataset(DATA, shape=(16, 16), dtype="f4", chunks=(16, 16), compression="gzip")
    data.id.write_direct_chunk((0, 0), BOMB)


def swelling_source(file: h5py.File) -> None:
    raw = file.create_dataset("/raw", shape=(16, 16), dtype="f4", chunks=(16, 16), compression="gzip")
    raw.id.write_direct_chunk((0, 0), BOMB)
    virtual(file, h5py.VirtualSource(".", "/raw", shape=(16, 16)))


def virtual(file: h5py.File, source: h5py.VirtualSource) -> None:
    layout = h5py.VirtualLayout(shape=(16, 16), dtype="f4")
    layout[...] = source
    file.create_virtual_dataset(DATA, layout)


def virtual_of_itself(file: h5py.File) -> None:
    virtual(file, h5py.VirtualSource(".", DATA, shape=(16, 16)))


def virtual_of_nearly_nothing(file: h5py.File) -> None:
    file["/raw"] = PATTERN
    layout = h5py.VirtualLayout(shape=(8000, 8000), dtype="f8")
    layout[:16, :16] = h5py.VirtualSource(".", "/raw", shape=(16, 16))
    file.create_virtual_dataset(DATA, layout)


def virtual_elsewhere(file: h5py.File) -> None:
    virtual(file, h5py.VirtualSource("../../../../etc/passwd", "/raw", shape=(16, 16)))


def raw_bytes_elsewhere(file: h5py.File) -> None:
    file.create_dataset(DATA, shape=(16, 16), dtype="f4", external=[("/etc/passwd", 0, 1024)])


def link_elsewhere(file: h5py.File) -> None:
    file[DATA] = h5py.ExternalLink("/etc/passwd", "/x")


def link_to_itself(file: h5py.File) -> None:
    file[DATA] = h5py.SoftLink(DATA)


def file_that_links_to_itself(file: h5py.File) -> None:
    file[DATA] = h5py.ExternalLink(Path(file.filename).name, DATA)


def two_links_in_a_circle(file: h5py.File) -> None:
    file[DATA], file["/other"] = h5py.SoftLink("/other"), h5py.SoftLink(DATA)


def groups_in_a_circle(file: h5py.File) -> None:
    group = file.create_group("/group")
    group["again"], group["root"] = group, file["/"]


def groups_nested_deep(file: h5py.File) -> None:
    group = file["/"]
    for _ in range(3000):
        group = group.create_group("a")


CRAFTED: dict[Callable[[h5py.File], None], str] = {
    declared: "declares 1099511627776 pixels",
    declared_and_not_stored: "most of it is missing",
    large_chunk: "declares chunks",
    large_chunk_of_pairs: "declares chunks",
    swelling_chunk: "compression bomb",
    swelling_source: "compression bomb",
    virtual_of_itself: "virtual data sets stand for virtual data sets",
    virtual_of_nearly_nothing: "most of it is missing",
    virtual_elsewhere: "outside of the file's folder",
    raw_bytes_elsewhere: "other files of raw bytes",
    link_elsewhere: "outside of the file's folder",
    link_to_itself: "links follow one another",
    file_that_links_to_itself: "links follow one another",
    two_links_in_a_circle: "links follow one another",
    groups_in_a_circle: "it holds no images",
    groups_nested_deep: "nested more than 100 deep",
}


@pytest.mark.parametrize("craft", CRAFTED, ids=lambda craft: craft.__name__)
def test_it_is_refused_in_one_line(tmp_path: Path, craft: Callable[[h5py.File], None]) -> None:
    path = tmp_path / "crafted.h5"
    with h5py.File(path, "w") as file:
        craft(file)
    assert path.stat().st_size < 4e6
    with pytest.raises(BadInput, match=CRAFTED[craft]) as refused:
        read_pattern(pattern_address(str(path)), Reading(links="folder"))
    assert "\n" not in str(refused.value)
    assert path.name in str(refused.value)


@pytest.mark.parametrize("craft", CRAFTED, ids=lambda craft: craft.__name__)
def test_it_is_listed_or_refused_in_one_line(tmp_path: Path, craft: Callable[[h5py.File], None]) -> None:
    path = tmp_path / "crafted.h5"
    with h5py.File(path, "w") as file:
        craft(file)
    refused = ""
    try:
        notes = arrays_of(pattern_address(str(path)))
    except BadInput as failure:
        notes, refused = (), str(failure)
    assert len(notes) <= 2
    assert "\n" not in refused


def test_notes_beside_the_pattern_that_would_be_large_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "notes.h5"
    with h5py.File(path, "w") as file:
        file[DATA] = PATTERN
        options = {"shape": (1,), "maxshape": (None,), "compression": "gzip"}
        file.create_dataset("/entry_1/instrument_1/detector_1/distance", dtype="f8", chunks=(2**28,), fillvalue=3.0, **options)
        kind = file.create_dataset("/entry_1/data_1/data_type", dtype="S134217728", chunks=(1,), **options)
        kind.id.write_direct_chunk((0,), BOMB)
    pattern = read_pattern(pattern_address(str(path)))
    np.testing.assert_array_equal(pattern.intensity, PATTERN)
    assert pattern.distance_m is None


def test_sound_files_with_chunks_larger_than_themselves_are_read(tmp_path: Path) -> None:
    """Detectors' software writes chunks of a whole frame, and files that grow have room for frames to come."""
    path = tmp_path / "sound.h5"
    noise = np.random.default_rng(0).integers(0, 2**31, (64, 60)).astype(np.int32)
    with h5py.File(path, "w") as file:
        file.create_dataset(DATA, data=noise, maxshape=(None, None), chunks=(512, 1024), compression="gzip")
    np.testing.assert_array_equal(read_pattern(pattern_address(str(path))).intensity, noise.astype(np.float32))
