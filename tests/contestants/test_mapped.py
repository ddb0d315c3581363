"""Arrays through a mapped file, as both ends of the link see them."""

import os

import numpy as np
import pytest

from prbench.contestants.mapped import MappedFile


@pytest.fixture
def fd(tmp_path):
    fd = os.open(tmp_path / "arrays.bin", os.O_RDWR | os.O_CREAT)
    yield fd
    os.close(fd)


def test_what_is_written_can_be_read_by_another_and_grows(fd):
    here, there = MappedFile(fd), MappedFile(fd)
    for count in (3, 70_000, 5):
        first, second = np.arange(count, dtype="<f4"), np.arange(count) * (1 + 2j)
        here.write(first, 0)
        here.write(second, 4 * count + 4)
        np.testing.assert_array_equal(there.read(first.shape, first.dtype, 0), first)
        np.testing.assert_array_equal(there.read(second.shape, second.dtype, 4 * count + 4), second)
    assert os.fstat(fd).st_size == 70_000 * 20 + 4


def test_what_is_read_is_a_copy(fd):
    mapped = MappedFile(fd)
    mapped.write(np.ones(4), 0)
    found = mapped.read((2, 2), np.dtype("f8"), 0)
    mapped.write(np.zeros(4), 0)
    assert (found == 1).all()


def test_a_file_that_is_too_short_is_none_even_where_it_was_longer(fd):
    mapped = MappedFile(fd)
    assert mapped.read((1,), np.dtype("f8"), 0) is None
    mapped.write(np.ones(1000), 0)
    assert mapped.read((1000,), np.dtype("f8"), 8) is None
    os.ftruncate(fd, 80)
    assert mapped.read((1000,), np.dtype("f8"), 0) is None
    assert mapped.read((0,), np.dtype("f8"), 10**9).size == 0


@pytest.mark.parametrize(
    "given", [np.float32(3), np.ones((3, 4, 2))[::2, :, 1], np.asfortranarray(np.arange(6).reshape(2, 3)) > 2]
)
def test_any_layout_and_type(fd, given):
    mapped, array = MappedFile(fd), np.asarray(given)
    mapped.write(array, 7)
    np.testing.assert_array_equal(mapped.read(array.shape, array.dtype, 7), array)
