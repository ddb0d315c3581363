"""The set of Levin, Weiss, Durand and Freeman: four pictures under eight measured camera shakes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from prbench.backend import get_backend
from prbench.core import Dataset, Problem, Provenance, Reconstruction, Split, register, setting
from prbench.core.data_files import DataFile, sha256_of
from prbench.errors import BadInput, UsageError
from prbench.tasks.deblur import BlurredImage

from ..readers.formats import read_array

_PICTURES, _KERNELS = (5, 6, 7, 8), (1, 2, 3, 4, 5, 6, 7, 8)
_INNER_FOLDER = "Levin09blurdata"
"""Where the published archive has the files."""

_NEGATIVE = 0.01
"""Part of a kernel's largest value by which others may be below zero: rounding and the fit by which kernels were measured."""

_LIKE = 0.9
"""Correlation below which the sharp picture under the kernel is another one than the blurred."""


@register(
    "levin-2009",
    task="deblur",
    cite="Levin, Weiss, Durand, Freeman, CVPR 2009, doi:10.1109/CVPR.2009.5206815",
    licence="the authors'",
    tags=("measured", "published"),
)
@dataclass(frozen=True)
class Levin2009(Dataset):
    """Four photographs of 255x255 pixels, each blurred by eight shakes of a real camera, kernels of 13 to 27 pixels.

    ``path`` is the folder with the files ``im05_flit01.mat`` to ``im08_flit08.mat``, or the one above it; each file holds the
    sharp picture ``x``, the blurred one ``y`` and the kernel ``f``, which is turned by 180 degrees against a convolution's. The
    solver is told the kernel's size. Truth beyond the edge of the sharp picture is unknown: there its edge is repeated, and
    nothing is compared. Every split has the same 32 problems.
    """

    path: str = setting("", doc="folder with im05_flit01.mat to im08_flit08.mat")
    known_kernel: bool = setting(False, doc="whether the solver is told the kernel: not blind, for comparison")

    files: ClassVar[tuple[DataFile, ...]] = ()

    @property
    def samples(self) -> int:
        """Number of blurred pictures: 32."""
        return len(_PICTURES) * len(_KERNELS)

    @property
    def inputs(self) -> tuple[str, ...]:
        """All 32 files."""
        return tuple(str(self._file(index)) for index in range(self.samples))

    def _file(self, index: int) -> Path:
        if not self.path:
            raise UsageError(f"{self.plugin_name}: give the folder, as in {self.plugin_name}[path=LevinEtalCVPR09Data]")
        folder = Path(self.path).expanduser()
        picture, kernel = divmod(index, len(_KERNELS))
        name = f"im{_PICTURES[picture]:02d}_flit{_KERNELS[kernel]:02d}.mat"
        found = next((path for path in (folder / name, folder / _INNER_FOLDER / name) if path.is_file()), None)
        if found is None:
            raise BadInput(f"{self.plugin_name}: there is no {name} in {folder}; it is one of the set's 32 files")
        return found

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Read file ``index``: picture ``index // 8`` under kernel ``index % 8``.

        Raises:
            BadInput: naming the file, where it is missing or is not what it must be.
        """
        path = self._file(index)
        sharp, seen, kernel = (_variable(path, name) for name in ("x", "y", "f"))
        if sharp.shape != seen.shape:
            raise BadInput(f"{path}: x has shape {sharp.shape}, y {seen.shape}; they must be equal")
        kernel = _kernel(path, kernel, seen.shape)
        margin = [(n // 2, n // 2) for n in kernel.shape]
        sizes = kernel.shape[0], kernel.shape[1]
        truth = Reconstruction(
            image=np.pad(sharp, margin, mode="edge").astype(np.float32),
            kernel=_as_convolved(path, sharp, seen, kernel).astype(np.float32),
        )
        return Problem(
            measurement=BlurredImage(seen.astype(np.float32), sizes, kernel=truth.kernel.copy() if self.known_kernel else None),
            truth=truth,
            id=f"{self.plugin_name}-{path.stem}-{split}-{seed}-{index}",
            split=split,
            provenance=Provenance(source=path.name, licence=self.info.licence, sha256=sha256_of(path)),
        )


def _variable(path: Path, name: str) -> np.ndarray:
    """A real 2D variable of a MAT file, float64."""
    array = read_array(path, name).data
    if array.ndim != 2 or array.dtype.kind not in "biuf":
        raise BadInput(f"{path}: {name} is {array.dtype} of shape {array.shape}, expected a real image")
    if not np.isfinite(array).all():
        raise BadInput(f"{path}: {name} has values that are not finite")
    return array.astype(np.float64)


def _kernel(path: Path, kernel: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A kernel that sums to one, nonnegative."""
    if not all(k % 2 and 3 * k < n for k, n in zip(kernel.shape, shape, strict=True)):
        raise BadInput(f"{path}: kernel f has shape {kernel.shape}, expected odd sides below a third of the picture's {shape}")
    if not kernel.max() > 0 or kernel.min() < -_NEGATIVE * kernel.max():
        raise BadInput(f"{path}: kernel f has values from {kernel.min():.3g} to {kernel.max():.3g}, expected none below zero")
    kernel = np.maximum(kernel, 0)
    return np.asarray(kernel / kernel.sum())


def _as_convolved(path: Path, sharp: np.ndarray, seen: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The kernel by whose convolution the blurred picture is nearest to the sharp one: turned by 180 degrees, or as stored.

    Raises:
        BadInput: where neither explains the blurred picture.
    """
    inner = tuple(slice(k // 2, n - k // 2) for k, n in zip(kernel.shape, seen.shape, strict=True))
    model = BlurredImage(seen[inner], (kernel.shape[0], kernel.shape[1])).to(get_backend("numpy", "double"))
    likeness = [
        float(np.corrcoef(model.blur(sharp, way).ravel(), seen[inner].ravel())[0, 1]) for way in (kernel[::-1, ::-1], kernel)
    ]
    if not max(likeness) > _LIKE:
        raise BadInput(f"{path}: x blurred by f has a correlation of {max(likeness):.2g} with y; they do not belong together")
    return kernel[::-1, ::-1] if likeness[0] >= likeness[1] else kernel
