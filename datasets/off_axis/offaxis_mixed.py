"""Objects of many kinds in the fringes of microscopes that are all different."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from prbench.core import Dataset, Problem, Provenance, Reconstruction, Rng, Split, register, setting
from prbench.physics.fringes import order_radius
from prbench.tasks.off_axis import Hologram

from ._objects import KINDS, draw_object
from ._optics import MARGIN_PX, Microscope, camera_frame, fringes, image_of, interfere, nuisances

_CARRIER = (0.15, 0.45)
"""Smallest and largest frequency of a carrier, cycles/px; its direction is any."""

_LEAST_RADIUS = 0.05
"""Of an order that keeps apart from the others, cycles/px."""

_CUTOFF = (0.6, 1.25)
"""Highest frequency that an aperture passes over that radius: a little overlap is common."""

_BEND = 0.35
"""Largest slope of the aberration over that cutoff."""

_STEEPNESS = (0.6, 1.6)
"""Largest slope of the object over that of the highest frequency which the aperture passes; beyond 1 light is lost at edges."""

_VISIBILITY, _PHOTONS, _READ_NOISE = (0.15, 0.95), (60.0, 2e4), 4.0
_PARASITES, _STRAY = 6, 0.12
"""Number and largest amplitude, over the wave's, of weak waves that come from other directions."""


@register("offaxis-mixed", task="off-axis", cite="after Shu, Niu, Zhang, Luo, Zhou, arXiv:2210.14231", tags=("simulated",))
@dataclass(frozen=True)
class OffAxisMixed(Dataset):
    """Off-axis holograms of which everything varies: what networks learn from that are to be used on holograms from elsewhere.

    Objects: cells of several kinds and sizes, balls, beads, resolution charts, stars, smooth reliefs and flat tissue, up to
    ``height`` radians above or below what surrounds them, one kind after the other. Carriers of 0.15 to 0.45 cycles per pixel in
    any direction; apertures, exposure from 60 to 20 000 photons per pixel, visibility from 0.15 to 0.95, beams, absorption and
    aberrations up to spherical are drawn anew for each sample, and so are weak waves from other directions.

    The truth is the phase behind the aperture, unwrapped, without the aberrations; at edges so steep that the aperture loses
    their light it is that of the object, rounded off. ``truth.aux`` has offset, modulation, aberration and carrier of the
    fringes; what stray waves change of the phase is part of the aberration.
    """

    size: int = setting(256, valid="[64, 2048]", range=(128, 512), log=True, doc="side of the frame", unit="px")
    kind: Literal["mixed", "cells", "ball", "chart", "beads", "hills", "star", "tissue"] = setting(
        "mixed", doc="of objects; mixed: all kinds in turn"
    )
    height: float = setting(20, valid="(0, 100]", range=(2, 30), doc="of the highest objects", unit="rad")
    noise: float = setting(1, valid="[0, 100]", range=(0, 3), doc="factor of the camera's noise; 0: none")
    background: bool = setting(False, doc="whether a hologram without the object comes with it")

    example: ClassVar[dict[str, object]] = {"size": 128}

    @property
    def samples(self) -> int | None:
        """Without end."""
        return None

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Draw the microscope and the object, image it, and record the fringes."""
        of_optics, of_object, of_light, of_noise, of_empty = self.streams(5, index, seed, split)
        kind = KINDS[index % len(KINDS)] if self.kind == "mixed" else self.kind
        optics = _microscope(of_optics, self.size)
        phase = draw_object(kind, of_object, self.size + 2 * MARGIN_PX, self.height)
        path = phase * np.float32(optics.wavelength_m * 1e6 / (2 * math.pi))
        loss = float(of_object.uniform(0, 0.08))
        amplitude, phase = image_of(optics, path, loss, steepest=of_object.uniform(*_STEEPNESS))
        surroundings = nuisances(optics, of_light, self.size, drift=0.5, strength=1.0)
        photons = float(np.exp(of_light.uniform(*np.log(_PHOTONS))))
        stray = _stray(of_light, optics, self.size)
        wave = amplitude * np.exp(1j * phase) + stray
        truth = _recorded(optics, surroundings, wave, phase, photons)
        frame = self._frame(truth, photons, of_noise)
        empty = None
        if self.background:
            bare = _recorded(optics, surroundings, 1 + stray, np.zeros_like(phase), photons)
            empty = self._frame(bare, photons, of_empty)
        return Problem(
            measurement=Hologram(frame, empty, wavelength_m=optics.wavelength_m, pixel_m=optics.pixel_m),
            truth=truth,
            id=f"{self.plugin_name}-{kind}-{split}-{seed}-{index}",
            split=split,
            provenance=Provenance(source=f"simulated by prbench, dataset {self.plugin_name}", licence="BSD-3-Clause"),
        )

    def _frame(self, truth: Reconstruction, photons: float, rng: Rng) -> np.ndarray:
        """The camera's frame, in electrons."""
        expected = fringes(truth, self.size)
        counted = camera_frame(expected, photons, _READ_NOISE, rng)
        return counted if self.noise == 1 else (expected + self.noise * (counted - expected)).astype(np.float32)


def _microscope(rng: Rng, size: int) -> Microscope:
    """One whose orders keep apart, or nearly."""
    while True:
        length, angle = rng.uniform(*_CARRIER), math.pi * (rng.random() - 0.5)
        carrier = (length * math.sin(angle), length * math.cos(angle))
        radius = order_radius(carrier, 1 / 3)
        if radius >= _LEAST_RADIUS and max(map(abs, carrier)) < 0.5 and carrier[1] * size > 2:
            break
    wavelength, pixel = 633e-9, 0.15e-6
    cutoff = radius * rng.uniform(*_CUTOFF)
    # Slopes on the circle around the frame, radians per pixel, over the coefficients of defocus, astigmatism, coma, spherical.
    most = 2 * math.pi * _BEND * cutoff * size / math.sqrt(2)
    strength = rng.random() ** 2
    parts = rng.uniform(-1, 1, 6) * most * strength / np.array([4, 2, 2, 7, 7, 12]) * np.array([1, 0.5, 0.5, 0.3, 0.3, 0.3])
    defocus, one, two, three, four, spherical = (float(part) for part in parts)
    return Microscope(
        wavelength_m=wavelength,
        pixel_m=pixel,
        aperture=cutoff * wavelength / pixel,
        carrier=carrier,
        aberration=(defocus, one, two, three, four, spherical),
        reference=float(np.exp(rng.uniform(-1, 1))),
        visibility=rng.uniform(*_VISIBILITY),
        beam=rng.uniform(1.2, 3.0),
    )


def _stray(rng: Rng, optics: Microscope, size: int) -> np.ndarray:
    """Weak waves within the aperture, complex (size, size): reflections and the halos of dust."""
    result = np.zeros((size, size), np.complex128)
    y, x = np.indices((size, size))
    for _ in range(int(rng.integers(_PARASITES + 1))):
        strength, start = _STRAY * rng.random() ** 2, 2 * math.pi * rng.random()
        length, angle = optics.cutoff * rng.random(), 2 * math.pi * rng.random()
        turns = length * (y * math.sin(angle) + x * math.cos(angle))
        if rng.random() < 0.5:  # a halo instead of a plane wave
            at = rng.uniform(0, size, 2)
            r_sq = (y - at[0]) ** 2 + (x - at[1]) ** 2
            turns = r_sq * (length / size)
            strength = strength * 2 * np.exp(-r_sq / (2 * (size * rng.uniform(0.05, 0.4)) ** 2))
        result += strength * np.exp(1j * (2 * math.pi * turns + start))
    return result


def _recorded(
    optics: Microscope, surroundings: tuple[np.ndarray, ...], wave: np.ndarray, phase: np.ndarray, photons: float
) -> Reconstruction:
    """A phase with all that makes its fringes; what stray waves change of it counts as aberration."""
    aberration, light, visibility = surroundings
    offset, modulation = interfere(optics, np.abs(wave), light, visibility, photons)
    aberration = aberration + np.angle(wave * np.exp(-1j * phase))
    single = (array.astype(np.float32) for array in (offset, modulation, aberration))
    nuisance = dict(zip(("offset", "modulation", "aberration"), single, strict=True))
    return Reconstruction(phase=phase.astype(np.float32), aux={**nuisance, "carrier": np.array(optics.carrier)})
