"""What a number depends on besides code and settings: versions and hardware."""

from __future__ import annotations

import os
import platform
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from prbench.backend import physical_cores
from prbench.backend.fft_threads import processor_name

_PACKAGES = ("prbench", "numpy", "scipy", "torch", "numba", "cupy-cuda13x", "array-api-compat", "scikit-image", "h5py", "pandas")


def environment(gpu: str | None = None) -> dict[str, Any]:
    """Python, packages, processor, memory and the GPU, as ``gpu`` names it or torch, where it is in use; plain values."""
    return {**_environment(), "gpu": gpu or gpu_name()}


@cache
def _environment() -> dict[str, Any]:
    import psutil

    return {
        "python": platform.python_version(),
        "packages": {name: result for name in _PACKAGES if (result := _version(name))},
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "processor": processor_name(),
        "cores": physical_cores(),
        "memory_bytes": psutil.virtual_memory().total,
    }


def available_memory() -> int:
    """Bytes of memory this process and its children may still take: free on the machine, and within a container's limit."""
    import psutil

    free = int(psutil.virtual_memory().available)
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if limit.exists() and (text := limit.read_text().strip()).isdigit():
        free = min(free, int(text) - int(used.read_text()))
    return max(free, 0)


def visible_gpus() -> tuple[str, ...]:
    """The GPUs that this process may use, as ``CUDA_VISIBLE_DEVICES`` names them; empty where torch sees none."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return tuple(filter(None, (name.strip() for name in named.split(","))))
    torch = sys.modules.get("torch")
    return tuple(map(str, range(torch.cuda.device_count()))) if torch is not None else ()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def gpu_name() -> str | None:
    """The GPU that torch computes on in this process; None where it does not, or sees none."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}"
