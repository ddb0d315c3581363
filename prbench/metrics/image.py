"""PSNR and SSIM of what was reconstructed, on the part of it that a reader looks at.

Of a complex object the picture is the phase where the truth's phase varies over the region, else the magnitude; which one, and
the data range, which is the truth's unless the problem declares that of a magnitude, go to the notes of the case. A phase is
judged only where the truth's magnitude is above a tenth of its largest: under that no measurement holds it.

Phases are compared on the circle. The truth's phase is measured from its mean direction, so that neither the global phase nor
the position where a branch was cut decides its range; the error is the angle between reconstruction and truth in (-pi, pi], and
the picture of the reconstruction is the truth's plus this error, so that a wrap is not an edge. Where the reconstruction is
zero it has no phase either, and the error is put at pi/sqrt(3), the root mean square of a phase that knows nothing.

Where the answer of a task is a real phase, unwrapped and known up to a constant, the picture is that phase minus its mean over
the region, and an error of a whole turn is an error.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from prbench.backend import Array
from prbench.core import COMPLEX_OBJECT, PHASE_MAP, SPECKLE_MAPS, Case, metric
from prbench.errors import BadInput

from .regions import judged_region
from .symmetry import FAR_FIELD, case_aligned

CONSTANT_PHASE_RAD = 1e-4
"""Range of the truth's phase up to which it counts as constant, above what single precision leaves of a constant."""

PHASE_FROM = 0.1
"""Fraction of the truth's largest magnitude from which its phase is judged: a choice, as in the thresholds of supports."""

_NO_PHASE_RAD = math.pi / math.sqrt(3)
_WINDOW = 11
"""Pixels across the Gaussian window of SSIM, sigma 1.5 cut at 3.5 sigma (Wang et al. 2004)."""


@dataclass(frozen=True, eq=False)
class ImagePair:
    """Truth and reconstruction as real pictures of one shape, zero outside the region.

    Attributes:
        kind: ``phase`` (radians) or ``magnitude``.
        truth: float64.
        estimate: float64.
        region: bool, where they are compared.
        data_range: largest less smallest value of the truth in the region; the largest magnitude for one that is constant; zero
            for a real phase that is constant.
    """

    kind: str
    truth: Array
    estimate: Array
    region: Array
    data_range: float


def picture(truth: Array, aligned: Array, region: Array | None = None) -> ImagePair:
    """The pictures that :func:`psnr` and :func:`ssim` compare.

    Args:
        truth: complex, 2D or 3D.
        aligned: complex, same shape, in the truth's frame and phase.
        region: bool, same shape; everywhere where None.

    Raises:
        BadInput: for shapes that differ, or a truth that is zero all over the region.
    """
    truth, aligned = np.asarray(truth, np.complex128), np.asarray(aligned, np.complex128)
    inside = np.ones(truth.shape, bool) if region is None else np.asarray(region, bool)
    if not truth.shape == aligned.shape == inside.shape:
        raise BadInput(f"truth, object and region must have one shape, got {truth.shape}, {aligned.shape}, {inside.shape}")
    magnitude = np.where(inside, np.abs(truth), 0.0)
    if not magnitude.any():
        raise BadInput("the truth is zero everywhere in the region; there is no picture to compare")
    strong = magnitude > PHASE_FROM * magnitude.max()
    mean = np.sum(truth[strong])
    phase = np.where(strong, np.angle(truth * np.conj(mean or 1.0)), 0.0)
    span = float(np.ptp(phase[strong]))
    if span > CONSTANT_PHASE_RAD:
        error = np.where(aligned != 0, np.angle(aligned * truth.conj()), _NO_PHASE_RAD)
        return ImagePair("phase", phase, np.where(strong, phase + error, 0.0), strong, span)
    estimate = np.where(inside, np.abs(aligned), 0.0)
    span = float(np.ptp(magnitude[inside]))
    return ImagePair("magnitude", magnitude, estimate, inside, span if span > 1e-6 * magnitude.max() else float(magnitude.max()))


def phase_picture(truth: Array, estimate: Array, region: Array | None = None) -> ImagePair:
    """The pictures compared where the answer is a real, unwrapped phase: each minus its mean over the region.

    Args:
        truth: real, radians, 2D or 3D.
        estimate: same shape.
        region: bool, same shape; everywhere where None.

    Raises:
        BadInput: for shapes that differ, or an empty region.
    """
    truth, estimate = np.asarray(truth, np.float64), np.asarray(estimate, np.float64)
    inside = np.ones(truth.shape, bool) if region is None else np.asarray(region, bool)
    if not truth.shape == estimate.shape == inside.shape:
        raise BadInput(f"truth, phase and region must have one shape, got {truth.shape}, {estimate.shape}, {inside.shape}")
    if not inside.any():
        raise BadInput("the region is empty; there is no picture to compare")
    first, second = (np.where(inside, phase - phase[inside].mean(), 0.0) for phase in (truth, estimate))
    return ImagePair("phase", first, second, inside, float(np.ptp(truth[inside])))


def peak_signal_to_noise(image: ImagePair) -> float:
    """``10 log10(range^2 / mean squared error)`` over the region, in dB; infinite only where the error is exactly zero, and NaN
    where the truth has no range.
    """
    if not image.data_range > 0:
        return math.nan
    error = float(np.mean((image.estimate - image.truth)[image.region] ** 2))
    return 10.0 * math.log10(image.data_range**2 / error) if error > 0 else math.inf


def structural_similarity(image: ImagePair) -> float:
    """Mean over the region of the SSIM map with a Gaussian window, sigma 1.5 (Wang et al. 2004); NaN where an axis has under 11
    pixels or the truth has no range.

    Both pictures are zero outside the region, so that only what lies inside can differ.
    """
    from skimage.metrics import structural_similarity as ssim_of

    if min(image.truth.shape) < _WINDOW or not image.data_range > 0:
        return math.nan
    _, similarity = ssim_of(  # type: ignore[no-untyped-call]
        image.truth,
        image.estimate,
        data_range=image.data_range,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    return float(np.mean(similarity[image.region]))


def _case_picture(case: Case) -> ImagePair:
    def make() -> ImagePair:
        truth = case.problem.truth
        assert truth is not None
        if truth.object is not None:
            compared = picture(truth.object, case_aligned(case), case.problem.object_region)
            if case.problem.data_range is not None and compared.kind == "magnitude":
                compared = dataclasses.replace(compared, data_range=case.problem.data_range)
        else:
            compared = phase_picture(truth.phase, case.reconstruction.phase, judged_region(case.problem))
        case.notes["image"] = compared.kind
        case.notes["image_data_range"] = compared.data_range
        return compared

    return case.shared("picture", make)


_ANSWERS = (COMPLEX_OBJECT, PHASE_MAP, SPECKLE_MAPS)
"""A complex object is aligned first; a real phase loses its offset."""


@metric(
    "psnr",
    better="higher",
    unit="dB",
    range="(-inf, inf]",
    removes=(*FAR_FIELD, "offset"),
    answers=_ANSWERS,
    header="PSNR",
    meaning="peak signal-to-noise ratio of the phase, or of the magnitude where the phase is constant, dB",
    priority=10,
    smallest=0.01,
)
def psnr(case: Case) -> float:
    """Peak signal-to-noise ratio of the phase over the object's region, against the range of the truth's phase; of the
    magnitude where the phase of a complex truth is constant. Complex objects are aligned, real phases lose their mean.
    """
    return case.defined("psnr", peak_signal_to_noise(_case_picture(case)), "the truth is flat over the region")


@metric(
    "ssim",
    better="higher",
    range="[-1, 1]",
    removes=(*FAR_FIELD, "offset"),
    cite="Wang, Bovik, Sheikh, Simoncelli, IEEE Trans. Image Process. 13 (2004) 600, doi:10.1109/TIP.2003.819861",
    answers=_ANSWERS,
    header="SSIM",
    meaning="structural similarity of the picture that PSNR compares; 1 is equal",
    priority=15,
    smallest=0.001,
)
def ssim(case: Case) -> float:
    """Structural similarity of the phase, averaged over the object's region; of the magnitude where the phase of a complex
    truth is constant. Complex objects are aligned, real phases lose their mean.
    """
    reason = f"the truth is flat over the region, or an axis has under {_WINDOW} pixels"
    return case.defined("ssim", structural_similarity(_case_picture(case)), reason)
