"""A user's own speckle images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from prbench.core import Dataset, Problem, Provenance, Split, register, setting
from prbench.core.data_files import DataFile
from prbench.core.inspection import Inspection
from prbench.errors import BadInput, UsageError
from prbench.physics.materials import energy_of_wavelength
from prbench.tasks.speckle import SpeckleStack

from ..readers.series import Address
from ..readers.tiff_folders import image_series, read_images, sha256_of_all
from ._inspection import inspect_series
from ._measured import IMAGES_DOC, first_pairs, parse_region, usable

_SERIES = ("reference", "sample", "flat", "dark")


@register("speckle-folder", task="speckle", cite="the file's own", licence="the file's own", tags=("measured",))
@dataclass(frozen=True)
class SpeckleFolder(Dataset):
    """Images of the speckles without and with the sample, in TIFF or EDF files, paired by their order.

    A series is a folder, of which every image is taken in the order of the numbers in their names, a pattern such as
    ``scan/Ref*.tif``, or one file with a stack (images, rows, columns). Flat field and dark current may be series as well, which
    are averaged. There is no truth.
    """

    reference: str = setting("", doc="images without the sample: a folder, a pattern, or a file with a stack")
    sample: str = setting("", doc="images with the sample, as many")
    flat: str | None = setting(None, doc="images of the beam without speckles, averaged; none: already divided out")
    dark: str | None = setting(None, doc="images without beam, averaged; none: already subtracted")
    energy_ev: float | None = setting(
        None, valid="(0, inf)", unit="eV", doc="photon energy", also={"wavelength_m": energy_of_wavelength}
    )
    distance_m: float | None = setting(None, valid="(0, inf)", unit="m", doc="from sample to detector")
    pixel_m: float | None = setting(
        None, valid="(0, inf)", unit="m", doc="of the detector, at the sample where the beam magnifies"
    )
    delta_beta: float | None = setting(
        None, valid="(0, inf)", was="gamma", doc="delta / beta of a sample of one material; none: not known"
    )
    images: int | None = setting(None, valid="[1, inf)", doc=IMAGES_DOC)
    crop: str | None = setting(None, doc="rows and columns to use, such as 870:1300x140:2360; none: all")
    invalid: Literal["error", "mask"] = setting(
        "error", doc="pixels without beam or not finite: refuse the images, or leave them out"
    )

    files: ClassVar[tuple[DataFile, ...]] = ()

    @classmethod
    def inspect(cls, path: str) -> Inspection | None:
        """See :meth:`~prbench.core.Dataset.inspect`."""
        return inspect_series(path)

    @property
    def samples(self) -> int:
        """Number of problems: 1."""
        return 1

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every file of every series."""
        return tuple(str(path) for result in self._series().values() for path in result.paths)

    def make(self, index: int, seed: int, split: Split) -> Problem:  # noqa: ARG002 - there is one
        """Read the files.

        Raises:
            UsageError: where a setting is missing.
            BadInput: naming the file, where images are missing or are not what they must be.
        """
        name, series = self.plugin_name, self._series()
        energy_ev, distance_m, pixel_m = self._geometry()
        region = parse_region(self.crop, f"{name}: crop")
        read = {what: read_images(result.paths, region, result.inside) for what, result in series.items()}
        reference, sample = read.pop("reference"), read.pop("sample")
        if len(reference) != len(sample):
            raise BadInput(
                f"{name}: {len(reference)} images in {self.reference}, {len(sample)} in {self.sample}; pairs are needed"
            )
        reference, sample = (first_pairs(stack, self.images, name) for stack in (reference, sample))
        frames = {what: stack.mean(axis=0, dtype=np.float64).astype(np.float32) for what, stack in read.items()}
        mask = None
        if self.invalid == "mask":
            dark = frames.get("dark", np.float32(0))
            flat = frames["flat"] - dark if "flat" in frames else None
            mask = usable(reference - dark, sample, flat)
        sha256 = sha256_of_all(path for result in series.values() for path in result.paths)
        return Problem(
            measurement=SpeckleStack(
                reference,
                sample,
                energy_ev=energy_ev,
                distance_m=distance_m,
                pixel_m=pixel_m,
                delta_beta=self.delta_beta,
                mask=mask,
                flat=frames.get("flat"),
                dark=frames.get("dark"),
            ),
            truth=None,
            id=f"{name}-{Path(self.sample).stem}-{sha256[:8]}",
            split=split,
            provenance=Provenance(source=Path(self.sample).name, licence="the file's own", sha256=sha256),
        )

    def _series(self) -> dict[str, Address]:
        if not (self.reference and self.sample):
            raise UsageError(
                f"{self.plugin_name}: give both series, as in "
                f"{self.plugin_name}[reference=ref,sample=sam,energy_ev=25e3,distance_m=0.7,pixel_m=6.5e-6]"
            )
        addresses = {what: getattr(self, what) for what in _SERIES}
        return {what: image_series(address, f"{self.plugin_name}: {what}") for what, address in addresses.items() if address}

    def _geometry(self) -> tuple[float, float, float]:
        if self.energy_ev is None or self.distance_m is None or self.pixel_m is None:
            missing = [what for what in ("energy_ev", "distance_m", "pixel_m") if getattr(self, what) is None]
            raise UsageError(f"{self.plugin_name}: give {', '.join(missing)}; what a displacement means depends on it")
        return self.energy_ev, self.distance_m, self.pixel_m
