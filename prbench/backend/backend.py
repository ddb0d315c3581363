"""An array library on a device: what a measurement and a classical solver compute with.

``numpy`` transforms with scipy's FFT, ``torch`` with MKL on a CPU and cuFFT on a GPU, ``cupy`` with cuFFT. All three are reached
through the array-API namespace ``backend.xp`` and the few methods here. On a CPU the methods are quicker than ``torch.fft`` (see
:mod:`.plans`); :func:`library_pair` is the pair of plain calls in which costs are counted.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from prbench.errors import MissingDependency, UsageError
from prbench.hints import install_hint

from . import cupy_memory, plans
from .clock import Clock
from .fft_threads import parallel_from
from .threads import get_threads

Array = Any
Precision = Literal["single", "double"]
BACKENDS = ("auto", "numpy", "torch", "torch:cuda", "cupy")


@dataclass(frozen=True)
class Backend:
    """One array library on one device with one floating-point precision.

    Attributes:
        library: ``numpy``, ``torch`` or ``cupy``.
        device: ``cpu`` or ``cuda``.
        precision: ``single`` (float32, complex64) or ``double``.
    """

    library: str
    device: str = "cpu"
    precision: Precision = "single"

    @property
    def name(self) -> str:
        """The spelling a user gives, such as ``torch:cuda``."""
        return "torch:cuda" if (self.library, self.device) == ("torch", "cuda") else self.library

    @cached_property
    def xp(self) -> Any:
        """The array-API namespace."""
        return importlib.import_module(f"array_api_compat.{self.library}")

    @cached_property
    def real(self) -> Any:
        """The real dtype of this precision, in the namespace's own terms."""
        return self.xp.float32 if self.precision == "single" else self.xp.float64

    @cached_property
    def complex(self) -> Any:
        """The complex dtype of this precision."""
        return self.xp.complex64 if self.precision == "single" else self.xp.complex128

    def asarray(self, array: Array, dtype: Any = None) -> Array:
        """Copy a host array to the device, as ``dtype`` where given; floating dtypes follow the precision otherwise."""
        host = np.asarray(array)
        if dtype is None:
            dtype = {"f": self.real, "c": self.complex}.get(host.dtype.kind)
        if self.library == "torch":
            import torch

            return torch.asarray(np.ascontiguousarray(host), dtype=dtype, device=self.device, copy=True)
        return self.xp.asarray(host, dtype=dtype, copy=True)

    def to_numpy(self, array: Array) -> np.ndarray:
        """Copy a device array to the host; host arrays are returned as they are."""
        if isinstance(array, np.ndarray):
            return array
        if type(array).__module__.startswith("torch"):
            return np.asarray(array.detach().cpu().resolve_conj().numpy())
        if type(array).__module__.startswith("cupy"):
            return np.asarray(array.get())
        return np.asarray(array)

    def empty(self, shape: Sequence[int], dtype: Any) -> Array:
        """An uninitialised array on the device."""
        return self.xp.empty(tuple(shape), dtype=dtype, **self._target)

    def zeros(self, shape: Sequence[int], dtype: Any) -> Array:
        """An array of zeros on the device."""
        return self.xp.zeros(tuple(shape), dtype=dtype, **self._target)

    @property
    def _target(self) -> dict[str, Any]:
        return {"device": self.device} if self.library == "torch" else {}

    def fftn(self, x: Array, ndim: int, *, out: Array | None = None) -> Array:
        """Unnormalised forward FFT over the last ``ndim`` axes; ``out`` may be used for the result."""
        axes = tuple(range(-ndim, 0))
        if self.library == "numpy":
            import scipy.fft

            return scipy.fft.fftn(x, axes=axes, workers=_fft_threads(x))
        if self.library == "torch":
            import torch

            result = plans.complex_transform(x, ndim, out, inverse=False)
            return torch.fft.fftn(x, dim=axes, out=out) if result is None else result
        return self.xp.fft.fftn(x, axes=axes)

    def ifftn(self, x: Array, ndim: int, *, normalised: bool = True, out: Array | None = None) -> Array:
        """Inverse FFT over the last ``ndim`` axes, with the factor 1/N unless ``normalised`` is false.

        ``x`` may be overwritten when ``normalised`` is false: an iteration folds 1/N into another pass and reuses its arrays.
        """
        axes = tuple(range(-ndim, 0))
        norm = "backward" if normalised else "forward"
        if self.library == "numpy":
            import scipy.fft

            return scipy.fft.ifftn(x, axes=axes, norm=norm, overwrite_x=not normalised, workers=_fft_threads(x))
        if self.library == "torch":
            import torch

            scale = 1.0 / math.prod(x.shape[-ndim:]) if normalised else 1.0
            result = plans.complex_transform(x, ndim, out, inverse=True, scale=scale)
            return torch.fft.ifftn(x, dim=axes, norm=norm, out=out) if result is None else result
        return self.xp.fft.ifftn(x, axes=axes, norm=norm)

    def rfftn(self, x: Array, ndim: int) -> Array:
        """Unnormalised forward FFT of real arrays over the last ``ndim`` axes."""
        axes = tuple(range(-ndim, 0))
        if self.library == "numpy":
            import scipy.fft

            return scipy.fft.rfftn(x, axes=axes, workers=_fft_threads(x))
        if self.library == "torch":
            import torch

            result = plans.real_transform(x, ndim)
            return torch.fft.rfftn(x, dim=axes) if result is None else result
        return self.xp.fft.rfftn(x, axes=axes)

    def irfftn(self, x: Array, shape: Sequence[int], *, hermitian: bool = False) -> Array:
        """Normalised inverse of :meth:`rfftn`, to real arrays whose last axes have ``shape``; ``x`` may be overwritten.

        ``hermitian`` says that ``x`` is the spectrum of real arrays but for rounding, for which there is a quicker way.
        """
        axes = tuple(range(-len(shape), 0))
        if self.library == "numpy":
            import scipy.fft

            return scipy.fft.irfftn(x, s=tuple(shape), axes=axes, overwrite_x=True, workers=_fft_threads(x))
        if self.library == "torch":
            import torch

            result = plans.real_inverse(x, tuple(shape), 1.0 / math.prod(shape)) if hermitian else None
            return torch.fft.irfftn(x, s=tuple(shape), dim=axes) if result is None else result
        return self.xp.fft.irfftn(x, s=tuple(shape), axes=axes)

    def synchronize(self) -> None:
        """Wait until the device has finished what it was given, so that a clock tells the truth."""
        if self.device == "cpu":
            return
        if self.library == "torch":
            import torch

            torch.cuda.synchronize()
        else:
            import cupy

            cupy.cuda.get_current_stream().synchronize()

    @property
    def device_class(self) -> str:
        """``cpu``, or the model of the GPU: what a stored time depends on besides the code."""
        if self.device == "cpu":
            return "cpu"
        if self.library == "cupy":
            import cupy

            name = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)["name"]
            return f"cuda:{name.decode() if isinstance(name, bytes) else name}"
        import torch

        return f"cuda:{torch.cuda.get_device_name()}"

    def reset_peak_memory(self) -> None:
        """Start counting device memory from now."""
        if self.library == "torch" and self.device == "cuda":
            import torch

            torch.cuda.reset_peak_memory_stats()
        elif self.library == "cupy":
            cupy_memory.reset_peak()

    def peak_memory(self) -> int | None:
        """Bytes of device memory at the highest since :meth:`reset_peak_memory`, or None on a CPU."""
        if self.device == "cpu":
            return None
        if self.library == "torch":
            import torch

            return int(torch.cuda.max_memory_allocated())
        return cupy_memory.peak()


def _fft_threads(x: Array) -> int:
    """Threads of a transform on the host: on a small array a second one costs more than it saves, most on a busy machine."""
    threads = get_threads()
    return threads if threads > 1 and x.size >= parallel_from(threads) else 1


def get_backend(name: str = "auto", precision: Precision = "single") -> Backend:
    """The backend of a name: ``auto``, ``numpy``, ``torch``, ``torch:cuda`` or ``cupy``.

    ``auto`` is torch, on the GPU where torch sees one: on a CPU its FFT is the fastest of the three libraries'.

    Raises:
        UsageError: for an unknown name.
        MissingDependency: where the library or the device is not there.
    """
    if name not in BACKENDS:
        raise UsageError(f"backend must be one of {', '.join(BACKENDS)}, got {name!r}")
    if name == "numpy":
        if (threads := get_threads()) > 1:
            parallel_from(threads)  # before any clock runs
        return Backend("numpy", "cpu", precision)
    if name == "cupy":
        try:
            import cupy

            cupy.cuda.runtime.getDeviceCount()
        except Exception as error:
            raise MissingDependency(
                f"backend cupy needs a CUDA GPU and cupy ({type(error).__name__}); {install_hint('cuda')}"
            ) from error
        return Backend("cupy", "cuda", precision)
    import torch

    cuda = torch.cuda.is_available()
    if name == "torch:cuda" and not cuda:
        raise MissingDependency("backend torch:cuda needs a GPU that torch can see; `prbench doctor` tells what it sees")
    device = "cuda" if cuda and name != "torch" else "cpu"
    if device == "cpu" and torch.get_num_threads() != (threads := get_threads()):
        torch.set_num_threads(threads)
    return Backend("torch", device, precision)


_ENOUGH_PAIRS, _PAIRS_S = 5, 0.1
"""Pairs after which a timing may end before all its repeats, once it has taken so many seconds."""


def library_pair(backend: Backend, shape: Sequence[int], starts: int = 1) -> Callable[[], object]:
    """A call of one forward and one inverse FFT of a complex array of ``shape``, into arrays that are there already.

    These are the library's own calls, ``torch.fft`` with its ``out``, whatever :meth:`Backend.fftn` does to be quicker: a unit of
    cost must not change with what is measured in it.

    Args:
        backend: the library, device and precision.
        shape: of one array.
        starts: arrays that are transformed together.
    """
    ndim = len(shape)
    x = backend.zeros((starts, *shape), backend.complex) + 1
    spectrum, back = backend.empty(x.shape, backend.complex), backend.empty(x.shape, backend.complex)
    if backend.library != "torch":
        return lambda: backend.ifftn(backend.fftn(x, ndim), ndim, normalised=False)
    import torch

    axes = tuple(range(-ndim, 0))
    return lambda: torch.fft.ifftn(torch.fft.fftn(x, dim=axes, out=spectrum), dim=axes, norm="forward", out=back)


def fft_pair_seconds(backend: Backend, shape: Sequence[int], repeats: int = 5) -> float:
    """Median time of one forward and one inverse FFT of one complex array of ``shape``: the unit of ``latency_fft``.

    Uses the same library, device and threads as the solve beside which it is measured.
    """
    return fft_pair_times(backend, shape, repeats)[0]


def fft_pair_times(backend: Backend, shape: Sequence[int], repeats: int = 5) -> tuple[float, float]:
    """As :func:`fft_pair_seconds`, median wall time and least processor time, which other load only adds to; seconds.

    On a device other than the processor both are the wall time.
    """
    pair = library_pair(backend, shape)
    times, worked = [], []
    for _ in range(repeats + 1):
        with Clock(backend.synchronize) as clock:
            pair()
        times.append(clock.seconds)
        worked.append(clock.processor_s)
        if len(times) > _ENOUGH_PAIRS and sum(times) > _PAIRS_S:
            break
    if not math.prod(shape):
        return 0.0, 0.0
    wall = float(np.median(times[1:]))
    return wall, float(np.min(worked[1:])) if backend.device == "cpu" else wall
