"""The base of measurements: what a detector saw, and the physics behind it."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np

from prbench.backend import Array, Backend, Counters, get_backend

from .reconstruction import Reconstruction


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Measurement(ABC):
    """Base of measurements: one class per task, immutable, holding arrays on one backend.

    A solver is handed this and nothing else. Subclasses name the fields that hold arrays in ``arrays`` and offer their
    forward model; each application of it is counted in :attr:`counters`.
    """

    task: ClassVar[str]
    arrays: ClassVar[tuple[str, ...]]
    """Names of the fields that hold arrays and move with :meth:`to`."""
    former_names: ClassVar[Mapping[str, str]] = {}
    """Fields by the names that they had in files of earlier versions."""

    backend: Backend = dataclasses.field(default_factory=lambda: get_backend("numpy"), kw_only=True, repr=False)
    counters: Counters = dataclasses.field(default_factory=Counters, kw_only=True, repr=False)

    def to(self, backend: Backend) -> Self:
        """A copy of this measurement with its arrays on ``backend`` and fresh counters."""
        moved = {}
        for name in self.arrays:
            array = getattr(self, name)
            moved[name] = None if array is None else backend.asarray(self.backend.to_numpy(array))
        return self._derived(**moved, backend=backend, counters=Counters())

    def in_numpy(self) -> Self:
        """The measurement as numpy arrays, on the same memory and with the same counters, where it is on a CPU; else itself.

        For solvers whose passes are compiled for the host: numpy's pointwise operations cost less than torch's on a busy CPU.
        """
        if self.backend.device != "cpu" or self.backend.library == "numpy":
            return self
        shared = {name: getattr(self, name) for name in self.arrays}
        shared = {name: None if array is None else self.backend.to_numpy(array) for name, array in shared.items()}
        return self._derived(**shared, backend=get_backend("numpy", self.backend.precision))

    def _derived(self, **changes: Any) -> Self:
        """A copy with ``changes``, not validated again and with nothing cached; counters are shared."""
        new = object.__new__(type(self))
        for name in _field_names(type(self)):
            object.__setattr__(new, name, changes[name] if name in changes else getattr(self, name))
        return new

    def ambiguities(self) -> tuple[str, ...] | None:
        """The symmetries that this measurement leaves open; None for those of its task."""
        return None

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """The shape whose FFT is the unit of cost for this measurement."""

    @property
    def mask_shape(self) -> tuple[int, ...]:
        """The shape of a mask that says what was measured."""
        return self.shape

    @abstractmethod
    def forward(self, x: Array) -> Array:
        """The expected measurement of a reconstruction ``x``; counted."""

    def forward_given(self, x: Array, aux: Mapping[str, Any]) -> Array:  # noqa: ARG002 - for instruments that solvers calibrate
        """The expected measurement of ``x`` by the instrument that ``aux`` of its reconstruction describes; counted."""
        return self.forward(x)

    def suspicions(self, reconstruction: Reconstruction) -> tuple[str, ...]:  # noqa: ARG002 - for measurements that have some
        """What makes a reconstruction without truth doubtful though its scores may look good, one line each."""
        return ()

    @abstractmethod
    def check(self, reconstruction: Any) -> None:
        """Raise :class:`~prbench.errors.PrbenchError` unless the reconstruction has the fields, shapes and dtypes asked for."""

    def misfit(self, reconstruction: Any) -> float | None:  # noqa: ARG002 - for tasks that define one
        """Relative misfit of a reconstruction on this measurement's backend: what the framework ends every curve with.

        None where the task defines none; the curve then ends with what the solver says of its last iterate.
        """
        return None

    def completed(self, result: Reconstruction) -> Reconstruction:
        """What another program answered, in the form that :meth:`check` asks for, where the difference is no matter of method.

        For answers on the measurement's own grid, or without maps that follow from the others; arrays are numpy's.
        """
        return result

    def __repr__(self) -> str:
        """Class, shape and backend; never the arrays."""
        return f"{type(self).__name__}(shape={self.shape}, backend={self.backend.name})"

    def describe(self) -> dict[str, object]:
        """Shape and physics, for the record: plain values only."""
        plain = {}
        for field in dataclasses.fields(self):
            if field.name not in (*self.arrays, "backend", "counters"):
                value = getattr(self, field.name)
                plain[field.name] = list(value) if isinstance(value, tuple) else value
        return {"task": self.task, "shape": list(self.shape), **plain}


def filled_from_nearest(array: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """``array`` (..., H, W) with what stands outside ``mask`` (H, W) replaced by the nearest pixel inside; contiguous."""
    if mask.all():
        return np.ascontiguousarray(array)
    from scipy.ndimage import distance_transform_edt

    nearest = distance_transform_edt(~mask, return_distances=False, return_indices=True)
    return np.ascontiguousarray(array[(..., *nearest)])


@cache
def _field_names(kind: type[Measurement]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))
