"""Three X-ray radiographs of the Xvis toolbox as phase objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from prbench.core import Problem, Provenance, Split, register, setting
from prbench.core.data_files import DataFile

from ..originals.table import original
from ..readers.locate import locate
from ..readers.pictures import centre_square, random_square, read_picture, resized, stretched
from ._simulated import PictureOfPhase

_LICENCE = "CC BY-NC-SA, redistribution permitted by the authors"
_NOTE = "a radiograph of the Xvis toolbox (D. Mery, https://domingomery.ing.puc.cl/material/xvis/)"
NAMES = ("cast_defect", "weld", "wheel")


def _file(name: str, sha256: str) -> DataFile:
    url = original("radiograph-real", f"{name}.png").url
    return DataFile(name=f"radiographs/{name}.png", licence=_LICENCE, urls=(url,), sha256=sha256, note=_NOTE)


@register(
    "radiograph-real",
    task="near-field",
    cite="Mery, Computer Vision for X-Ray Testing, Springer (2015), doi:10.1007/978-3-319-20747-6",
    licence=_LICENCE,
    tags=("measured",),
)
@dataclass(frozen=True)
class RadiographReal(PictureOfPhase):
    """A phase object (size, size) whose phase is the brightness of a measured radiograph; the propagation is simulated.

    A casting with defects (572x768 pixels), a weld (366x500) and a wheel (470x610). Test samples 0 to 2 of seed 0 are their
    centred squares, all others squares cut out at random, turned and mirrored; every split shows the same three objects.
    """

    image: Literal["all", "cast_defect", "weld", "wheel"] = setting("all", doc="which radiograph; all: in turn")

    example: ClassVar[dict[str, object]] = {"size": 48, "distance_m": 3e-3, "padding": 16}

    files: ClassVar[tuple[DataFile, ...]] = (
        _file("cast_defect", "14695b2e849ff26eb0e3408d416bbaddbfa509ceb5eee577da62b8f348290580"),
        _file("weld", "682b209da0ad263175ac505097c49b7ee1d8b975319b22097973871ef335a564"),
        _file("wheel", "4b7e079b1af0f047de19ed76197f3bbafcd9c521386844a53f004f292421a50b"),
    )

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Cut problem ``index`` out of its radiograph."""
        of_crop, of_noise = self.streams(2, index, seed, split)
        names = NAMES if self.image == "all" else (self.image,)
        name = names[index % len(names)]
        path, sha256 = locate(self.files[NAMES.index(name)], self.plugin_name)
        picture = read_picture(path)
        is_published = (split, seed) == ("test", 0) and index < len(names)
        return self.problem_of(
            stretched(resized(centre_square(picture) if is_published else random_square(picture, of_crop), self.size)),
            (index, seed, split),
            of_noise,
            name=f"{self.plugin_name}-{name}",
            provenance=Provenance(source=f"Xvis toolbox, {name}; propagated by prbench", licence=_LICENCE, sha256=sha256),
        )
