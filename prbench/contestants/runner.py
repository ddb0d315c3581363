"""The program's end of the protocol for adapters in Python; run by its path, in the contestant's own interpreter.

It needs Python 3.8 and NumPy, nothing of prbench. Called as ``python runner.py ADAPTER FOLDER PARENT``: the adapter's file, the
folder with pipes and mapped files, and the process id of prbench, 0 where that is of another name space. See ``link.py``.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import mmap
import os
import platform
import random
import resource
import signal
import sys
import time
import traceback
from typing import Any

import numpy as np

PROTOCOL = 1
_ALIGNED = 64
_LONGEST_TRACEBACK = 10_000


def main() -> None:
    """Answer requests until prbench closes its end."""
    adapter_path, folder, parent = sys.argv[1], sys.argv[2], int(sys.argv[3])
    here = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120
    sys.path[:] = [path for path in sys.path if path != here]  # a program may have modules of the names that stand here
    _end_with_parent(parent)
    server = _Server(adapter_path, folder)
    for line in server.requests:
        if line.strip():
            server.answer(json.loads(line))


class _Server:
    def __init__(self, adapter_path: str, folder: str) -> None:
        self.requests = open(os.path.join(folder, "requests"), "rb")  # noqa: PTH118, PTH123, SIM115 - open to the end
        self._answers = os.open(os.path.join(folder, "answers"), os.O_WRONLY)  # noqa: PTH118
        self._sent = os.open(os.path.join(folder, "sent.bin"), os.O_RDWR)  # noqa: PTH118
        self._returned = os.open(os.path.join(folder, "returned.bin"), os.O_RDWR)  # noqa: PTH118
        self._mapped: Any = None
        self._held: list[Any] = []
        self._memory = _Memory()
        self._adapter_path = adapter_path
        self._adapter: Any = None

    def answer(self, request: dict[str, Any]) -> None:
        """Do what is asked; a failure is an answer too."""
        arrays: dict[str, Any] = {}
        self._held = []
        try:
            _check_protocol(request["protocol"])
            reply, arrays = getattr(self, "_" + request["do"])(request)
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - every way to fail is an answer
            text = "".join(traceback.format_exception(type(failure), failure, failure.__traceback__))
            kind = type(failure).__name__ if isinstance(failure, Exception) else "SystemExit"
            reply = {"error": {"type": kind, "message": str(failure)[:2000], "traceback": text[-_LONGEST_TRACEBACK:]}}
        reply["protocol"] = PROTOCOL
        reply["arrays"] = self._addressed(arrays) if request.get("in_place") else self._written(arrays)
        data = json.dumps(reply).encode() + b"\n"
        while data:
            data = data[os.write(self._answers, data) :]

    def _prepare(self, request: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        if self._adapter is None:
            spec: Any = importlib.util.spec_from_file_location("adapter", self._adapter_path)
            self._adapter = importlib.util.module_from_spec(spec)
            sys.path.insert(0, os.path.dirname(self._adapter_path))  # noqa: PTH120
            spec.loader.exec_module(self._adapter)
        if hasattr(self._adapter, "prepare"):
            self._adapter.prepare(request["settings"], request["device"])
        known = np.frombuffer(os.urandom(32), np.uint8)  # prbench tries whether it can read this process's memory
        self._held = [known]
        return {
            "version": str(self._adapter.version()),
            "python": platform.python_version(),
            "packages": _packages(),
            "memory": {"address": known.ctypes.data, "holds": known.tobytes().hex()},
        }, {}

    def _solve(self, request: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        measurement = dict(request["values"])
        measurement.update(self._read(request["arrays"]))
        np.random.seed(request["seed"] % 2**32)  # noqa: NPY002 - of packages that use the global source
        random.seed(request["seed"])
        before = self._memory.begin()
        processor, began = _processor_seconds(), time.perf_counter()
        found = dict(self._adapter.solve(measurement, request["settings"], request["seed"]))
        counts = found.pop("counts", {})
        arrays = {name: _plain(name, value) for name, value in found.items() if value is not None}
        wall, processor = time.perf_counter() - began, _processor_seconds() - processor
        peak = self._memory.highest()
        grown = None if before is None or peak is None else max(0, peak - before)
        counts = {name: int(value) for name, value in counts.items()}
        return {"wall_s": wall, "processor_s": processor, "counts": counts, "peak_memory": grown}, arrays

    def _read(self, listed: list[dict[str, Any]]) -> dict[str, Any]:
        size = os.fstat(self._sent).st_size
        if not size:
            return {}
        # Copy on write: what the adapter changes stays its own.
        shared = mmap.mmap(self._sent, size, access=mmap.ACCESS_COPY)
        return {
            told["name"]: np.frombuffer(shared, told["dtype"], int(np.prod(told["shape"])), told["offset"]).reshape(told["shape"])
            for told in listed
        }

    def _written(self, arrays: dict[str, Any]) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = []
        end = 0
        for name, given in arrays.items():
            array = np.ascontiguousarray(given).reshape(given.shape)
            if array.size:
                self._make_room(end + array.nbytes)
                np.copyto(np.ndarray(array.shape, array.dtype, self._mapped, end), array)
            listed.append({"name": name, "dtype": array.dtype.str, "shape": list(array.shape), "offset": end})
            end += -(-array.nbytes // _ALIGNED) * _ALIGNED
        return listed

    def _addressed(self, arrays: dict[str, Any]) -> list[dict[str, Any]]:
        """Arrays as they lie in this process's memory, from which prbench copies them; they stay until the next request."""
        listed: list[dict[str, Any]] = []
        for name, given in arrays.items():
            array = np.ascontiguousarray(given).reshape(given.shape)
            self._held.append(array)
            listed.append({"name": name, "dtype": array.dtype.str, "shape": list(array.shape), "address": array.ctypes.data})
        return listed

    def _make_room(self, size: int) -> None:
        """Map at least so many bytes of the file of answers. Its pages are taken first: to store into one that the system has no
        memory for would be a signal.
        """
        if self._mapped is None or len(self._mapped) < size:
            if os.fstat(self._returned).st_size < size:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(self._returned, 0, size)
                else:
                    os.ftruncate(self._returned, size)
            self._mapped = mmap.mmap(self._returned, 0, mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0))


def _check_protocol(spoken: int) -> None:
    if spoken != PROTOCOL:
        raise RuntimeError("prbench speaks protocol %s, this runner %s" % (spoken, PROTOCOL))  # noqa: UP031


def _plain(name: str, value: object) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        raise TypeError("%s must be an array of numbers, got %s of dtype %s" % (name, type(value).__name__, array.dtype))  # noqa: UP031
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def _packages() -> dict[str, str]:
    try:
        from importlib.metadata import distributions
    except ImportError:
        return {}
    return {str(found.metadata["Name"]): str(found.version) for found in distributions() if found.metadata["Name"]}


def _processor_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


class _Memory:
    """What this process holds in memory, where the system tells; the files stay open, for they are read around every solve."""

    def __init__(self) -> None:
        self._files: dict[str, int] = {}
        try:
            for name, flags in (("clear_refs", os.O_WRONLY), ("status", os.O_RDONLY)):
                self._files[name] = os.open("/proc/self/" + name, flags)
        except OSError:
            self._files = {}

    def begin(self) -> int | None:
        """Bytes resident now, the high-water mark reset; None where the system does not tell."""
        try:
            os.pwrite(self._files["clear_refs"], b"5", 0)
            return self._bytes_of(b"VmRSS:")
        except (OSError, KeyError):
            return None

    def highest(self) -> int | None:
        """Bytes resident at most since then."""
        try:
            return self._bytes_of(b"VmHWM:")
        except (OSError, KeyError):
            return None

    def _bytes_of(self, name: bytes) -> int | None:
        words = os.pread(self._files["status"], 1 << 14, 0).partition(name)[2].split(None, 1)
        return int(words[0]) * 1024 if words else None


def _end_with_parent(parent: int) -> None:
    if parent and sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


if __name__ == "__main__":
    main()
