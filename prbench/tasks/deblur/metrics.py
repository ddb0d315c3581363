"""Scores of blind deblurring, whose answer is known up to a translation of the image against the kernel."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from prbench.backend import Array
from prbench.core import DEBLURRED_IMAGE, Case, Problem, Reconstruction, metric
from prbench.errors import BadInput

from . import BlurredImage
from .deconvolution import sparse_deconvolution

_MOVES = ("shift",)


_FRACTIONS = np.arange(-3, 4) / 4
"""Parts of a pixel tried about the best whole translation."""


@dataclass(frozen=True, eq=False)
class AlignedImage:
    """What of an image is compared: the part that the blurred image looks at, and the same part of the truth.

    Attributes:
        estimate: float64.
        truth: the same shape.
        shift: rows and columns by which the image was moved.
    """

    estimate: Array
    truth: Array
    shift: tuple[float, float]


def register_image(truth: Array, estimate: Array, margin: tuple[int, int]) -> AlignedImage:
    """Move ``estimate`` to where it is nearest to ``truth``, whose margin is left out.

    The nearest of all translations by whole pixels up to the margin, exactly, and then of those by quarters of a pixel around it,
    by cubic splines: the grid that Levin, Weiss, Durand, Freeman (CVPR 2009, doi:10.1109/CVPR.2009.5206815) compare on, because
    image and kernel can be apart by parts of a pixel as well.

    Args:
        truth: real (rows, columns).
        estimate: the same shape.
        margin: rows and columns left out at each edge, half of the kernel's size, and the largest translation.

    Raises:
        BadInput: for shapes that differ or a margin that leaves nothing.
    """
    truth, estimate = np.asarray(truth, np.float64), np.asarray(estimate, np.float64)
    if truth.shape != estimate.shape or not all(2 * m < n for m, n in zip(margin, truth.shape, strict=True)):
        raise BadInput(
            f"both images must have one shape larger than twice the margin, got {truth.shape}, {estimate.shape}, {margin}"
        )
    (top, left), (rows, columns) = margin, truth.shape
    inner = truth[top : rows - top, left : columns - left]
    down, right = _best_whole(inner, estimate)
    moved = estimate[top - down : rows - top - down, left - right : columns - left - right]
    whole = AlignedImage(moved, inner, (float(down), float(right)))
    return min([whole, *_by_quarters(whole, estimate)], key=lambda one: float(np.sum((one.estimate - inner) ** 2)))


def _best_whole(inner: Array, estimate: Array) -> tuple[int, int]:
    """The translation of ``estimate`` by whole pixels at which the part of it over ``inner`` has the least squared distance."""
    from scipy.signal import correlate

    mean = inner.mean()
    inner, estimate = inner - mean, estimate - mean  # rounding is relative to what is left
    ones = np.ones_like(inner)
    energy = correlate(estimate**2, ones, mode="valid", method="fft")
    distance = energy - 2 * correlate(estimate, inner, mode="valid", method="fft")
    at = np.unravel_index(np.argmin(distance), distance.shape)
    middle = [n // 2 for n in distance.shape]
    return middle[0] - int(at[0]), middle[1] - int(at[1])


def _by_quarters(whole: AlignedImage, estimate: Array) -> Iterator[AlignedImage]:
    from scipy.ndimage import map_coordinates, spline_filter

    coefficients = spline_filter(estimate, order=3, mode="mirror")
    margin = [(n - m) // 2 for n, m in zip(estimate.shape, whole.truth.shape, strict=True)]
    axes = [np.arange(n) + m - s for n, m, s in zip(whole.truth.shape, margin, whole.shift, strict=True)]
    for down in _FRACTIONS:
        for right in _FRACTIONS:
            grid = np.meshgrid(axes[0] - down, axes[1] - right, indexing="ij")
            moved = map_coordinates(coefficients, grid, order=3, mode="mirror", prefilter=False)
            yield AlignedImage(moved, whole.truth, (whole.shift[0] + down, whole.shift[1] + right))


def kernel_similarity(truth: Array, estimate: Array) -> float:
    """Largest normalised correlation of two kernels over translations, 1 where they are equal but for one.

    Hu and Yang, ECCV 2012, 59, doi:10.1007/978-3-642-33715-4_5.
    """
    truth, estimate = np.asarray(truth, np.float64), np.asarray(estimate, np.float64)
    norm = float(np.linalg.norm(truth) * np.linalg.norm(estimate))
    if norm == 0:
        return math.nan
    shape = [2 * n for n in truth.shape]
    spectrum = np.fft.rfft2(truth, shape) * np.conj(np.fft.rfft2(estimate, shape))
    return float(np.fft.irfft2(spectrum, shape).max()) / norm


def registered_to_truth(problem: Problem, image: Array) -> AlignedImage:
    """An image of the truth's shape, or of the blurred image's, moved to where it is nearest to the truth of a problem.

    A blurred image's edge pixels are repeated outwards.
    """
    y, truth = problem.measured(BlurredImage), problem.truth
    assert truth is not None
    margin = y.kernel_shape[0] // 2, y.kernel_shape[1] // 2
    if image.shape == y.shape:
        image = np.pad(image, [(margin[0],) * 2, (margin[1],) * 2], mode="edge")
    return register_image(truth.image, image, margin)


def moved_to_truth(problem: Problem, estimate: Reconstruction) -> Reconstruction:
    """A reconstruction with its image moved to where it is nearest to the truth of a problem, and its kernel against it.

    By cubic splines; edge pixels are repeated outwards, and beyond a kernel's edge is zero.
    """
    from scipy.ndimage import shift

    moves = registered_to_truth(problem, estimate.image).shift
    image = shift(np.asarray(estimate.image, np.float64), moves, order=3, mode="nearest")
    kernel = shift(np.asarray(estimate.kernel, np.float64), [-move for move in moves], order=3, mode="constant")
    return dataclasses.replace(estimate, image=image, kernel=kernel)


def _registered(case: Case) -> AlignedImage:
    def find() -> AlignedImage:
        estimate = registered_to_truth(case.problem, case.reconstruction.image)
        case.notes["shift_rows"], case.notes["shift_columns"] = estimate.shift
        return estimate

    return case.shared("registered", find)


def _psnr(image: AlignedImage) -> float:
    error, span = float(np.mean((image.estimate - image.truth) ** 2)), float(np.ptp(image.truth))
    if not span > 0:
        return math.nan
    return 10 * math.log10(span**2 / error) if error > 0 else math.inf


@metric(
    "image_psnr",
    better="higher",
    unit="dB",
    range="(-inf, inf]",
    removes=_MOVES,
    answers=(DEBLURRED_IMAGE,),
    measurement=BlurredImage,
    header="PSNR",
    meaning="peak signal-to-noise ratio of the image, dB",
    priority=10,
    smallest=0.01,
)
def image_psnr(case: Case) -> float:
    """Peak signal-to-noise ratio of the image where the blurred one looks at it, against the range of the truth there."""
    return case.defined("image_psnr", _psnr(_registered(case)), "the truth is flat")


@metric(
    "psnr_gain",
    better="higher",
    unit="dB",
    range="(-inf, inf]",
    removes=_MOVES,
    answers=(DEBLURRED_IMAGE,),
    measurement=BlurredImage,
    header="gain",
    meaning="PSNR minus that of the blurred image, dB",
    priority=1,
    smallest=0.01,
)
def psnr_gain(case: Case) -> float:
    """Peak signal-to-noise ratio of the image minus that of the blurred one, each moved to where it is nearest to the truth;
    below 0 the blurred one was nearer.
    """
    blurred = registered_to_truth(case.problem, np.asarray(case.problem.measurement.image))  # type: ignore[attr-defined]
    gain = _psnr(_registered(case)) - _psnr(blurred)
    return case.defined("psnr_gain", gain, "the truth is flat, or both images are equal to it")


@metric(
    "image_ssim",
    better="higher",
    range="[-1, 1]",
    removes=_MOVES,
    cite="Wang, Bovik, Sheikh, Simoncelli, IEEE Trans. Image Process. 13 (2004) 600, doi:10.1109/TIP.2003.819861",
    answers=(DEBLURRED_IMAGE,),
    measurement=BlurredImage,
    header="SSIM",
    meaning="structural similarity of the image; 1 is equal",
    priority=20,
    smallest=0.001,
)
def image_ssim(case: Case) -> float:
    """Structural similarity of the image where the blurred one looks at it."""
    from skimage.metrics import structural_similarity as ssim_of

    estimate = _registered(case)
    span = float(np.ptp(estimate.truth))
    if min(estimate.truth.shape) < 11 or not span > 0:
        return case.undefined("image_ssim", "the truth is flat, or an axis has under 11 pixels")
    return float(
        ssim_of(  # type: ignore[no-untyped-call]
            estimate.truth, estimate.estimate, data_range=span, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
    )


@metric(
    "kernel_similarity",
    better="higher",
    range="[0, 1]",
    removes=_MOVES,
    cite="Hu, Yang, ECCV 2012, 59",
    answers=(DEBLURRED_IMAGE,),
    measurement=BlurredImage,
    header="kernel",
    meaning="correlation of the kernel with the true one; 1 is equal",
    priority=30,
    smallest=0.001,
)
def kernel_agreement(case: Case) -> float:
    """Largest normalised correlation of the kernel with the true one over translations."""
    truth = case.problem.truth
    assert truth is not None
    estimate = kernel_similarity(truth.kernel, case.reconstruction.kernel)
    return case.defined("kernel_similarity", estimate, "a kernel is zero everywhere")


@metric(
    "error_ratio",
    better="lower",
    removes=_MOVES,
    cite="Levin, Weiss, Durand, Freeman, CVPR 2009, doi:10.1109/CVPR.2009.5206815; "
    "Levin, Fergus, Durand, Freeman, ACM Trans. Graph. 26 (2007) 70, doi:10.1145/1276377.1276464",
    answers=(DEBLURRED_IMAGE,),
    measurement=BlurredImage,
    header="error ratio",
    meaning="squared error deconvolved with the kernel, over that with the true one; 1 is equal",
    priority=35,
    smallest=0.01,
)
def error_ratio(case: Case) -> float:
    """Squared error of the image that the kernel's deconvolution gives, over that of the true kernel's, by one method for both;
    half a kernel is left out at each edge. It judges the kernel alone.
    """
    truth = case.problem.truth
    assert truth is not None
    own, best = (_error_deconvolved(case.problem, kernel) for kernel in (case.reconstruction.kernel, truth.kernel))
    return own / best if best > 0 else case.undefined("error_ratio", "deconvolution with the true kernel has no error")


def _error_deconvolved(problem: Problem, kernel: Array) -> float:
    y = problem.measured(BlurredImage)
    aligned = registered_to_truth(problem, sparse_deconvolution(y, kernel))
    inner = tuple(slice(k // 2, n - k // 2) for k, n in zip(y.kernel_shape, y.shape, strict=True))
    return float(np.sum((aligned.estimate - aligned.truth)[inner] ** 2))


@metric(
    "blur_residual",
    better="lower",
    needs="measurement",
    removes=_MOVES,
    answers=(DEBLURRED_IMAGE,),
    measurement=BlurredImage,
    header="residual",
    meaning="misfit to the blurred image",
    priority=40,
    smallest=0.0001,
)
def blur_residual(case: Case) -> float:
    """Norm of the blurred image minus what image and kernel make, over its own norm."""
    y = case.problem.measured(BlurredImage)
    return float(y.residual(case.reconstruction.image, case.reconstruction.kernel))
