"""Pointwise formulas, written once as an expression and fused into a single pass over memory.

An iteration of a projection algorithm is two FFTs and two formulas evaluated at every pixel. As separate array operations the
formulas cost as much as the FFTs, because each one reads and writes the whole array; fused, they cost a few percent.

A formula is a function of scalars, straight-line arithmetic with the primitives of this module::

    @pointwise
    def relax(g, p, inside, c, d):
        return where(inside > 0, p, c * g + d * p)

    g = relax(g, p, support, 1.0, -0.9, out=g)

On numpy and on torch's CPU tensors it is compiled by numba, on cupy by ``cupy.fuse``, and on torch's GPU tensors it is evaluated
by torch. Rules that keep the compiled loop in single precision and in vector registers: no float literals (pass them as
arguments), :func:`where` instead of ``if``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any, cast

import numpy as np

from .threads import follow_threads, get_threads

Array = Any

_PARALLEL_FROM = 1 << 19
"""Elements from which several threads pay: below, the arrays sit in cache and waking threads costs more than the pass."""

_SCALARS = (int, float, np.generic)
_REAL: dict[str, Any] = {"f": np.float32, "F": np.float32, "d": np.float64, "D": np.float64}
"""The type that scalars get beside an array, by the code of the array's type."""


def where(condition: Any, yes: Any, no: Any) -> Any:  # noqa: ARG001 - a name for formulas
    """``yes`` where ``condition`` holds, else ``no``."""
    raise RuntimeError("primitives have a meaning only inside a @pointwise formula")


def sqrt(x: Any) -> Any:  # noqa: ARG001 - a name for formulas
    """The square root of a real number."""
    raise RuntimeError("primitives have a meaning only inside a @pointwise formula")


def abs2(z: Any) -> Any:  # noqa: ARG001 - a name for formulas
    """``|z|^2`` without the square root that ``abs`` would take."""
    raise RuntimeError("primitives have a meaning only inside a @pointwise formula")


class Pointwise:
    """A formula with its compiled forms; see :func:`pointwise`."""

    def __init__(self, formula: Callable[..., Any]) -> None:
        self.formula = cast("FunctionType", formula)
        self.__doc__ = formula.__doc__
        self.__name__ = self.formula.__name__
        self._fused: Any = None

    def __call__(self, *args: Array | float, out: Array) -> Array:
        """Evaluate over the elements of ``out`` and return the result, which may or may not live in ``out``.

        Args:
            args: scalars, or contiguous arrays of the shape of ``out``, or of that shape without its leading (batch)
                axis or with that axis of length one.
            out: contiguous array that may be overwritten; may be one of ``args``.

        Raises:
            ValueError: for an ``out`` on a CPU that is not contiguous.
        """
        view = _host_view(out)
        if view is not None:
            self._run_compiled(view, out, args)
            return out
        if type(out).__module__.startswith("torch"):
            return out.copy_(self.with_primitives(_torch_primitives())(*args))
        if self._fused is None:
            self._fused = _fuse_cupy(self)
        return self._fused(*args)

    def total(self, *args: Array | float, over: Array) -> float:
        """The sum of a real formula over the elements of ``over``, without an array of its values.

        Pieces of 16384 elements are summed in the precision of ``over`` and added in double precision, always in the same order:
        the number of threads does not change a bit.

        Args:
            args: as in a call, with ``over`` in the place of ``out``.
            over: array that is only read; usually one of ``args``.
        """
        view = _host_view(over)
        if view is not None:
            return float(self._run_compiled(view, over, args, total=True))
        if type(over).__module__.startswith("torch"):
            import torch

            values = self.with_primitives(_torch_primitives())(*args)
            return float(values.expand(over.shape).sum(dtype=torch.float64))
        import cupy

        if self._fused is None:
            self._fused = _fuse_cupy(self)
        return float(cupy.broadcast_to(self._fused(*args), over.shape).sum(dtype=cupy.float64))

    def _run_compiled(self, view: np.ndarray, out: Array, args: tuple[Any, ...], *, total: bool = False) -> Any:
        if not (total or view.flags.c_contiguous):
            raise ValueError(f"{self.__name__}: out must be contiguous; results written to a copy of it would be lost")
        scalar = _REAL.get(view.dtype.char) or view.real.dtype.type
        n = view.size // view.shape[0] if view.ndim > 1 else view.size
        kinds, arrays = "", []
        for arg in args:
            if arg is out:
                kinds += "o"
            elif isinstance(arg, _SCALARS):
                kinds += "s"
                arrays.append(scalar(arg))
            else:
                kinds += "a"
                flat = arg if isinstance(arg, np.ndarray) else arg.numpy()
                arrays.append(flat if flat.ndim == 2 and flat.shape[1] == n else flat.reshape(-1, n))
        parallel = view.size >= _PARALLEL_FROM and get_threads() > 1
        if parallel:
            import numba

            follow_threads(numba)
        if total:
            return _compiled(self, kinds, parallel, total=True)(view.reshape(-1, n), scalar(0), *arrays)
        return _compiled(self, kinds, parallel)(view.reshape(-1, n), *arrays)

    def with_primitives(self, primitives: dict[str, Any]) -> Callable[..., Any]:
        """The formula with the primitives' names bound to what they mean in one array library."""
        return FunctionType(self.formula.__code__, {**self.formula.__globals__, **primitives}, self.__name__)


def _host_view(array: Array) -> np.ndarray | None:
    """An array on the host as numpy sees it; None for one on a device."""
    if isinstance(array, np.ndarray):
        return array
    view: np.ndarray | None = array.numpy() if getattr(array, "is_cpu", False) else None
    return view


def pointwise(formula: Callable[..., Any]) -> Pointwise:
    """Make a fused elementwise function of a scalar formula; called as ``f(*args, out=array)``."""
    return Pointwise(formula)


_SERIAL_LOOP = """
def {name}(out, {args}):
    for r in range(out.shape[0]):
        o = out[r]
{rows}
        for i in range(o.shape[0]):
            o[i] = formula({values})
"""

_PARALLEL_LOOP = """
def {name}(out, {args}):
    rows, n = out.shape
    pieces = (n + 16383) // 16384
    for t in prange(rows * pieces):
        r = t // pieces
        lo = (t - r * pieces) * n // pieces
        hi = (t - r * pieces + 1) * n // pieces
        o = out[r, lo:hi]
{rows}
        for i in range(hi - lo):
            o[i] = formula({values})
"""

_TOTAL_LOOP = """
def {name}(out, zero, {args}):
    rows, n = out.shape
    pieces = (n + 16383) // 16384
    sums = empty(rows * pieces)
    for t in prange(rows * pieces):
        r = t // pieces
        lo = (t - r * pieces) * n // pieces
        hi = (t - r * pieces + 1) * n // pieces
        o = out[r, lo:hi]
{rows}
        lanes = full(128, zero)
        whole = (hi - lo) // 128 * 128
        for first in range(0, whole, 128):
            for k in range(128):
                i = first + k
                lanes[k] += formula({values})
        found = zero
        for k in range(128):
            found += lanes[k]
        for i in range(whole, hi - lo):
            found += formula({values})
        sums[t] = found
    return sums.sum()
"""
"""Started from a zero of the arrays' precision: from a literal it would sum in double precision, at half the speed. The order of
additions is written out, in as many lanes as vector registers like: a compiler that may choose it chooses differently for one
thread and for several."""


@cache
def _compiled(owner: Pointwise, kinds: str, parallel: bool, total: bool = False) -> Callable[..., Any]:
    """The loop over ``kinds`` of arguments: ``o`` is the output itself, ``a`` another array, ``s`` a scalar.

    The output is told apart from other arrays because two names for the same memory would keep LLVM from vectorising.
    """
    import numba

    primitives = {"where": _numba_where(), "sqrt": math.sqrt, "abs2": _numba_abs2()}
    formula = numba.njit(inline="always", fastmath=True, error_model="numpy")(owner.with_primitives(primitives))
    names = [f"x{i}" for i, kind in enumerate(kinds) if kind != "o"]
    part = ", lo:hi]" if parallel or total else "]"
    rows = "\n".join(f"        y{i} = x{i}[r if x{i}.shape[0] > 1 else 0{part}" for i, kind in enumerate(kinds) if kind == "a")
    values = ", ".join({"o": "o[i]", "a": f"y{i}[i]", "s": f"x{i}"}[kind] for i, kind in enumerate(kinds))
    name = f"{owner.__name__}_{kinds}_{'total_' if total else ''}{'parallel' if parallel else 'serial'}"
    loop_text = _TOTAL_LOOP if total else _PARALLEL_LOOP if parallel else _SERIAL_LOOP
    source = loop_text.format(name=name, args=", ".join(names), rows=rows, values=values)
    # Numba caches machine code on disk under the file and line that a function claims to come from, and forgets it when that file
    # changes: the generated loop claims the formula's own.
    code = owner.formula.__code__
    namespace: dict[str, Any] = {"formula": formula, "prange": numba.prange, "empty": np.empty, "full": np.full}
    exec(compile("\n" * (code.co_firstlineno - 2) + source, code.co_filename, "exec"), namespace)  # noqa: S102 - text above
    loop = namespace[name]
    loop.__module__ = owner.formula.__module__
    jit = numba.njit(parallel=parallel, fastmath=not total, error_model="numpy", cache=True)
    return cast("Callable[..., Any]", jit(loop))


def forms_compiled() -> int:
    """How many loops this process has compiled or loaded so far; a time during which it grew holds that work as well."""
    return _compiled.cache_info().misses


@cache
def _numba_where() -> Any:
    import numba

    def select(condition: Any, yes: Any, no: Any) -> Any:
        return yes if condition else no

    return numba.njit(inline="always")(select)


@cache
def _numba_abs2() -> Any:
    import numba

    def squared_modulus(z: Any) -> Any:
        return z.real * z.real + z.imag * z.imag

    return numba.njit(inline="always", fastmath=True)(squared_modulus)


def _squared_modulus(z: Array) -> Array:
    return z.real * z.real + z.imag * z.imag


@cache
def _torch_primitives() -> dict[str, Any]:
    import torch

    return {"where": torch.where, "sqrt": torch.sqrt, "abs2": _squared_modulus}


def _fuse_cupy(owner: Pointwise) -> Callable[..., Any]:
    import cupy

    primitives = {"where": cupy.where, "sqrt": cupy.sqrt, "abs2": _squared_modulus}
    return cast("Callable[..., Any]", cupy.fuse(kernel_name=owner.__name__)(owner.with_primitives(primitives)))
