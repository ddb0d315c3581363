"""A task of one's own in one file: ptychography with a known probe, and the ePIE solver.

The measurement, the dataset, the solver and the declaration of the task; run it where it lies:

    prbench run -s ./ptychography.py:EPIE -d ./ptychography.py:Scan
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from prbench.core import (
    COMPLEX_OBJECT,
    Dataset,
    Goal,
    IterativeSolver,
    Measurement,
    Panel,
    Problem,
    Provenance,
    Reconstruction,
    Rng,
    Split,
    Task,
    register,
    setting,
)
from prbench.errors import BadInput, PrbenchError

Array = Any


@dataclass(frozen=True, eq=False, repr=False)
class Ptychogram(Measurement):
    """Diffraction patterns of an object seen through a probe at known positions: ``I_j = |F(P O_j)|^2``, F unitary.

    Args:
        intensity: real (positions, h, w), zero frequency at index 0 of each axis.
        probe: complex (h, w), the known illumination.
        positions: row and column of the probe's first pixel on the object, one pair per pattern.
        object_shape: rows and columns of the object.

    Raises:
        BadInput: for shapes that do not belong together, intensities that are negative or not finite, and positions off the
        object.
    """

    task: ClassVar[str] = "ptychography"
    arrays: ClassVar[tuple[str, ...]] = ("intensity", "probe")

    intensity: Array
    probe: Array
    positions: tuple[tuple[int, int], ...]
    object_shape: tuple[int, int]

    def __post_init__(self) -> None:
        intensity, probe = np.asarray(self.intensity, np.float64), np.asarray(self.probe, np.complex128)
        positions = tuple((int(row), int(column)) for row, column in self.positions)
        if intensity.shape != (len(positions), *probe.shape):
            raise BadInput(
                f"intensity must be (positions, *probe.shape), got {intensity.shape} for {len(positions)} of {probe.shape}"
            )
        if not (np.isfinite(intensity).all() and (intensity >= 0).all()):
            raise BadInput("intensity must be finite and at least 0; correct or drop the patterns that are not")
        (rows, columns), (h, w) = self.object_shape, probe.shape
        if not all(0 <= row <= rows - h and 0 <= column <= columns - w for row, column in positions):
            raise BadInput(f"positions must leave a probe of {probe.shape} on an object of {self.object_shape}")
        for name, value in (("intensity", intensity), ("probe", probe), ("positions", positions)):
            object.__setattr__(self, name, value)

    @property
    def shape(self) -> tuple[int, ...]:
        """(h, w), the shape whose FFT is the unit of cost."""
        return tuple(self.probe.shape)

    @property
    def windows(self) -> list[tuple[slice, slice]]:
        """The part of the object that each pattern sees."""
        h, w = self.shape
        return [(slice(row, row + h), slice(column, column + w)) for row, column in self.positions]

    def forward(self, x: Array) -> Array:
        """The expected intensities of an object (rows, columns): (positions, h, w); counted as one FFT per position."""
        self.counters.ffts += len(self.positions)
        xp = self.backend.xp
        waves = xp.stack([self.probe * x[window] for window in self.windows])
        return xp.abs(self.backend.fftn(waves, 2)) ** 2 / math.prod(self.shape)

    def check(self, reconstruction: Any) -> None:
        """Raise PrbenchError unless ``object`` is a complex array of ``object_shape``."""
        result = np.asarray(reconstruction.object)
        if result.shape != tuple(self.object_shape) or result.dtype.kind != "c":
            raise PrbenchError(f"a solver of {self.task} must return a complex object of shape {self.object_shape}")


TASK = Task(
    name="ptychography",
    measurement=Ptychogram,
    answer=COMPLEX_OBJECT,
    symmetries=("phase",),  # a known probe and known positions leave the global phase alone
    goals=(
        Goal("sa_nmse", "lower", success=1e-3, reason="A relative error of 3 %, below the contrast of the object. A choice."),
        Goal("r_factor", "lower"),
    ),
    maps=(),
    panel=Panel("intensity", "first pattern", "log"),
    export=None,
    solvers=(),
    dataset="",
)


@register("scan", task=TASK, cite="made up for this example", tags=("simulated",))
@dataclass(frozen=True)
class Scan(Dataset):
    """A smooth complex object seen through a disc that overlaps itself from position to position."""

    size: int = setting(48, valid="[32, 512]", doc="side of the object", unit="px")
    photons: float | None = setting(None, valid="(0, 1e12]", range=(10, 1e5), log=True, doc="photons per pattern; none: no noise")
    example: ClassVar[dict[str, object]] = {"size": 32}

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Draw object ``index``."""
        of_object, of_positions, of_noise = self.streams(3, index, seed, split)
        side, step = self.size // 2, self.size // 8
        axis = np.arange(side) - side / 2
        radius = np.hypot(*np.meshgrid(axis, axis))
        probe = (radius < 0.4 * side) * np.exp(1j * radius**2 / side)
        fine = np.fft.fftfreq(self.size)
        blur = np.exp(-((np.hypot(*np.meshgrid(fine, fine)) * 8) ** 2))
        fields = [np.real(np.fft.ifft2(np.fft.fft2(of_object.normal(size=(self.size,) * 2)) * blur)) for _ in range(2)]
        magnitude, phase = (field / np.abs(field).max() for field in fields)
        x = (1 + 0.3 * magnitude) * np.exp(1j * phase)
        grid = range(0, self.size - side + 1, step)
        last = self.size - side  # shifted at random by a pixel, so that the scan has no period of its own
        positions = tuple(
            (min(last, max(0, r + int(of_positions.integers(-1, 2)))), min(last, max(0, c + int(of_positions.integers(-1, 2)))))
            for r in grid
            for c in grid
        )
        blank = Ptychogram(np.zeros((len(positions), side, side)), probe, positions, x.shape)
        intensity = blank.forward(x)
        if self.photons is not None:
            gain = self.photons / intensity.sum(axis=(1, 2)).mean()
            intensity = of_noise.poisson(gain * intensity) / gain
        seen = np.zeros(x.shape, bool)
        for window in blank.windows:
            seen[window] |= np.abs(probe) > 0
        y = dataclasses.replace(blank, intensity=intensity)
        source = Provenance("simulated", "BSD-3-Clause")
        return Problem(y, Reconstruction(object=x * seen), f"{split}-{index}-{seed}", split, source, object_region=seen)


@dataclass
class PieState:
    """The object so far, complex (rows, columns), the misfit of the last sweep, and the order of positions."""

    x: Array
    misfit: float
    rng: Rng


@register(
    "epie",
    task=TASK,
    cite="Maiden, Rodenburg, Ultramicroscopy 109 (2009) 1256, doi:10.1016/j.ultramic.2009.05.012",
    tags=("classical",),
)
@dataclass(frozen=True)
class EPIE(IterativeSolver[Ptychogram]):
    """The extended ptychographical iterative engine with the probe held at what is known: one sweep over all per step."""

    iterations: int = setting(60, valid="[1, inf)", range=(10, 1000), log=True, doc="sweeps")
    alpha: float = setting(0.9, valid="(0, 2]", range=(0.1, 1.5), doc="length of the object's update")
    example: ClassVar[dict[str, object]] = {"iterations": 20}

    def total_iterations(self, y: Ptychogram) -> int:
        """Sweeps of a full run."""
        return self.iterations

    def init(self, y: Ptychogram, rng: Rng) -> PieState:
        """An empty frame: one where the probe passes."""
        return PieState(y.backend.zeros(y.object_shape, y.backend.complex) + 1, math.inf, rng)

    def step(self, y: Ptychogram, state: PieState) -> PieState:
        """Replace the modulus of each pattern in turn, in random order."""
        xp, power = y.backend.xp, float((abs(y.probe) ** 2).max())
        amplitude, scale, gap = xp.sqrt(y.intensity), math.sqrt(math.prod(y.shape)), 0.0
        for index in state.rng.permutation(len(y.positions)):
            window = y.windows[index]
            y.counters.ffts += 2
            wave = y.probe * state.x[window]
            spectrum = y.backend.fftn(wave[None], 2)[0] / scale
            modulus = xp.abs(spectrum)
            gap += float(((modulus - amplitude[index]) ** 2).sum())
            fitted = spectrum * (amplitude[index] / xp.where(modulus > 0, modulus, modulus + 1))
            update = y.backend.ifftn(fitted[None], 2)[0] * scale - wave
            state.x[window] = state.x[window] + self.alpha * xp.conj(y.probe) / power * update
        state.misfit = math.sqrt(gap / float(y.intensity.sum()))
        return state

    def estimate(self, y: Ptychogram, state: PieState) -> Reconstruction:
        """The object where the probe has been; zero elsewhere."""
        seen = y.backend.zeros(y.object_shape, y.backend.real)
        for window in y.windows:
            seen[window] = seen[window] + abs(y.probe)
        return Reconstruction(object=state.x * (seen > 0))

    def residual(self, y: Ptychogram, state: PieState) -> float:
        """Relative misfit of the last sweep."""
        return state.misfit
