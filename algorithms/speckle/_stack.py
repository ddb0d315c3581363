"""What speckle solvers share: how many pairs a method needs, and the way from a displacement to a phase."""

from __future__ import annotations

from typing import Any

from prbench.backend import Array
from prbench.errors import BadInput
from prbench.physics.gradients import integrate_gradient
from prbench.tasks.speckle import SpeckleStack


def need_images(y: SpeckleStack, least: int, name: str, instead: str) -> None:
    """Refuse a measurement of fewer than ``least`` pairs; ``instead`` names a solver that does with fewer.

    Raises:
        BadInput: with both numbers and what to do.
    """
    if y.images < least:
        raise BadInput(
            f"{name} needs at least {least} pairs of images, the measurement has {y.images}; add images or use {instead}"
        )


def phase_of(y: SpeckleStack, displacement: Array) -> Array:
    """The phase in radians, mean zero, whose gradient explains a displacement (2, H, W) in pixels best; counted."""
    y.counters.ffts += 1  # a real transform there and back is one complex transform's work
    return y.radians_per_px * integrate_gradient(displacement[0], displacement[1], y.backend)


def displacement_of(y: SpeckleStack, phase: Array) -> Array:
    """How far, in pixels, (2, H, W), a phase (H, W) in radians moves the speckles: its differences of fourth order."""
    xp = y.backend.xp
    return xp.stack([_slope(phase, axis, xp) for axis in (0, 1)]) / y.radians_per_px


def _slope(x: Array, axis: int, xp: Any) -> Array:
    """Derivative by pixel: central differences, of fourth order inside, of second in the outer two pixels."""
    x = xp.moveaxis(x, axis, -1)
    if x.shape[-1] < 5:
        raise BadInput(f"images must be at least 5 pixels wide and high, got {x.shape[-1]}")
    first = (4 * x[..., 1:2] - 3 * x[..., :1] - x[..., 2:3]) / 2
    last = (3 * x[..., -1:] - 4 * x[..., -2:-1] + x[..., -3:-2]) / 2
    near, far = x[..., 2:] - x[..., :-2], x[..., 4:] - x[..., :-4]
    inner = (8 * near[..., 1:-1] - far) / 12
    return xp.moveaxis(xp.concat([first, near[..., :1] / 2, inner, near[..., -1:] / 2, last], axis=-1), -1, axis)
