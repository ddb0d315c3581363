"""FFTs of torch's tensors on the host by plans that are made once.

``torch.fft`` makes a new plan for every transform, and where it is given an ``out`` it copies the result there: together more
than half of the time of a 256x256 transform. The plans here are those of the same library, MKL as it is part of torch. They give
the same bits; real inverses agree up to rounding. Where torch was built with another FFT there are no plans: ``torch.fft`` does
the work.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

_DIMENSIONS = (2, 3)
_COMPLEX, _REAL = 32, 33
_SCALE = {False: 4, True: 5}
_COUNT, _STORAGE, _PLACEMENT, _INPUT_STRIDES, _OUTPUT_STRIDES, _INPUT_DISTANCE, _OUTPUT_DISTANCE = 7, 10, 11, 12, 13, 14, 15
_COMPLEX_HALF, _IN_PLACE, _OUT_OF_PLACE = 39, 43, 44
"""Values of Intel's ``mkl_dfti.h``."""


@dataclass(frozen=True)
class Transform:
    """What a plan is for.

    Attributes:
        shape: of one array, real where one side is.
        batch: arrays, one after another in memory.
        double: whether numbers are of double precision.
        real: between real arrays and the half of their spectra that ``rfftn`` has.
        inverse: which way.
        scale: factor of the result.
        in_place: whether the result replaces the argument.
        threads: that torch computes with when the plan is made.
    """

    shape: tuple[int, ...]
    batch: int
    double: bool
    real: bool
    inverse: bool
    scale: float
    in_place: bool
    threads: int


class MklPlan:
    """A committed plan; its memory is freed with it."""

    def __init__(self, library: Any, of: Transform) -> None:
        self._library = library
        self._handle = ctypes.c_void_p()
        create = getattr(library, f"DftiCreateDescriptor_{'d' if of.double else 's'}_md")
        lengths = (ctypes.c_long * len(of.shape))(*of.shape)
        domain = ctypes.c_int(_REAL if of.real else _COMPLEX)
        _succeed(create(ctypes.byref(self._handle), domain, ctypes.c_long(len(of.shape)), lengths))
        half = (*of.shape[:-1], of.shape[-1] // 2 + 1)
        source, target = (of.shape, half) if of.real else (of.shape, of.shape)
        if of.inverse:
            source, target = target, source
        self._set(_PLACEMENT, ctypes.c_int(_IN_PLACE if of.in_place else _OUT_OF_PLACE))
        self._set(_SCALE[of.inverse], ctypes.c_double(of.scale))
        if of.real:
            self._set(_STORAGE, ctypes.c_int(_COMPLEX_HALF))
            self._set(_INPUT_STRIDES, _strides(source))
            self._set(_OUTPUT_STRIDES, _strides(target))
        if of.batch > 1:
            self._set(_COUNT, ctypes.c_long(of.batch))
            self._set(_INPUT_DISTANCE, ctypes.c_long(math.prod(source)))
            self._set(_OUTPUT_DISTANCE, ctypes.c_long(math.prod(target)))
        _succeed(library.DftiCommitDescriptor(self._handle))
        self._compute = library.DftiComputeBackward if of.inverse else library.DftiComputeForward

    def _set(self, name: int, value: Any) -> None:
        _succeed(self._library.DftiSetValue(self._handle, ctypes.c_int(name), value))

    def run(self, source: int, target: int) -> None:
        """Transform the array at one address into the one at the other; the same for a plan in place."""
        _succeed(self._compute(self._handle, source, target))

    def __del__(self) -> None:
        if self._handle.value:
            self._library.DftiFreeDescriptor(ctypes.byref(self._handle))


def complex_transform(x: Any, ndim: int, out: Any, *, inverse: bool, scale: float = 1.0) -> Any:
    """The FFT of a complex tensor over its last ``ndim`` axes, times ``scale``, by a plan.

    Args:
        x: tensor on any device.
        ndim: number of axes.
        out: tensor that takes the result; may be ``x``. None for a new one.
        inverse: which way.
        scale: factor of the result.

    Returns:
        The result, or None where there is no plan for such tensors: ``torch.fft`` has to transform them then.
    """
    if ndim not in _DIMENSIONS or not (x.is_complex() and _plain(x)):
        return None
    if out is None:
        out = _torch().empty_like(x)
    elif out is not x and not (out.dtype == x.dtype and out.shape == x.shape and _plain(out)):
        return None
    return _run(x, out, tuple(x.shape), ndim, real=False, inverse=inverse, scale=scale)


def real_transform(x: Any, ndim: int) -> Any:
    """``rfftn`` of a real tensor over its last ``ndim`` axes by a plan, or None; see :func:`complex_transform`."""
    if ndim not in _DIMENSIONS or not (x.is_floating_point() and _plain(x)):
        return None
    torch, shape = _torch(), tuple(x.shape)
    out = torch.empty((*shape[:-1], shape[-1] // 2 + 1), dtype=torch.complex64 if x.element_size() == 4 else torch.complex128)
    return _run(x, out, shape, ndim, real=True, inverse=False, scale=1.0)


def real_inverse(x: Any, shape: tuple[int, ...], scale: float) -> Any:
    """``irfftn`` of a half spectrum to real arrays of ``shape``, times ``scale``, by a plan, or None; ``x`` is overwritten.

    Of numbers that are no real arrays' spectrum it makes other arrays than ``torch.fft``.
    """
    half = (*shape[:-1], shape[-1] // 2 + 1)
    if len(shape) not in _DIMENSIONS or tuple(x.shape[-len(shape) :]) != half or not (x.is_complex() and _plain(x)):
        return None
    torch, full = _torch(), (*x.shape[: -len(shape)], *shape)
    out = torch.empty(full, dtype=torch.float32 if x.element_size() == 8 else torch.float64)
    return _run(x, out, full, len(shape), real=True, inverse=True, scale=scale)


def _run(x: Any, out: Any, shape: tuple[int, ...], ndim: int, *, real: bool, inverse: bool, scale: float) -> Any:
    library = _mkl()
    if library is None or x.numel() == 0:
        return None
    source, target = x.data_ptr(), out.data_ptr()
    double = out.element_size() == (8 if real and inverse else 16)
    threads = _torch().get_num_threads()
    of = Transform(shape[-ndim:], math.prod(shape[:-ndim]), double, real, inverse, scale, source == target, threads)
    _plan(library, of).run(source, target)
    return out


def _plain(x: Any) -> bool:
    """Whether a tensor is plain memory: on the host, contiguous, no view that conjugates, not followed by autograd, and of single
    or double precision.
    """
    return bool(
        x.is_cpu
        and x.is_contiguous()
        and not x.requires_grad
        and not x.is_conj()
        and not x.is_neg()
        and x.element_size() in ((8, 16) if x.is_complex() else (4, 8))
    )


@lru_cache(maxsize=64)
def _plan(library: Any, of: Transform) -> MklPlan:
    return MklPlan(library, of)


@cache
def _torch() -> Any:
    import torch

    return torch


@cache
def _mkl() -> Any:
    """The library whose transforms torch uses, where it is MKL and its plans give what ``torch.fft`` gives; else None."""
    torch = _torch()
    if not torch.backends.mkl.is_available():
        return None
    for name in ("libtorch_cpu.so", "torch_cpu.dll"):
        path = Path(torch.__file__).parent / "lib" / name
        if path.is_file():
            library = ctypes.CDLL(str(path))
            return library if _declared(library) and _right(library) else None
    return None


def _declared(library: Any) -> bool:
    """Whether the library has the functions; says what they take and return."""
    names = ("CreateDescriptor_s_md", "CreateDescriptor_d_md", "SetValue", "CommitDescriptor", "FreeDescriptor")
    for name in (*names, "ComputeForward", "ComputeBackward"):
        function = getattr(library, f"Dfti{name}", None)
        if function is None:
            return False
        function.restype = ctypes.c_long
        if name.startswith("Compute"):
            function.argtypes = [ctypes.c_void_p] * 3
    return True


def _right(library: Any) -> bool:
    """Whether plans of every kind give what ``torch.fft`` gives."""
    torch = _torch()
    for real, of_complex in ((torch.float32, torch.complex64), (torch.float64, torch.complex128)):
        x = (torch.arange(24.0, dtype=real) ** 2 % 7).reshape(2, 3, 4)
        z, half = torch.complex(x, x.flip(2)), torch.fft.rfft2(x)
        cases = (
            (z, torch.fft.fft2(z), False, False),
            (z, torch.fft.ifft2(z), False, True),
            (x, half, True, False),
            (half.clone(), torch.fft.irfft2(half, s=(3, 4)), True, True),
        )
        for source, expected, is_real, inverse in cases:
            result = torch.empty_like(expected)
            of = Transform((3, 4), 2, of_complex == torch.complex128, is_real, inverse, 1 / 12 if inverse else 1.0, False, 1)
            MklPlan(library, of).run(source.data_ptr(), result.data_ptr())
            if not torch.allclose(result, expected, rtol=1e-4, atol=1e-4):
                return False
    return True


def _strides(shape: tuple[int, ...]) -> Any:
    """An offset of zero, then the strides of a contiguous array in elements."""
    return (ctypes.c_long * (len(shape) + 1))(0, *(math.prod(shape[axis + 1 :]) for axis in range(len(shape))))


def _succeed(status: int) -> None:
    if status:
        raise RuntimeError(f"MKL's FFT failed with status {status}")
