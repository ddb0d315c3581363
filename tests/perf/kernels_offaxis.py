"""What the speed of Fourier filtering is made of: each function prepares one kernel and returns a call that runs it once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from prbench import get_dataset, get_solver
from prbench.backend import get_backend
from prbench.physics.fringes import find_carrier
from prbench.physics.surface import unwrap
from prbench.physics.unwrapping import unwrapped
from prbench.tasks.off_axis import Hologram

_CARRIER = (0.21, 0.255)


def hologram(side: int, library: str = "numpy", noise: float = 0.05) -> Hologram:
    """Round objects of 5 rad, one in every 256x256 pixels, defocus, and noise, so that nothing takes long to draw."""
    at = np.arange(side, dtype=np.float64)
    tile = (at % 256 - 128) / 60
    cap = np.clip(1 - tile[:, None] ** 2 - tile[None, :] ** 2, 0, None)
    across = (2 * at - side) / side
    phase = 5 * cap / np.sqrt(cap + 0.1) + 4 * (across[:, None] ** 2 + across[None, :] ** 2)
    ramp = 2 * np.pi * ((_CARRIER[0] * at)[:, None] + (_CARRIER[1] * at)[None, :])
    seen = 1 + 0.6 * np.cos(ramp + phase) + noise * np.random.default_rng(0).standard_normal((side, side))
    return Hologram(seen.astype(np.float32)).to(get_backend(library))


def fourier_filter(side: int, library: str = "numpy") -> Callable[[], object]:
    """One solve."""
    y, solver, rng = hologram(side, library), get_solver("fourier-filter"), np.random.default_rng(0)
    return lambda: solver.solve(y, rng)  # type: ignore[attr-defined]


def carrier(side: int) -> Callable[[], object]:
    """The search for the carrier."""
    seen = hologram(side).interferogram
    return lambda: find_carrier(seen)


def unwrapping(side: int, *, by_reliability: bool = False) -> Callable[[], object]:
    """A smooth phase of some turns."""
    at = np.linspace(-1, 1, side)
    phase = np.angle(np.exp(20j * (at[:, None] ** 2 + at[None, :] ** 2)))
    return (lambda: unwrap(phase)) if by_reliability else (lambda: unwrapped(phase))


def sample(kind: str) -> Callable[[], object]:
    """One problem of generated cells, 256x256."""
    dataset = get_dataset(f"offaxis-cells[kind={kind}]")
    return lambda: dataset.problem(0)
