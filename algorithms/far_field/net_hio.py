"""HIO and ER in turns, started by a network's answer instead of random phases."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

from prbench.backend import Array, Backend
from prbench.core import Rng, Solver, register, setting
from prbench.tasks.far_field import FarField

from ._learned import LagSolver
from ._selection import Choice
from ._shrinkwrap import shrink
from ._state import ProjectionState
from .hio_er import HioEr
from .invariant_loss import InvariantLoss
from .raw_training import RawTraining
from .symmetry_breaking import SymmetryBreaking

_NETWORKS: dict[str, type[LagSolver]] = {"nearest": InvariantLoss, "representative": SymmetryBreaking, "raw": RawTraining}


@register(
    "net-hio",
    task="far-field",
    cite="Manekar, Zhuang, Tayal, Kumar, Sun, NeurIPS 2020 Workshop on Deep Learning and Inverse Problems; "
    "Tayal, Lai, Kumar, Sun (2020), arXiv:2003.09077; Fienup, Appl. Opt. 21 (1982) 2758, doi:10.1364/AO.21.002758",
    tags=("trained",),
)
@dataclass(frozen=True)
class NetHio(HioEr):
    """``hio-er`` in all but its start: the answer of ``invariant-loss`` instead of random phases in the object's frame.

    The first iterate has the phases of the answer's Fourier transform and the measured amplitudes, and the first support is
    where the answer's magnitude is, by the rule that later updates follow. Further starts are the same with noise on the answer,
    of rising strength. The clock holds the network's pass.
    """

    targets: Literal["nearest", "representative", "raw"] = setting(
        "nearest",
        choices=("nearest", "representative", "raw"),
        doc="network of invariant-loss, of symmetry-breaking or of raw-training",
    )
    weights: str = setting("shipped", doc="of that network: shipped, random (for tests of speed), or a file of `prbench train`")
    disturbance: float = setting(
        0.5, valid="[0, 10]", range=(0.1, 1.0), doc="noise on the answer in the last of several starts, relative to it"
    )

    libraries: ClassVar[tuple[str, ...]] = ("torch",)
    dimensions: ClassVar[tuple[int, ...]] = (2,)
    parts: ClassVar[tuple[type[Solver[Any]], ...]] = tuple(_NETWORKS.values())
    example: ClassVar[dict[str, object]] = {"weights": "random", "iterations": 100, "starts": 2}

    @cached_property
    def network(self) -> LagSolver:
        """The solver whose answer is the start."""
        return _NETWORKS[self.targets](weights=self.weights)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The user's file of weights, where there is one."""
        return self.network.inputs

    def network_size(self, y: FarField) -> tuple[int, int]:
        """Of the network that answers first."""
        return self.network.network_size(y)

    def prepare(self, backend: Backend, rng: Rng) -> None:
        """Read the network's weights."""
        self.network.prepare(backend, rng)

    def begin(self, y: FarField, choice: Choice, rng: Rng) -> ProjectionState:
        """The network's answer, disturbed more from start to start, with the measured amplitudes."""
        answer = y.pad(self.network.solve(y, rng).object)
        first = self._disturbed(y, answer, rng)
        support = self._support(y, first)
        g = y.project_modulus(first) * support
        if y.real:
            g = g.real + 0j
        return ProjectionState.of(y, g, support, self.feedback, choice, rng)

    def _disturbed(self, y: FarField, answer: Array, rng: Rng) -> Array:
        xp, n = y.backend.xp, self.starts
        noise = rng.standard_normal((n, 2, *y.shape), dtype="float32")
        strength = y.backend.asarray(noise[:, 0] + 1j * noise[:, 1]) * (0.5**0.5 * self.disturbance)
        steps = y.backend.asarray([k / max(1, n - 1) for k in range(n)])
        return answer[None] + answer[None].abs() * strength * xp.reshape(steps, (n,) + (1,) * y.ndim)

    def _support(self, y: FarField, first: Array) -> Array:
        xp = y.backend.xp
        if y.support is not None:
            return y.support[None] & xp.ones(first.shape, dtype=xp.bool, device=first.device)
        if self.autocorrelation is not None:
            return y.autocorrelation_support(self.autocorrelation)[None] & (abs(first) >= 0)
        return shrink(y, first, self.sigma_start, self.threshold, self.area)
