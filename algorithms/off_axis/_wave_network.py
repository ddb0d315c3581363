"""Networks that read the wave that fringes carry, without what microscope and camera make of it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from prbench.core import Problem, Recipe, Reconstruction, Rng, setting
from prbench.core.weights import Weights
from prbench.physics.unwrapping import least_squares, residues, wrapped
from prbench.tasks.off_axis import Hologram

from ._phase_network import RECIPE, PhaseNetwork, true_phase
from ._reading import FringeReading, read

if TYPE_CHECKING:
    import torch

WAVE_RECIPE = Recipe(
    datasets=(
        "offaxis-mixed[noise=12]",
        "offaxis-mixed[noise=30]",
        "offaxis-mixed[noise=4]",
        "offaxis-mixed",
        "offaxis-cells",
    ),
    samples=160,
    tune_samples=8,
    steps=2400,
    batch=8,
    crop=64,
    canvas=96,
    dihedral=True,
    learning_rate=2e-3,
    warmup=200,
    validate_every=200,
)
"""A fifth of the examples are of the cells that the networks are scored on; three fifths are noisier than a good frame."""

CHANNELS = 6

_BRIGHT = 3.0
"""Amplitude, over its median, beyond which it is cut off."""

_FAINT = 0.2
"""Amplitude, over its median, below which a wave is faint."""

_PHASE_SCALE = 5.0
"""Radians that the least-squares phase is divided by."""

_BEND = 0.2
"""Error, radians, at which the loss bends from the square to the amount: whole turns are counted, not squared."""


@dataclass(frozen=True)
class WaveNetwork(PhaseNetwork):
    """A network that unwraps and denoises the wave that the fringes carry, or reads an interferogram as published.

    With ``reads=wave`` the order at the carrier is cut out and what the optics add is taken off, by a background hologram where
    there is one, as ``fourier-filter`` does before it unwraps. That leaves neither carrier nor direction, neither exposure nor
    aberration to the network: it sees cosine and sine of the wrapped phase, the amplitude over its median, cosine and sine of
    what the wrapped phase exceeds the least-squares phase by, and that phase, on the coarse grid that just holds the order.
    It answers what is to be added to the least-squares phase. Its last layer starts at zero, so that an untrained network answers
    the least-squares phase itself.
    """

    reads: Literal["wave", "interferogram"] = setting(
        "wave", doc="what the network sees; interferogram: the fringes themselves, of the one microscope of its training"
    )

    recipe: ClassVar[Recipe] = WAVE_RECIPE
    interferogram_recipe: ClassVar[Recipe] = RECIPE

    @property
    def training(self) -> Recipe:
        """By what the network sees."""
        return self.recipe if self.sees_wave else self.interferogram_recipe

    @property
    def sees_wave(self) -> bool:
        """Whether it is not the interferogram that the network sees."""
        return self.reads == "wave"

    def check_card(self, weights: Weights, where: str) -> None:
        """As of any weights; those from before there was a choice are for interferograms."""
        settings = {"reads": "interferogram", **weights.card.get("settings", {})}
        super().check_card(dataclasses.replace(weights, card={**weights.card, "settings": settings}), where)

    def network(self) -> torch.nn.Module:
        """The network, with the least-squares phase led around it."""
        if not self.sees_wave:
            return super().network()
        from ..networks.correction import Correction

        return Correction(self.backbone(CHANNELS), _PHASE_SCALE)

    def simplified(self, network: torch.nn.Module) -> torch.nn.Module:
        """As without the least-squares phase."""
        from ..networks.correction import Correction

        if isinstance(network, Correction):
            network.inner = super().simplified(network.inner)
            return network
        return super().simplified(network)

    def network_input(self, y: Hologram) -> torch.Tensor:
        """(1, 6, p, q) on the coarse grid, or (1, 1, H, W)."""
        return self._wave_input(read(y, {})) if self.sees_wave else super().network_input(y)

    def target(self, problem: Problem) -> tuple[np.ndarray, np.ndarray]:
        """The phase of the wave on the coarse grid, (1, p, q), and where that lies on the frame; or as of an interferogram.

        Where the noise hides the carrier, and another order is cut out, nothing counts.
        """
        if not self.sees_wave:
            return super().target(problem)
        true_phase(problem)
        y = problem.measured(Hologram)
        reading = read(y, {})
        phase = _true_wave(problem, reading)
        level = least_squares(reading.level.phase, reading.level.measured)
        phase += float(np.median(level - phase))
        inside = [(at >= 0) & (at <= n - 1) for at, n in zip(reading.level.positions, y.shape, strict=True)]
        weight = inside[0][:, None] & inside[1][None, :] & reading.level.measured & _is_order_of_carrier(problem, reading)
        return phase.astype(np.float32)[None], weight.astype(np.float32)[None]

    def features(self, inputs: np.ndarray) -> Mapping[str, float]:
        """How high, steep, torn and faint a wave is; of an interferogram its carrier."""
        if not self.sees_wave:
            return super().features(inputs)
        cosine, sine, bright, _, _, straight = np.asarray(inputs, np.float64)
        seen = np.arctan2(sine, cosine)
        steps = np.concatenate([np.abs(wrapped(np.diff(seen, axis=axis))).ravel() for axis in (0, 1)])
        return {
            "height of the phase in radians": float(np.ptp(straight)) * _PHASE_SCALE,
            "part of steps beyond a quarter turn": float((steps > math.pi / 2).mean()),
            "number of residues per sample": float(residues(seen).mean()),
            "part of the wave that is faint": float((bright < _FAINT).mean()),
        }

    def disturb(self, inputs: np.ndarray, rng: Rng) -> np.ndarray:
        """The examples' own noise is enough for a wave."""
        return inputs if self.sees_wave else super().disturb(inputs, rng)

    def loss(self, outputs: Any, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Of waves the amount of the error about its median, image by image, rounded off where it is small."""
        if not self.sees_wave:
            return super().loss(outputs, targets, weights)
        return _amount(outputs.float() - targets, weights).mean()

    def validation(self, outputs: Any, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Of waves the mean amount of the error about its median, radians."""
        return self.loss(outputs, targets, weights) if self.sees_wave else super().validation(outputs, targets, weights)

    def solve(self, y: Hologram, rng: Rng) -> Reconstruction:
        """One pass of the network."""
        return self.solve_next(y, rng, {}) if self.sees_wave else super().solve(y, rng)

    def solve_next(self, y: Hologram, rng: Rng, memory: dict[str, Any]) -> Reconstruction:
        """As :meth:`solve`; carrier, filter and optics are those of the last frame while they flatten this one."""
        if not self.sees_wave:
            return super().solve(y, rng)
        reading = read(y, memory)
        x = self._wave_input(reading)
        phase = np.asarray(y.backend.to_numpy(self.answer_to(y, x, rng))[0, 0], np.float64)
        result = reading.answer(_agreeing(phase, reading))
        reading.remember(memory)
        return dataclasses.replace(result, aux={**result.aux, **self.outside(y, x)})

    def _wave_input(self, reading: FringeReading) -> torch.Tensor:
        """(1, 6, p, q), on the backend of the measurement."""
        level, backend = reading.level, reading.y.backend
        seen, straight = level.phase, least_squares(level.phase, level.measured)
        amplitude = np.abs(level.wave)
        bright = np.minimum(amplitude / max(float(np.median(amplitude[level.measured])), 1e-30), _BRIGHT)
        rest = seen - straight
        channels = [np.cos(seen), np.sin(seen), bright, np.cos(rest), np.sin(rest), straight / _PHASE_SCALE]
        result: torch.Tensor = backend.asarray(np.stack(channels)[None].astype(np.float32))
        return result


def _amount(error: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted mean of the rounded-off amount of each image's error about its median."""
    import torch

    inside = torch.where(weights > 0, error.detach(), torch.nan).flatten(1)
    error = error - inside.nanmedian(dim=1).values.nan_to_num()[:, None, None, None]
    bent = (error.square() + _BEND**2).sqrt() - _BEND
    return (weights * bent).sum(dim=(1, 2, 3)) / weights.sum(dim=(1, 2, 3)).clamp(min=1e-12)


def _agreeing(phase: np.ndarray, reading: FringeReading) -> np.ndarray:
    """The phase plus the constant by which it agrees best with the wave."""
    level = reading.level
    gap = np.where(level.measured, level.wave * np.exp(-1j * phase), 0)
    return np.asarray(phase + np.angle((gap / np.maximum(np.abs(gap), 1e-30)).sum()))


def _is_order_of_carrier(problem: Problem, reading: FringeReading) -> bool:
    """Whether the order cut out is that of the true carrier."""
    assert problem.truth is not None
    bins = zip(reading.order.centre, reading.order.shape, problem.truth.aux["carrier"], strict=True)
    return math.hypot(*(bin_ / n - true for bin_, n, true in bins)) < reading.optics.radius


def _true_wave(problem: Problem, reading: FringeReading) -> np.ndarray:
    """The phase (p, q) that the wave on the coarse grid has without noise, up to a constant, unwrapped."""
    from scipy.ndimage import map_coordinates

    truth, level, y = problem.truth, reading.level, reading.y
    assert truth is not None
    phase = np.asarray(truth.phase, np.float64)
    if y.background is None:
        phase = phase + truth.aux["aberration"]
    at = np.meshgrid(*level.positions, indexing="ij")
    result = np.asarray(map_coordinates(phase, at, order=3, mode="nearest"))
    if y.background is None:
        moved = [bin_ / n for bin_, n in zip(reading.order.centre, reading.order.shape, strict=True)]
        for frequency, bin_, where in zip(truth.aux["carrier"], moved, at, strict=True):
            result += 2 * math.pi * (frequency - bin_) * where
    fit = level.fit
    return np.asarray(result - fit.basis.sum(fit.coefficients))
