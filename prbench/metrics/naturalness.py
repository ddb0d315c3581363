"""Naturalness of 8-bit images, judged without a reference: BRISQUE by piq and NIQE by pyiqa, from published numbers.

Both ask how far the statistics of an image are from those of undistorted photographs. They judge naturalness, not truth. The
libraries are the extra ``iqa``; the numbers they would download come with prbench (see ``numbers/NOTICE``).
"""

from __future__ import annotations

import functools
import importlib
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from prbench.backend import Array
from prbench.core import Case, metric
from prbench.errors import BadInput, MissingDependency, one_line

from ._phase import WHITE, grey_levels
from ._torchvision import allow_torchvision
from .regions import judged_region

_TASKS = ("near-field", "off-axis")
_NUMBERS = Path(__file__).parent / "numbers"

BRISQUE_LEAST_PX = 32
"""Shortest side for BRISQUE, a choice: the second of its two scales then still is twice its window of 7 pixels."""

NIQE_BLOCK_PX = 96
"""Side of the blocks that NIQE compares; it needs two of them at least."""

_GAMMA, _RHO = 0.05, -153.591
"""Width of the kernel and offset of the published support vector regression of BRISQUE."""


def brisque(image: Array) -> float:
    """BRISQUE of an image by piq: about 0 for a fine photograph, above 100 for a ruined one; negative values occur.

    Mittal, Moorthy, Bovik, IEEE Trans. Image Process. 21 (2012) 4695, doi:10.1109/TIP.2012.2214050.

    Args:
        image: uint8 (H, W), at least 32 pixels on each side.

    Raises:
        BadInput: for an array that is no such image, or one without the structure that the statistics are taken of.
        MissingDependency: without the extra ``iqa``.
    """
    whole = _grey(image, BRISQUE_LEAST_PX, "brisque")
    piq = _library("piq.brisque")
    import torch

    one = torch.from_numpy(whole.astype(np.float32))[None, None]
    # piq offers the score only with a download of the support vectors; its steps are taken here with those of the package.
    try:
        half = piq.imresize(one, sizes=(one.shape[2] // 2, one.shape[3] // 2))
        statistics = [piq._natural_scene_statistics(scale, 7, 7 / 6) for scale in (one, half)]  # noqa: SLF001
    except AssertionError as error:
        raise BadInput(f"brisque: the image has too little structure: {error}") from error
    features = piq._scale_features(torch.cat(statistics, dim=-1))  # noqa: SLF001
    vectors = _numbers("brisque_svm")
    kernel = piq._rbf_kernel(features, vectors["sv"].T, _GAMMA)  # noqa: SLF001
    return float((kernel @ vectors["sv_coef"]).item()) - _RHO


def niqe(image: Array) -> float:
    """NIQE of an image by pyiqa: about 3 for a fine photograph, larger for a less natural image.

    Mittal, Soundararajan, Bovik, IEEE Signal Process. Lett. 20 (2013) 209, doi:10.1109/LSP.2012.2227726.

    Args:
        image: uint8 (H, W), with room for two blocks of 96x96 pixels.

    Raises:
        BadInput: for an array that is no such image, or one without the structure that the statistics are taken of.
        MissingDependency: without the extra ``iqa``.
    """
    whole = _grey(image, NIQE_BLOCK_PX, "niqe")
    if math.prod(n // NIQE_BLOCK_PX for n in whole.shape) < 2:
        raise BadInput(f"niqe needs two blocks of {NIQE_BLOCK_PX}x{NIQE_BLOCK_PX} pixels, got an image of shape {whole.shape}")
    pyiqa = _library("pyiqa.archs.niqe_arch")
    import torch

    pristine = _numbers("niqe_pristine")
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of blocks without variance, which are left out
        one = torch.from_numpy(whole.astype(np.float64))[None, None] / 255
        try:
            found = pyiqa.calculate_niqe(one, mu_pris_param=pristine["mu"].ravel(), cov_pris_param=pristine["cov"])
        except RuntimeError as error:  # torch's, of a matrix without finite numbers
            raise BadInput("niqe: the image has too little structure") from error
    value = float(found.item())
    if not math.isfinite(value):
        raise BadInput("niqe: the image has too little structure")
    return value


def as_8bit(levels: Array) -> Array:
    """Grey levels rounded and clipped to the 256 that there are, uint8."""
    found: Array = np.rint(np.clip(levels, 0, WHITE)).astype(np.uint8)
    return found


def _grey(image: Array, least: int, name: str) -> np.ndarray:
    whole = np.asarray(image)
    if whole.ndim != 2 or whole.dtype != np.uint8:
        raise BadInput(f"{name} needs an 8-bit image (rows, columns) of dtype uint8, got {whole.dtype} of shape {whole.shape}")
    if min(whole.shape) < least:
        raise BadInput(f"{name} needs at least {least} pixels on each side, got shape {whole.shape}")
    return whole


@functools.cache
def _library(name: str) -> Any:
    """A module of piq or pyiqa, neither of which asks the network for anything when imported.

    Raises:
        MissingDependency: where it, or what it needs, is not installed.
    """
    allow_torchvision()
    try:
        return importlib.import_module(name)
    except ImportError as error:
        how = "pip install -c constraints.txt -e '.[iqa]', then `prbench rescore`"
        raise MissingDependency(f"{name.partition('.')[0]} is not there ({one_line(error, 100)}): {how}") from error


@functools.cache
def _numbers(name: str) -> dict[str, Any]:
    """Published numbers as tensors."""
    import torch

    with np.load(_NUMBERS / f"{name}.npz", allow_pickle=False) as file:
        return {key: torch.from_numpy(file[key]) for key in file.files}


def _image(case: Case) -> Array:
    """The phase as an 8-bit image: the rectangle about the judged region."""
    return case.shared("8-bit", lambda: as_8bit(grey_levels(case)[_rectangle(judged_region(case.problem))]))


def _rectangle(region: Array) -> tuple[slice, ...]:
    """The smallest rectangle that holds a region."""
    return tuple(slice(int(hit[0]), int(hit[-1]) + 1) for hit in (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0)))


def _scored(case: Case, name: str, judge: Callable[[Array], float]) -> float:
    """NaN, with the reason in the notes, for a picture that cannot be judged."""
    if case.reconstruction.phase is None:
        return math.nan
    try:
        return judge(_image(case))
    except BadInput as error:
        case.notes[name] = one_line(error)
        return math.nan


@metric(
    "brisque",
    better="lower",
    range="(-inf, inf)",
    tasks=_TASKS,
    needs="measurement",
    removes=("offset",),
    cite="Mittal, Moorthy, Bovik, IEEE Trans. Image Process. 21 (2012) 4695, doi:10.1109/TIP.2012.2214050",
    extra="iqa",
)
def brisque_of_phase(case: Case) -> float:
    """BRISQUE of the phase as an 8-bit image, black and white at the ends of the truth's range, or without truth at the
    percentiles 0.5 and 99.5: how unlike a photograph it looks, whatever the truth.
    """
    return _scored(case, "brisque", brisque)


@metric(
    "niqe",
    better="lower",
    tasks=_TASKS,
    needs="measurement",
    removes=("offset",),
    cite="Mittal, Soundararajan, Bovik, IEEE Signal Process. Lett. 20 (2013) 209, doi:10.1109/LSP.2012.2227726",
    extra="iqa",
)
def niqe_of_phase(case: Case) -> float:
    """NIQE of the phase as an 8-bit image, black and white as for brisque: how unlike a photograph it looks, whatever the truth;
    not defined for a picture without room for two blocks of 96x96 pixels.
    """
    return _scored(case, "niqe", niqe)
