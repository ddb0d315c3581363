"""Pictures: grey values as they are, and files that are none refused in one line."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from prbench.datasets.readers.pictures import read_picture
from prbench.errors import BadInput

GREY = np.arange(12 * 10, dtype=np.uint8).reshape(12, 10)


def encoded(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "png")
    return stream.getvalue()


def declaring(width: int, height: int) -> bytes:
    """A PNG that says it has so many pixels, and a few bytes for them."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def test_grey_values_are_those_stored_and_colours_their_luma(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    path.write_bytes(encoded(GREY))
    np.testing.assert_array_equal(read_picture(path), GREY)
    path.write_bytes(encoded(np.repeat(GREY[..., None], 3, axis=2)))
    np.testing.assert_allclose(read_picture(path), GREY, rtol=1e-6)


@pytest.mark.parametrize(
    "content",
    [b"", b"text", encoded(GREY)[:48], declaring(100_000, 100_000), declaring(2**31 - 1, 1), declaring(30_000, 30_000)],
    ids=["empty", "text", "truncated", "huge", "wide", "bomb"],
)
def test_what_is_no_picture_is_refused_in_one_line_that_names_the_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.png"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        read_picture(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@given(at=st.integers(0, len(encoded(GREY)) - 1), byte=st.integers(0, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_pictures_are_read_or_refused_and_nothing_else(tmp_path: Path, at: int, byte: int) -> None:
    damaged = bytearray(encoded(GREY))
    damaged[at] = byte
    path = tmp_path / "p.png"
    path.write_bytes(damaged)
    try:
        assert read_picture(path).ndim == 2
    except BadInput as error:
        assert "\n" not in str(error)  # noqa: PT017 - being read is right as well
