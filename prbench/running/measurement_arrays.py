"""A measurement as plain values and arrays, and back: what another process needs to solve it, and nothing besides."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from prbench.backend import Counters, get_backend
from prbench.core import Measurement
from prbench.core.registry import module_of_file
from prbench.errors import PrbenchError

_OWN = ("backend", "counters")


def measurement_to_plain(y: Measurement) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What a header holds of a measurement, and its arrays on the host.

    Raises:
        PrbenchError: where a field is neither an array nor plain.
    """
    arrays = {name: y.backend.to_numpy(array) for name in y.arrays if (array := getattr(y, name)) is not None}
    values = {name: _plain(name, getattr(y, name)) for name in _fields(type(y)) if name not in y.arrays}
    return {"class": class_reference(type(y)), "values": values, "precision": y.backend.precision}, arrays


def measurement_of_plain(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Measurement:
    """The inverse of :func:`measurement_to_plain`; nothing is checked again."""
    kind = class_of(header["class"])
    y: Measurement = object.__new__(kind)
    for name in _fields(kind):
        value = arrays.get(name) if name in kind.arrays else _restored(header["values"][name])
        object.__setattr__(y, name, value)
    object.__setattr__(y, "backend", get_backend("numpy", header["precision"]))
    object.__setattr__(y, "counters", Counters())
    return y


def disturbed(y: Measurement, number: int) -> Measurement:
    """The measurement with the last bit of about half of its floating-point values flipped, as ``number`` says.

    Zeros and what is not finite stay. No method can tell the difference but one that recognises what it has seen.
    """
    rng = np.random.default_rng(number)
    changes = {}
    for name in y.arrays:
        array = getattr(y, name)
        if isinstance(array, np.ndarray) and array.dtype.kind == "f":
            bits = np.ascontiguousarray(array).reshape(array.shape).view(f"u{array.dtype.itemsize}")
            flips = rng.integers(0, 2, array.shape, np.uint8)
            flips[(array == 0) | ~np.isfinite(array)] = 0
            changes[name] = (bits ^ flips).view(array.dtype)
    return y._derived(**changes)  # noqa: SLF001 - a copy that is not validated again


def mirrored(y: Measurement) -> Measurement:
    """The measurement with every array in reverse order: of the same kind and size, and another one, to start up with."""
    return y._derived(  # noqa: SLF001 - a copy that is not validated again
        **{
            name: np.ascontiguousarray(array[(slice(None, None, -1),) * array.ndim])
            for name in y.arrays
            if isinstance(array := getattr(y, name), np.ndarray)
        }
    )


@cache
def _fields(kind: type[Measurement]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind) if field.name not in _OWN)


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, tuple | list):
        return [_plain(name, item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise PrbenchError(f"{name} of a measurement is a {type(value).__name__}; name it in `arrays`, or make it a plain value")


def _restored(value: Any) -> Any:
    return tuple(map(_restored, value)) if isinstance(value, list) else value


def class_reference(kind: type) -> str:
    """How another process finds a class: ``package.module:Class``, or ``/path/to/file.py:Class``."""
    module = sys.modules[kind.__module__]
    if kind.__module__.startswith("_prbench_file_"):
        return f"{Path(str(module.__file__)).resolve()}:{kind.__qualname__}"
    return f"{kind.__module__}:{kind.__qualname__}"


@cache
def class_of(reference: str) -> Any:
    """The inverse of :func:`class_reference`."""
    module, _, name = reference.rpartition(":")
    return getattr(module_of_file(Path(module)) if module.endswith(".py") else importlib.import_module(module), name)
