"""Arrays copied out of a program's memory, and through the files where the system does not let prbench read there."""

from __future__ import annotations

import os

import numpy as np
import pytest
import standin

import prbench
from prbench.contestants import memory_reader
from prbench.contestants.link import BadAnswer
from prbench.contestants.memory_reader import MemoryReader
from prbench.contestants.solver import end_programs
from prbench.tasks.far_field.conformance import conformance

HELD = np.arange(12, dtype="<f4")
LIE = "sys.modules['__main__']._Server._addressed = lambda *_: [{}]".format(
    {"name": "object", "dtype": "<c8", "shape": [4, 4], "address": 16}
)


@pytest.fixture
def readable():
    """Skipped where the system has no such call, or forbids it."""
    if MemoryReader(os.getpid()).read(HELD.shape, HELD.dtype, HELD.ctypes.data) is None:
        pytest.skip("this system does not let a process read another's memory")


@pytest.fixture(autouse=True)
def ended():
    yield
    end_programs()


@pytest.mark.usefixtures("readable")
def test_what_is_read_is_a_copy_of_what_stands_there():
    held = np.arange(12, dtype="<f4")
    found = MemoryReader(os.getpid()).read((3, 2), np.dtype("<f4"), held.ctypes.data + 8)
    held[:] = 0
    np.testing.assert_array_equal(found, [[2, 3], [4, 5], [6, 7]])


@pytest.mark.parametrize("address", [16, -1, 1 << 70])
def test_what_is_not_there_is_none(address):
    assert MemoryReader(os.getpid()).read((4,), np.dtype("f8"), address) is None


@pytest.mark.usefixtures("readable")
def test_a_program_is_recognised_by_what_it_holds():
    reader, address = MemoryReader(os.getpid()), HELD.ctypes.data
    assert reader.finds({"address": address, "holds": HELD.tobytes().hex()})
    assert not reader.finds({"address": address + 4, "holds": HELD.tobytes().hex()})
    assert not reader.finds({"address": address, "holds": ""})
    assert not reader.finds({"address": "there", "holds": "00"})
    assert not reader.finds([1])


@pytest.mark.parametrize("kind", ["works", "whole"])
def test_answers_are_the_same_through_the_files(tmp_path, monkeypatch, kind):
    path, y = standin.write(tmp_path, kind), conformance()[0].problem.measurement
    found = prbench.solve(path, y).reconstruction
    end_programs()
    monkeypatch.setattr(memory_reader, "_system_call", lambda: None)
    through = prbench.solve(path, y).reconstruction
    assert found.object.flags.owndata or found.object.base.flags.owndata
    np.testing.assert_array_equal(through.object, found.object)
    for name in {*found.aux} - {"process"}:
        np.testing.assert_array_equal(through.aux[name], found.aux[name])


@pytest.mark.usefixtures("readable")
def test_an_address_that_is_not_its_own_is_no_answer(tmp_path, monkeypatch):
    monkeypatch.setitem(standin.BODIES, "elsewhere", LIE)
    with pytest.raises(BadAnswer, match=r"\bobject\b.*\b16\b"):
        prbench.solve(standin.write(tmp_path, "elsewhere"), conformance()[0].problem.measurement)
