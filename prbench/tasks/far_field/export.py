"""Writing a far-field reconstruction to CXI, where PyNX and cdiutils look for it.

F. R. N. C. Maia, The Coherent X-ray Imaging Data Bank, Nat. Methods 9 (2012) 854, doi:10.1038/nmeth.2110.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from prbench.core import HeldOut, Reconstruction
from prbench.errors import UsageError, one_line

from .measurement import FarField
from .modes import modes_of
from .object_space import voxel_size_m, without_ramp
from .suspicions import SUPPORT_THRESHOLD


def write_cxi(
    path: Path,
    measurement: FarField,
    reconstruction: Reconstruction,
    *,
    source: str,
    scores: Mapping[str, float],
    solver: str = "",
    held_out: HeldOut | None = None,
) -> Path:
    """Write a reconstruction to a CXI file, under a temporary name first, so that a half-written file never stands there.

    The object is at ``/entry_1/image_1/data`` (and ``/entry_1/data_1/data``), complex as a compound {r, i}, without the slope of
    its phase, which is at ``/entry_1/image_1/process_1/phase_ramp`` in radians per pixel. ``support`` stands beside it, also as
    ``mask``, where PyNX and cdiutils look for it; the detector's mask, nonzero where unusable, is at
    ``/entry_1/image_1/instrument_1/detector_1/mask``. Where the geometry is known, ``voxel_size`` is the size of the object's
    pixels in metres along its axes, and ``image_size`` that of its frame along x, y (and z), as CXI has it. Scores are at
    ``/entry_1/image_1/process_1/results``, ``llk_poisson`` and ``free_llk_poisson`` always among them; an attribute ``reason``
    says why one is NaN. Of several starts the orthogonal modes, the strongest first, stand at
    ``/entry_1/image_1/process_1/modes``, and the share of the power of each at ``mode_shares`` beside them.

    Args:
        path: of the file; its folder must exist.
        measurement: what was reconstructed, on the host.
        reconstruction: with ``object``; a bool array ``support`` of its shape in ``aux`` is written, otherwise the pixels above
            5 % of the largest magnitude are.
        source: where the measurement comes from, in words.
        scores: numbers by name.
        solver: name and settings.
        held_out: pixels kept from the solver, for the free log-likelihood; NaN is written without.

    Returns:
        ``path``.

    Raises:
        UsageError: where the folder is missing or the file cannot be written there.
    """
    import h5py

    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with h5py.File(temporary, "w") as file:
            _write(file, path.name, measurement, reconstruction, source, dict(scores), solver, held_out)
        temporary.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {one_line(error, 120)}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _write(
    file: Any,
    name: str,
    y: FarField,
    estimate: Reconstruction,
    source: str,
    scores: dict[str, float],
    solver: str,
    held_out: HeldOut | None,
) -> None:
    import prbench

    now = datetime.now(UTC).isoformat(timespec="seconds")
    file.attrs.update({"file_name": name, "file_time": now, "creator": "prbench", "default": "entry_1"})
    file["cxi_version"] = 150
    entry = _group(file, "entry_1", "NXentry", default="data_1")
    entry["title"] = source
    entry["start_time"] = now
    image = _group(entry, "image_1", "NXdata", signal="data", interpretation="image" if y.ndim == 2 else "scaler")
    x = np.asarray(estimate.object).astype(np.complex64)
    level, ramp = without_ramp(x)
    _array(image, "data", level)
    support = estimate.aux.get("support")
    if getattr(support, "shape", None) != x.shape:
        support = np.abs(x) > SUPPORT_THRESHOLD * np.abs(x).max()
    _array(image, "support", np.asarray(support).astype(bool).astype(np.int8))
    image["mask"] = image["support"]
    image["data_space"], image["data_type"], image["is_fft_shifted"] = "real", "electron density", 0
    _geometry(image, y)
    _sizes(image, y)
    data = _group(entry, "data_1", "NXdata", signal="data", interpretation="image" if y.ndim == 2 else "scaler")
    data["data"] = image["data"]
    process = _group(image, "process_1", "NXprocess")
    process["program"], process["version"], process["command"] = "prbench", prbench.__version__, solver
    process["phase_ramp"] = ramp
    process["phase_ramp"].attrs["units"] = "rad/pixel"
    results = _group(process, "results", "NXcollection")
    likelihood, free = poisson_deviance(y, x, held_out)
    for key, value in {"llk_poisson": likelihood, "free_llk_poisson": free, **scores}.items():
        results[key] = float(value)
    if held_out is None:
        results["free_llk_poisson"].attrs["reason"] = "no pixels were kept from the solver; the setting holdout= keeps some"
    _modes(process, estimate.aux.get("starts"))
    results["nb_point_support"] = int(np.asarray(support).astype(bool).sum())


def _modes(process: Any, starts: Any) -> None:
    """The orthogonal modes of several starts, complex (M, *shape), and the share of the power of each."""
    if starts is None or len(starts) < 2:
        return
    modes = modes_of(np.asarray(starts))
    _array(process, "modes", modes.arrays.astype(np.complex64))
    process["mode_shares"] = modes.shares


def _group(parent: Any, name: str, nexus: str, **attributes: str) -> Any:
    group = parent.create_group(name)
    group.attrs["NX_class"] = nexus
    group.attrs.update(attributes)
    return group


def _array(group: Any, name: str, array: np.ndarray) -> None:
    group.create_dataset(name, data=array, chunks=True, shuffle=True, compression="gzip", compression_opts=4)


def _geometry(image: Any, y: FarField) -> None:
    """SI units, as everywhere in CXI."""
    from scipy.constants import c, h

    instrument = _group(image, "instrument_1", "NXinstrument")
    if y.wavelength_m is not None:
        beam = _group(instrument, "source_1", "NXsource")
        beam["energy"] = h * c / y.wavelength_m
        beam["energy"].attrs["units"] = "J"
    detector = _group(instrument, "detector_1", "NXdetector")
    unusable = np.zeros(y.shape, dtype=np.int8) if y.mask is None else (~np.asarray(y.mask)).astype(np.int8)
    _array(detector, "mask", unusable)
    lengths = {"distance": y.distance_m, "x_pixel_size": y.pixel_m, "y_pixel_size": y.pixel_m}
    for key, value in lengths.items():
        if value is not None:
            detector[key] = value
            detector[key].attrs["units"] = "m"


def _sizes(image: Any, y: FarField) -> None:
    """Size of the object's pixels and frame; an attribute ``reason`` says why one is NaN."""
    sizes = voxel_size_m(y)
    if all(size is None for size in sizes):
        return
    estimate = np.array([math.nan if size is None else size for size in sizes])
    assert y.object_shape is not None
    image["voxel_size"] = estimate
    image["image_size"] = (estimate * np.array(y.object_shape))[::-1]
    for name in ("voxel_size", "image_size"):
        image[name].attrs["units"] = "m"
        if y.ndim == 3:
            image[name].attrs["reason"] = "the step of the rocking curve, the first axis, is not part of the measurement"


def poisson_deviance(y: FarField, x: np.ndarray, held_out: HeldOut | None = None) -> tuple[float, float]:
    """Mean Poisson deviance a pixel, of the pixels that the solver saw and of those held out.

    ``2 (c - n + n ln(n/c))``, n photons measured and c expected; about 1 where the object explains bright data to their noise.

    Args:
        y: the measurement, on the host.
        x: the object, shape of ``y.object_shape``.
        held_out: pixels kept from the solver; the second number is NaN without.
    """
    gain = y.gain or 1.0
    expected = np.asarray(y.forward(x), dtype=np.float64) / gain
    seen = np.ones(y.shape, dtype=bool) if y.mask is None else np.asarray(y.mask)

    def mean(measured: np.ndarray, where: np.ndarray) -> float:
        n, c = np.asarray(measured, dtype=np.float64)[where] / gain, np.maximum(expected[where], 1e-12)
        ratio = np.where(n > 0, n / c, 1.0)
        return float(np.mean(2 * (c - n + n * np.log(ratio)))) if n.size else math.nan

    free = math.nan if held_out is None else mean(held_out.intensity, np.asarray(held_out.mask))
    return mean(y.intensity, seen), free
