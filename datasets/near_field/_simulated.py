"""From a picture to a phase object, and from that to one intensity a distance behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from prbench.backend import get_backend
from prbench.core import Dataset, Problem, Provenance, Reconstruction, Split, setting
from prbench.physics.materials import wavelength_of_energy
from prbench.physics.noise import shot_noise
from prbench.tasks.near_field import NearField

Model = Literal["angular-spectrum", "fresnel", "fourier-born"]

MODEL_DOC = "the model that solvers are given"
PADDING_DOC = "by which the frame is continued with its edge values on every side, at least"


@dataclass(frozen=True)
class PictureOfPhase(Dataset):
    """Base of datasets that turn a picture in [0, 1] into a phase object and propagate it by the angular spectrum.

    The phase is ``strength`` pi times the picture. Without ``delta_beta`` the object changes nothing but the phase; with it, it
    is of one material whose X-ray phase is largest where there is least of it: ``t = exp((phi - strength pi) / delta_beta)``.
    The defaults of light, pixel and distance are those of Wang et al., Light Sci. Appl. 9 (2020) 77,
    doi:10.1038/s41377-020-0302-3, as used for radiographs by Osorio Quero et al. (2024), arXiv:2404.06657.
    """

    size: int = setting(440, valid="[16, 4096]", range=(110, 880), doc="side of the frame", unit="px")
    strength: float = setting(0.5, valid="(0, 100]", range=(0.1, 2), doc="phase runs from 0 to this", unit="pi")
    delta_beta: float | None = setting(
        None, valid="(0, inf)", range=(10, 1000), log=True, doc="delta / beta of an absorbing object; none: pure phase"
    )
    photons: float | None = setting(
        None, valid="(0, 1e15]", range=(10, 1e5), log=True, doc="mean photons per pixel; none: no noise"
    )
    wavelength_m: float = setting(
        632.8e-9, valid="(0, 1)", doc="of the light", unit="m", also={"energy_ev": wavelength_of_energy}
    )
    pixel_m: float = setting(8e-6, valid="(0, 1)", doc="of the detector", unit="m")
    distance_m: float = setting(22.3e-3, valid="[0, inf)", range=(2e-3, 40e-3), doc="from object to detector", unit="m")
    refractive_contrast: float = setting(
        0.5, valid="[-10, 10]", doc="index of the object minus that around it, by which its phase is a height; 0.5: glass in air"
    )
    padding: int = setting(64, valid="[0, 4096]", doc=PADDING_DOC, unit="px")
    model: Model = setting("angular-spectrum", doc=f"{MODEL_DOC}; data are always the angular spectrum's")

    def problem_of(
        self,
        picture: np.ndarray,
        which: tuple[int, int, Split],
        rng: np.random.Generator,
        *,
        name: str,
        provenance: Provenance,
        reference: dict[str, np.ndarray] | None = None,
    ) -> Problem:
        """The problem of a picture (size, size) in [0, 1].

        Args:
            picture: what becomes the phase.
            which: index, seed and split.
            rng: of the noise.
            name: for the identifier.
            provenance: of the picture.
            reference: what else is known, by name.
        """
        index, seed, split = which
        highest = self.strength * math.pi
        truth = Reconstruction(
            phase=(highest * picture).astype(np.float32),
            transmission=None
            if self.delta_beta is None
            else np.exp(highest * (picture - 1) / self.delta_beta).astype(np.float32),
        )
        seen = self._ideal(truth)
        gain = None
        if self.photons is not None:
            seen, gain = shot_noise(seen, rng, photons_per_pixel=self.photons)
        return Problem(
            measurement=self._measurement(seen.astype(np.float32), self.model, gain),
            truth=truth,
            id=f"{name}-{split}-{seed}-{index}",
            split=split,
            provenance=provenance,
            reference=reference or {},
        )

    def _ideal(self, truth: Reconstruction) -> np.ndarray:
        empty = self._measurement(np.ones(truth.phase.shape), "angular-spectrum", None)
        return np.asarray(empty.to(get_backend("numpy", "double")).forward(truth))

    def _measurement(self, intensity: np.ndarray, model: Model, gain: float | None) -> NearField:
        return NearField(
            intensity,
            wavelength_m=self.wavelength_m,
            pixel_m=self.pixel_m,
            distance_m=self.distance_m,
            model=model,
            padding=self.padding,
            pure_phase=self.delta_beta is None,
            phase_range=(0.0, self.strength * math.pi),
            delta_beta=self.delta_beta,
            gain=gain,
            refractive_contrast=self.refractive_contrast,
        )
