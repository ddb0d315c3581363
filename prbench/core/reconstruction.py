"""What a solver returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = Any


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """The arrays that a task asks for; the others stay None.

    Attributes:
        object: complex object, shape of the measurement's ``object_shape`` (far-field, random).
        phase: real phase in radians, (H, W) up to a constant, (near-field, speckle, off-axis).
        displacement: (2, H, W), rows then columns, in pixels: where a speckle moves, ``I_s(r) = T I_r(r - d)`` (speckle).
        transmission: real, (H, W), 1 is empty beam; of the intensity (speckle), of the amplitude (near-field).
        dark_field: real, (H, W), variance along one axis of the blur by small-angle scattering, in square pixels (speckle).
        image: real, (H, W) (deblur).
        kernel: real, sums to one (deblur).
        aux: what a solver adds by name: arrays and numbers, such as the other starts' objects or the support found.
    """

    object: Array = None
    phase: Array = None
    displacement: Array = None
    transmission: Array = None
    dark_field: Array = None
    image: Array = None
    kernel: Array = None
    aux: Mapping[str, Any] = field(default_factory=dict)

    def items(self) -> Iterator[tuple[str, Array]]:
        """The named arrays that are present, ``aux`` left out."""
        for name in FIELDS:
            value = getattr(self, name)
            if value is not None:
                yield name, value

    def finite(self) -> bool:
        """Whether every named array holds finite numbers only; arrays must be on the host."""
        return all(bool(np.isfinite(value).all()) for _, value in self.items())


FIELDS = ("object", "phase", "displacement", "transmission", "dark_field", "image", "kernel")
