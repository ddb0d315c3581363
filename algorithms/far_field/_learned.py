"""What the learned far-field solvers share: all but the targets that they are taught."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from prbench.backend import Array
from prbench.core import LearnedSolver, Problem, Recipe, Reconstruction, Rng, setting
from prbench.errors import BadInput
from prbench.tasks.far_field import FarField

if TYPE_CHECKING:
    import torch

NOISE = 0.02
"""Largest standard deviation of the noise added to the autocorrelation in training, of its maximum: a photon per pixel."""


@dataclass(frozen=True)
class LagSolver(LearnedSolver[FarField]):
    """Autocorrelation in, object out, in one look; a subclass says which of the objects with one pattern is the answer.

    The network works on a frame of ``side`` pixels. It sees the lags of the autocorrelation ``F^-1 Y`` that an object in its
    frame can have, in units of lag 0, which is the object's energy. Of a detector with more pixels it sees the middle, which is
    the same object at a lower resolution, and of one with fewer pixels all, with zeros around; its answer is interpolated to the
    frame asked for. Unmeasured pixels count as zero: the network was taught nothing about them, and a beamstop costs it dearly.
    The answer's energy is what the measured pixels say.
    """

    side: int = setting(32, valid="[8, 256]", range=(16, 64), doc="side of the frame that the network works on", unit="px")
    width: int = setting(16, valid="[1, 256]", range=(8, 32), log=True, doc="channels of the finest level of its U-Net")
    hidden: int = setting(256, valid="[1, 4096]", range=(128, 1024), log=True, doc="units of its perceptron's layers")

    dimensions: ClassVar[tuple[int, ...]] = (2,)
    architecture: ClassVar[tuple[str, ...]] = ("side", "width", "hidden")
    example: ClassVar[dict[str, object]] = {"weights": "random", "width": 4, "hidden": 16}
    recipe: ClassVar[Recipe] = Recipe(
        datasets=("crystal2d[size=32]",),
        samples=12_000,
        tune_samples=100,
        steps=4500,
        batch=32,
        learning_rate=2e-3,
        warmup=100,
        average=0.998,
        validate_every=500,
        autocast=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.side % 4:
            raise BadInput(f"{self.plugin_name}: side must be a multiple of 4, got {self.side}")

    def network(self) -> torch.nn.Module:
        """Perceptron, projection and U-Net."""
        from ._lag_network import LagNetwork

        return LagNetwork(self.side, width=self.width, hidden=self.hidden)

    def for_inference(self, network: torch.nn.Module) -> torch.nn.Module:
        """Batch norm folded into the convolutions before it."""
        from ..networks.unet import folded

        return folded(network)

    def network_input(self, y: FarField) -> torch.Tensor:
        """(1, 2, 2 side - 1, 2 side - 1): real and imaginary part of the autocorrelation, lag 0 in the middle and 1 there."""
        import torch

        result = autocorrelation(y, self.side)
        both: torch.Tensor = torch.stack([result.real, result.imag])[None] / result.real.max()
        return both

    def target(self, problem: Problem) -> tuple[np.ndarray, np.ndarray]:
        """Real and imaginary part of the object to be answered, of mean square 1; every pixel counts."""
        assert problem.truth is not None
        x = self.representative(np.asarray(problem.truth.object))
        if x.shape != (self.side, self.side):
            raise BadInput(
                f"{self.plugin_name}[side={self.side}] learns from objects of {self.side} x {self.side} pixels, "
                f"{problem.id} has {x.shape[0]} x {x.shape[1]}"
            )
        x = x / np.sqrt(np.mean(np.abs(x) ** 2))
        return _parts(x), np.ones((1, *x.shape), np.float32)

    @abstractmethod
    def representative(self, x: np.ndarray) -> np.ndarray:
        """Which object with the pattern of ``x`` is to be answered, complex, in the same frame."""

    def transform_target(self, target: np.ndarray, element: int) -> np.ndarray:
        """The object rotated about its middle pixel, and again the one to be answered."""
        rotated_target = rotated_about_middle(target, element)
        return _parts(self.representative(rotated_target[0] + 1j * rotated_target[1]))

    def disturb(self, inputs: np.ndarray, rng: Rng) -> np.ndarray:
        """Noise as photons make it, white and Hermitian, of a strength drawn for each pattern."""
        strength = NOISE * rng.random((len(inputs), 1, 1, 1), dtype=np.float32) ** 4
        noise = strength * rng.standard_normal(inputs.shape, dtype=np.float32)
        mirrored = noise[..., ::-1, ::-1] * np.array([1, -1], np.float32)[:, None, None]
        return np.asarray(inputs + (noise + mirrored) / np.float32(np.sqrt(2)))

    def solve(self, y: FarField, rng: Rng) -> Reconstruction:
        """The network's object, in the frame and with the energy of the measured one."""
        return Reconstruction(object=with_energy(y, resized(self.answer(y, rng)[0], y.object_shape)))


def autocorrelation(y: FarField, side: int) -> Array:
    """``F^-1 Y`` at lags up to ``side - 1`` as of an object whose frame has ``side`` pixels; complex (2 side - 1, 2 side - 1).

    The detector is cut, or continued with zeros, about zero frequency until the object's frame has so many pixels.
    """
    xp = y.backend.xp
    assert y.object_shape is not None
    intensity = xp.where(y.measured, y.amplitude, xp.zeros_like(y.amplitude)) ** 2
    for axis, (n, m) in enumerate(zip(y.shape, y.object_shape, strict=True)):
        intensity = _cut(y, intensity, axis, max(1, round(n * side / m)))
    y.counters.ffts += 1
    result = y.backend.ifftn(xp.astype(intensity, y.backend.complex)[None], y.ndim, normalised=True)[0]
    lags = np.arange(-(side - 1), side)
    for axis in range(y.ndim):
        result = xp.take(result, y.backend.asarray(lags % result.shape[axis]), axis=axis)
    return result


def _cut(y: FarField, intensity: Array, axis: int, n: int) -> Array:
    """``n`` pixels about zero frequency, which stands first."""
    xp = y.backend.xp
    have = intensity.shape[axis]
    frequencies = np.fft.fftfreq(n, 1 / n).round().astype(int)
    inside = (frequencies >= -(have // 2)) & (frequencies < have - have // 2)
    shape = [-1 if a == axis else 1 for a in range(intensity.ndim)]
    taken = xp.take(intensity, y.backend.asarray(np.where(inside, frequencies % have, 0)), axis=axis)
    return taken * xp.reshape(y.backend.asarray(inside.astype(np.float32)), tuple(shape))


def resized(result: torch.Tensor, shape: tuple[int, ...] | None) -> torch.Tensor:
    """Real and imaginary part (2, side, side) as a complex object of ``shape``, interpolated linearly."""
    import torch

    if shape is not None and tuple(result.shape[1:]) != shape:
        result = torch.nn.functional.interpolate(result[None], size=shape, mode="bilinear", align_corners=False)[0]
    return torch.complex(result[0].contiguous(), result[1].contiguous())


def with_energy(y: FarField, x: torch.Tensor) -> torch.Tensor:
    """``x`` scaled so that, by Parseval's theorem, its pattern has the intensity of the measured pixels in all."""
    energy = y.amplitude_norm**2 / y.amplitude.numel()
    norm = float(x.abs().square().sum()) ** 0.5
    return x * (energy**0.5 / norm if norm else 1.0)


def rotated_about_middle(images: np.ndarray, element: int) -> np.ndarray:
    """:func:`prbench.core.dihedral.rotated`, pixel ``n // 2`` of each axis kept where it was: a mirror moves it if n is even."""
    from prbench.core.dihedral import rotated

    plain = rotated(images, element)
    swapped = bool(element & 4)
    mirrored = (bool(element & 2), bool(element & 1))
    rows, columns = mirrored[::-1] if swapped else mirrored
    shift = [int(flip and n % 2 == 0) for flip, n in zip((rows, columns), plain.shape[-2:], strict=True)]
    return np.roll(plain, shift, axis=(-2, -1))


def _parts(x: np.ndarray) -> np.ndarray:
    return np.stack([x.real, x.imag]).astype(np.float32)
