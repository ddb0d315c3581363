"""What a machine offers to prbench, for ``prbench doctor``."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

from prbench.errors import one_line
from prbench.hints import install_hint


@dataclass(frozen=True)
class MachineFact:
    """One line: ``ok`` where all is well, ``-`` where something optional is absent, ``!`` where something is wrong."""

    mark: Literal["ok", "-", "!"]
    name: str
    result: str


def examine() -> Iterator[tuple[str, list[MachineFact]]]:
    """Sections of findings, each computed when asked for."""
    yield "versions", _versions()
    yield "processor", _processor()
    yield "libraries", _libraries()
    yield "GPU", _gpu()
    yield "extras", _extras()
    yield "plug-ins", _plugins()
    yield "data", _data()


def _requirements() -> Iterator[tuple[str, str]]:
    """Names of required distributions, each with its extra or an empty string."""
    for line in metadata.requires("prbench") or []:
        name = re.match(r"[A-Za-z0-9._-]+", line)
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", line)
        if name:
            yield name.group(), extra.group(1) if extra else ""


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _versions() -> list[MachineFact]:
    result = [MachineFact("ok", "prbench", _version("prbench") or "?"), MachineFact("ok", "python", platform.python_version())]
    result.append(MachineFact("ok", "system", f"{platform.system()} {platform.release()} {platform.machine()}"))
    for name, extra in _requirements():
        if not extra:
            version = _version(name)
            result.append(MachineFact("ok", name, version) if version else MachineFact("!", name, f"missing: pip install {name}"))
    return result


def _processor() -> list[MachineFact]:
    import psutil

    from prbench.backend import get_threads, physical_cores

    memory = psutil.virtual_memory()
    limits = [f"{name}={os.environ[name]}" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS") if name in os.environ]
    return [
        MachineFact("ok", "cores", f"{physical_cores()} usable, {os.cpu_count()} logical"),
        MachineFact("ok", "threads", f"{get_threads()} in one process{': ' + ', '.join(limits) if limits else ''}"),
        MachineFact("ok", "memory", f"{memory.total / 2**30:.1f} GiB, {memory.available / 2**30:.1f} GiB available"),
    ]


def _libraries() -> list[MachineFact]:
    import numpy as np
    import torch

    blas = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    mkl = "USE_MKL=ON" in torch.__config__.show()
    return [
        MachineFact("ok", "numpy BLAS", f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()),
        MachineFact("ok", "numpy FFT", f"pocketfft of scipy {_version('scipy')}"),
        MachineFact("ok" if mkl else "-", "torch FFT", "MKL" if mkl else "pocketfft, slower than MKL"),
        MachineFact("ok", "torch CPU", torch.backends.cpu.get_cpu_capability()),
        MachineFact("ok", "numba", _numba_threading()),
    ]


def _numba_threading() -> str:
    import numba
    from numba.np.ufunc.parallel import threading_layer

    @numba.njit(parallel=True)  # type: ignore[untyped-decorator,unused-ignore]
    def start(n: int) -> int:
        total = 0
        for i in numba.prange(n):
            total += i
        return total

    start(1)
    return f"{threading_layer()} threads"  # type: ignore[no-untyped-call,unused-ignore]


def _gpu() -> list[MachineFact]:
    import torch

    from prbench.backend import get_backend
    from prbench.errors import MissingDependency

    result = []
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(i)
            result.append(MachineFact("ok", f"torch:cuda {i}", f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"))
    elif torch.version.cuda is None:
        result.append(MachineFact("-", "torch:cuda", "this torch is built for CPUs; a CUDA build comes from pytorch.org"))
    else:
        result.append(MachineFact("-", "torch:cuda", f"torch is built for CUDA {torch.version.cuda} and sees no GPU"))
    try:
        get_backend("cupy")
        result.append(MachineFact("ok", "cupy", "usable"))
    except MissingDependency as error:
        result.append(MachineFact("-", "cupy", str(error)))
    return result


def missing_of(extra: str) -> list[str]:
    """The distributions of an extra that are not installed."""
    return [name for name, of in _requirements() if of == extra and _version(name) is None]


_FOR_TESTS = ("iqa", "mesh-check", "test")
"""Extras that no command of prbench uses."""


def _extras() -> list[MachineFact]:
    extras: dict[str, list[str]] = {}
    for name, extra in _requirements():
        if extra:
            extras.setdefault(extra, []).append(name)
    result = []
    for extra, names in extras.items():
        if missing := missing_of(extra):
            absent = f"missing {', '.join(missing)}{', which only tests use' if extra in _FOR_TESTS else ''}"
            result.append(MachineFact("-", extra, f"{absent}: {install_hint(extra)}"))
        else:
            result.append(MachineFact("ok", extra, ", ".join(f"{name} {_version(name)}" for name in names)))
    return result


def _plugins() -> list[MachineFact]:
    from .kinds import KINDS
    from .listing import imported_line, listing

    result = []
    for kind in KINDS:
        lines = [line if line.broken else imported_line(kind, line.name) for line in listing((kind,))]
        result.append(MachineFact("ok", f"{kind}s", f"{sum(not line.broken for line in lines)} known and usable"))
        result += [MachineFact("!", line.name, one_line(line.broken)) for line in lines if line.broken]
    result.append(MachineFact("ok", "python path", sys.executable))
    return result


def _data() -> list[MachineFact]:
    from prbench.core.data_files import data_folder

    from .data import needs

    result = [MachineFact("ok", "folder", f"{data_folder()}; PRBENCH_DATA names another")]
    files: dict[str, list[bool]] = {}
    urls: dict[str, bool] = {}
    for need in needs():
        files.setdefault(need.dataset, []).append(need.present)
        urls[need.dataset] = need.file.is_public
    for dataset, present in files.items():
        if all(present):
            result.append(MachineFact("ok", dataset, f"{len(present)} file{'s' * (len(present) > 1)}"))
        else:
            how = (
                f"`prbench data get {dataset}`" if urls[dataset] else "no public address; `prbench data get` tells how it is made"
            )
            result.append(MachineFact("-", dataset, f"{present.count(False)} of {len(present)} files absent: {how}"))
    return result
