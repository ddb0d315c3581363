"""Paths to a GPU without one: a stand-in for cupy checks calls and memory, and the measuring script runs on the CPU."""

from __future__ import annotations

import json
import subprocess
import sys
import types
from pathlib import Path

import pytest

from prbench.backend import Backend, cupy_memory

ROOT = Path(__file__).parents[2]


class Pool:
    """A memory pool that keeps what it was given, as cupy's does."""

    def __init__(self) -> None:
        self.used = self.held = 0

    def used_bytes(self) -> int:
        return self.used

    def total_bytes(self) -> int:
        return self.held


@pytest.fixture
def cupy(monkeypatch):
    """A module with cupy's names for devices and memory."""
    module, pool, hooks = types.ModuleType("cupy"), Pool(), []

    class MemoryHook:
        def __enter__(self):
            hooks.append(self)
            return self

    def take(size: int) -> None:
        pool.used += size
        pool.held = max(pool.held, pool.used)
        for hook in hooks:
            hook.malloc_postprocess(device_id=0, size=size, mem_size=size, mem_ptr=1, pmem_id=1)

    def give_back(size: int) -> None:
        pool.used -= size

    module.get_default_memory_pool = lambda: pool
    runtime = types.SimpleNamespace(getDeviceProperties=lambda device: {"name": b"NVIDIA H200"}, getDeviceCount=lambda: 1)
    module.cuda = types.SimpleNamespace(MemoryHook=MemoryHook, runtime=runtime, Device=lambda: types.SimpleNamespace(id=0))
    module.take, module.give_back = take, give_back
    monkeypatch.setitem(sys.modules, "cupy", module)
    monkeypatch.setattr(cupy_memory, "_meters", [])
    return module


def test_the_peak_is_what_was_in_use_not_what_the_pool_holds(cupy):
    backend = Backend("cupy", "cuda", "single")
    cupy.take(1000)
    cupy.give_back(900)
    backend.reset_peak_memory()
    cupy.take(300)
    cupy.give_back(300)
    cupy.take(50)
    assert cupy.get_default_memory_pool().total_bytes() == 1000
    assert backend.peak_memory() == 400
    backend.reset_peak_memory()
    assert backend.peak_memory() == 150
    cupy.take(10)
    assert backend.peak_memory() == 160


def test_the_model_of_cupys_gpu_is_told_without_torch(cupy, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # an import of torch fails
    assert Backend("cupy", "cuda", "single").device_class == "cuda:NVIDIA H200"


def test_the_measuring_script_agrees_with_numpy_on_a_cpu(tmp_path):
    out = tmp_path / "gpu.json"
    call = [sys.executable, str(ROOT / "tests/gpu/measure.py"), str(out), "--libraries", "torch", "--small"]
    done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=300, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(out.read_text())
    assert result["agrees"] is True
    assert set(result["libraries"]) == {"torch"}
    assert all(ratio > 0.5 for ratio in result["libraries"]["torch"]["hio_iteration_in_fft_pairs"].values())


def test_the_measuring_script_fails_where_the_gpu_is_missing(tmp_path):
    out = tmp_path / "gpu.json"
    call = [sys.executable, str(ROOT / "tests/gpu/measure.py"), str(out), "--libraries", "cupy", "--small"]
    try:
        import cupy  # noqa: F401
    except ImportError:
        done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=300, cwd=ROOT)
        assert done.returncode == 1
        assert "missing" in json.loads(out.read_text())["libraries"]["cupy"]
    else:
        pytest.skip("cupy is installed")
