"""Sandpaper speckles simulated by wave optics, with fibres, spheres and cuboids of known refraction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.backend import get_backend
from prbench.core import Dataset, Problem, Provenance, Split, register, setting
from prbench.errors import UsageError
from prbench.physics.materials import energy_of_wavelength, refraction
from prbench.tasks.speckle import SpeckleStack

from ._grains import Membrane
from ._samples import SAMPLES, sample_thickness_m
from ._shift_check import refuse_unless_shifts_follow
from ._simulation import Beamline, expose, wave_behind
from ._truth import object_region, truth_of

GEOMETRIES = tuple(SAMPLES)
SAMPLE_MATERIALS = ("al2o3", "pmma", "nylon")
_TEST_SLOPE = 2.0
"""Slope of alumina's thickness in the test of a geometry: that of a sphere at seven tenths of its radius."""


@register(
    "sandpaper",
    task="speckle",
    cite=(
        "after Zdora, J. Imaging 4 (2018) 60, doi:10.3390/jimaging4050060; refraction from xraylib, "
        "Schoonjans et al., Spectrochim. Acta B 66 (2011) 776, doi:10.1016/j.sab.2011.09.011"
    ),
    tags=("simulated",),
)
@dataclass(frozen=True)
class Sandpaper(Dataset):
    """Sheets of SiC sandpaper in a nearly parallel X-ray beam, stepped across it, and a sample of one material behind them.

    The grains are held by a phenolic resin, so that they refract by the difference of the two. The wave goes from the grains to
    the sample and on to the detector by Fresnel propagation on a grid finer than the detector's pixels. A Gaussian stands for
    the detector's response and the image of the source; pixels average over their area; the dose is the mean of the first
    reference image, and a pixel of a reference without any photon counts half of one, so that ratios exist. The source is far
    away (``source_m``): the beam magnifies by ``1 + distance_m / source_m``, and the measurement's pixel and distance are those
    at the sample, ``pixel_m`` and ``distance_m`` over the magnification.

    The truth is what refraction does: ``phase`` of the sample averaged over a pixel's view, ``transmission`` ``exp(-mu t)``,
    ``displacement`` ``z / (k pixel) grad phi`` of the ray that arrives at a pixel. The sample holds no structure finer than
    a pixel, so that its ``dark_field`` is zero. At its outline the displacement of a round body diverges and no single one
    describes a pixel: there, where it changes by over a quarter of a pixel from one pixel to the next, and in a margin of 16
    pixels, ``Problem.object_region`` is False.

    A geometry whose speckles do not follow ``z / (k pixel) grad phi`` to 5 % is refused: once for each, four pairs of images
    of a smooth phase are simulated and tracked.

    ``mixed`` takes the geometries in turn, and the materials in turn after every four problems.
    """

    geometry: str = setting("mixed", choices=("mixed", *GEOMETRIES), doc="shape of the sample")
    material: str = setting("mixed", choices=("mixed", *SAMPLE_MATERIALS), doc="of the sample")
    images: int = setting(10, valid="[1, 200]", range=(1, 20), doc="pairs of images, the membrane at as many positions")
    size: int = setting(256, valid="[64, 2048]", range=(128, 512), doc="side of an image", unit="px")
    photons: float | None = setting(
        5000, valid="(0, 1e12]", range=(100, 1e5), log=True, doc="mean photons per pixel of the reference; none: no noise"
    )
    energy_ev: float = setting(
        28e3, valid="[5e3, 2e5]", range=(15e3, 60e3), doc="photon energy", unit="eV", also={"wavelength_m": energy_of_wavelength}
    )
    distance_m: float = setting(2.0, valid="(0, 100]", range=(0.5, 5), doc="from sample to detector", unit="m")
    membrane_m: float = setting(0.5, valid="[0, 100]", range=(0.1, 1), doc="from the membrane to the sample", unit="m")
    source_m: float = setting(150.0, valid="(0, 1e6]", doc="from source to sample", unit="m")
    source_fwhm_m: float = setting(1e-4, valid="[0, 0.01]", doc="size of the source", unit="m")
    pixel_m: float = setting(6.5e-6, valid="(0, 1e-3]", range=(2e-6, 1e-5), doc="of the detector", unit="m")
    psf: float = setting(
        2.0, valid="[0, 20]", range=(0, 4), doc="full width at half maximum of the detector's response", unit="px"
    )
    grain_m: float = setting(125e-6, valid="[1e-6, 1e-3]", range=(3e-5, 2e-4), doc="diameter of a grain (P120: 125 um)", unit="m")
    sheets: int = setting(4, valid="[1, 20]", range=(1, 8), doc="sandpapers on top of each other")
    oversampling: int = setting(4, valid="[1, 16]", doc="samples of the wave a pixel")

    example: ClassVar[dict[str, object]] = {"size": 96, "images": 5}

    def __post_init__(self) -> None:
        """Check the settings, and that the membrane stands between source and sample."""
        super().__post_init__()
        if not self.membrane_m < self.source_m:
            raise UsageError(f"sandpaper: membrane_m must be less than source_m = {self.source_m:g} m, got {self.membrane_m:g}")

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Expose membrane and sample ``index``."""
        of_membrane, of_sample, of_noise = self.streams(3, index, seed, split)
        geometry = GEOMETRIES[index % 4] if self.geometry == "mixed" else self.geometry
        name = SAMPLE_MATERIALS[index // 4 % 3] if self.material == "mixed" else self.material
        line, material = self.beamline(), refraction(name, self.energy_ev)
        refuse_unless_shifts_follow(
            line, self.grain_m, self.sheets, _TEST_SLOPE * refraction("al2o3", self.energy_ev).phase_per_m
        )
        backend = get_backend("torch")
        thickness = sample_thickness_m(geometry, of_sample, line.side, line.step_m, line.size * line.oversampling)
        membrane = Membrane(int(of_membrane.integers(1 << 62)), self.grain_m, self.sheets)
        stacks = expose(line, membrane, self.images, wave_behind(thickness, material, backend), backend)
        reference, sample = stacks if self.photons is None else _counted(*stacks, self.photons, of_noise)
        truth = truth_of(line, thickness, material)
        return Problem(
            measurement=SpeckleStack(
                reference,
                sample,
                energy_ev=self.energy_ev,
                distance_m=line.effective_distance_m,
                pixel_m=line.effective_pixel_m,
                delta_beta=material.gamma,
            ),
            truth=truth,
            id=f"{self.plugin_name}-{geometry}-{name}-{split}-{seed}-{index}",
            split=split,
            provenance=Provenance(source=f"simulated by prbench, dataset {self.plugin_name}", licence="BSD-3-Clause"),
            object_region=object_region(truth),
        )

    def beamline(self) -> Beamline:
        """The geometry of these settings."""
        return Beamline(
            energy_ev=self.energy_ev,
            source_m=self.source_m,
            source_fwhm_m=self.source_fwhm_m,
            membrane_m=self.membrane_m,
            distance_m=self.distance_m,
            pixel_m=self.pixel_m,
            psf_px=self.psf,
            size=self.size,
            oversampling=self.oversampling,
        )


def _counted(
    reference: np.ndarray, sample: np.ndarray, photons: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Photons counted in every image, float32; pair by pair, so that fewer images are the first of more."""
    scale = photons / float(reference[0].mean())
    pairs = [
        (rng.poisson(scale * r.astype(np.float64)), rng.poisson(scale * s.astype(np.float64)))
        for r, s in zip(reference, sample, strict=True)
    ]
    counted = np.asarray(pairs, dtype=np.float32)
    return np.maximum(counted[:, 0], 0.5), counted[:, 1]
