"""What a solver has left behind in its process: threads, alarms, changed functions, settings and global state.

A process in which something was left is replaced, so that the next cell finds what the first has found. What belongs to
libraries at work does not count: idle threads of their pools, variables that they add to the environment, modules they import.
"""

from __future__ import annotations

import gc
import os
import random
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import cached_property
from operator import is_
from types import ModuleType
from typing import Any

import numpy as np

_MODULES = (
    *("builtins", "gc", "json", "math", "os", "resource", "select", "signal", "struct", "sys", "threading", "time", "warnings"),
    *("numpy", "numpy.fft", "numpy.linalg", "numpy.random", "scipy.fft", "torch", "torch.fft", "torch.nn.functional", "numba"),
)
"""Modules whose functions must stay what they are, as must those of prbench itself."""
_OWN = ("prbench.running", "prbench.backend", "prbench.core", "prbench.tasks")
_DESCRIPTORS = (property, classmethod, staticmethod, cached_property)
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)


class Snapshot:
    """The state of this process before a solver runs; :meth:`changes` says how it differs afterwards."""

    def __init__(self) -> None:
        self._state = {name: read() for name, (read, _) in _STATE.items()}
        self._spaces = [_Space(name, space) for name, space in _spaces()]
        self._streams = sys.stdout, sys.stderr

    def changes(self) -> list[str]:
        """What differs, a few words each; at most ten."""
        result = [name for name, (read, same) in _STATE.items() if not _unchanged(self._state[name], read, same)]
        result += [f"{name} replaced" for name in self._replaced()]
        if any(signal.getitimer(timer)[0] for timer in _TIMERS):
            result.append("an alarm pending")
        if (sys.stdout, sys.stderr) != self._streams or any(stream.closed for stream in self._streams):
            result.append("standard output closed or replaced")
        return result[:10]

    def _replaced(self) -> Iterator[str]:
        for one in self._spaces:
            if not one.intact():
                yield from one.replaced()


class _Space:
    """The functions of a module or of a class; thousands are compared after each solve, by loops of the interpreter's own.

    All values are walked first, in their order, which takes a quarter of the time of looking functions up by name; only a module
    that holds something else than before is looked at by name.
    """

    def __init__(self, name: str, space: Any) -> None:
        self._name, self._now = name, vars(space)
        self._all = tuple(self._now.values())
        functions = {key: value for key, value in self._now.items() if callable(value) or isinstance(value, _DESCRIPTORS)}
        self._keys, self._values = tuple(functions), tuple(functions.values())

    def intact(self) -> bool:
        """Whether every one is the object that it was."""
        now = tuple(self._now.values())  # at once: a thread that was left behind may add to them
        if len(now) == len(self._all) and all(map(is_, now, self._all)):
            return True
        if not all(map(is_, map(self._now.get, self._keys), self._values)):
            return False
        self._all = now
        return True

    def replaced(self) -> Iterator[str]:
        """The names of those that are not, and that no library has wrapped itself."""
        for key, value in zip(self._keys, self._values, strict=True):
            now = self._now.get(key)
            if now is not value and not _wrapped(self._name, value, now):
                yield f"{self._name}.{key}"


def _spaces() -> Iterator[tuple[str, Any]]:
    """The modules whose functions are watched, and the classes of prbench's own."""
    modules: list[tuple[str, ModuleType | None]] = [*sys.modules.items()]  # Python holds None for what must not be imported
    for name, module in modules:
        own = name.startswith(_OWN)
        if module is not None and (own or name in _MODULES):
            yield name, module
        for key, value in list(vars(module).items()) if own else ():
            if isinstance(value, type) and value.__module__ == name:
                yield f"{name}.{key}", value


def _wrapped(name: str, before: Any, now: Any) -> bool:
    """Whether a library has wrapped a function of its own, as torch does with ``manual_seed`` once its compiler is imported."""
    package = name.partition(".")[0]
    of_library = str(getattr(now, "__module__", "")).partition(".")[0] == package != "prbench"
    return of_library and getattr(now, "__name__", None) == getattr(before, "__name__", "")


def _unchanged(before: Any, read: Callable[[], Any], same: Callable[[Any, Any], bool]) -> bool:
    try:
        return same(before, read())
    except Exception:  # noqa: BLE001 - what cannot be read any more has changed
        return False


def _equal(before: Any, now: Any) -> bool:
    return bool(before == now)


def _none_added(before: frozenset[int], now: frozenset[int]) -> bool:
    return now <= before


def _none_changed(before: dict[str, str], now: dict[str, str]) -> bool:
    return before.items() <= now.items()


def _known_equal(before: Any, now: Any) -> bool:
    return before is None or bool(before == now)


def _threads() -> frozenset[int]:
    return frozenset(sys._current_frames())  # noqa: SLF001 - threading.enumerate() misses those started below it


def _signals() -> list[Any]:
    return [signal.getsignal(number) for number in range(1, 32)]


def _torch() -> Any:
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "get_rng_state"):
        return None  # not imported, or not to its end
    return (
        *(torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        *(torch.are_deterministic_algorithms_enabled(), torch.get_rng_state().numpy().tobytes()),
    )


def _numpy_random() -> Any:
    state: Any = np.random.get_state()  # noqa: NPY002 - to see that nobody has drawn from it
    return state[1].tobytes(), state[2:]


_STATE: dict[str, tuple[Callable[[], Any], Callable[[Any, Any], bool]]] = {
    "a thread": (_threads, _none_added),
    "recursion limit": (sys.getrecursionlimit, _equal),
    "signal handlers": (_signals, _equal),
    "working folder": (os.getcwd, _equal),
    "environment variables": (lambda: dict(os.environ), _none_changed),
    "warnings as errors": (lambda: sum(entry[0] == "error" for entry in warnings.filters), _equal),
    "numpy error handling": (np.geterr, _equal),
    "numpy global random state": (_numpy_random, _equal),
    "python global random state": (random.getstate, _equal),
    "treatment of tiny numbers": (lambda: float(np.float64(sys.float_info.min) / 2) > 0, _equal),
    "garbage collector": (lambda: (gc.isenabled(), gc.get_threshold()), _equal),
    "trace functions": (lambda: (sys.gettrace(), sys.getprofile()), _equal),
    "torch settings or global random state": (_torch, _known_equal),
}
