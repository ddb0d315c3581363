"""Three-dimensional runs take as many starts as memory holds, and say so where that is fewer than asked for."""

import dataclasses
import tracemalloc
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

import prbench
from prbench.algorithms.far_field._memory import FIXED, PER_START, fitting_starts
from prbench.backend import get_backend
from prbench.tasks.far_field import FarField

VOXELS = 16**3


def measured(ndim=3):
    x = np.zeros((16,) * ndim, complex)
    x[(slice(2, 7),) * ndim] = 1
    return FarField(np.fft.fftshift(np.abs(np.fft.fftn(x)) ** 2).astype(np.float32))


@pytest.fixture
def memory(monkeypatch):
    """Sets the bytes that seem to be free."""
    return lambda free: monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free, total=free))


@pytest.mark.parametrize(("held", "asked", "run"), [(3.5, 8, 3), (0.1, 8, 1), (100, 8, 8), (3.5, 2, 2)])
def test_the_batch_is_cut_to_what_fits(memory, held, asked, run):
    y = measured().to(get_backend("numpy"))
    memory((FIXED + held * PER_START) * VOXELS / 0.9)
    assert y.backend.precision == "single"
    assert fitting_starts(y, asked) == run


def test_images_are_never_cut(memory):
    memory(1)
    assert fitting_starts(measured(2).to(get_backend("numpy")), 64) == 64


def test_a_cut_batch_is_the_first_part_of_the_whole_one_and_is_said(memory):
    y = measured()
    spelled = "hio-er[recipe=10*HIO+5*ER,starts={},breed_every=0]"
    asked = prbench.solve(spelled.format(2), y).reconstruction
    assert "starts_cut" not in asked.aux
    memory(0)
    cut = prbench.solve(spelled.format(4), y).reconstruction
    assert tuple(cut.aux["starts_cut"]) == (1, 4)
    assert len(cut.aux["scores"]) == 1
    assert any("1 of 4 starts" in line for line in y.suspicions(cut))
    assert not any("starts" in line for line in y.suspicions(dataclasses.replace(cut, aux={})))


@pytest.mark.parametrize("more", ["", ",holdout=0.05"])
def test_the_estimate_covers_what_a_run_takes(more):
    """Of a run that scores, shrinks supports, breeds and cuts objects out; numpy tells every byte that it takes."""
    shape = (64, 64, 64)
    x = np.zeros(shape, np.complex64)
    x[4:25, 4:25, 4:25] = np.exp(1j * np.random.default_rng(0).random((21, 21, 21)))
    y = FarField(np.fft.fftshift(np.abs(np.fft.fftn(x)) ** 2).astype(np.float32))
    spelled = f"hio-er[recipe=1*ER+2*HIO+1*ER,update_every=1,breed_every=2,finalists=8,starts={{}}{more}]"
    taken = []
    prbench.solve(spelled.format(1), y, backend="numpy")  # what the first solve of a process compiles and keeps is no run's
    for starts in (4, 8):
        tracemalloc.start()
        prbench.solve(spelled.format(starts), y, backend="numpy")
        taken.append(tracemalloc.get_traced_memory()[1] / y.intensity.size)
        tracemalloc.stop()
    per_start = (taken[1] - taken[0]) / 4
    assert 15 < per_start <= PER_START  # two complex fields, 16 bytes; what both runs share goes up and down by half a byte
    assert taken[1] <= 8 * PER_START + FIXED
