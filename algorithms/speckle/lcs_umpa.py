"""UMPA's search, then LCS about what it found, in as wide a window as the image allows at each pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from prbench.backend import Array
from prbench.core import DirectSolver, Reconstruction, Rng, register, setting
from prbench.tasks.speckle import SpeckleStack

from ._stack import need_images, phase_of
from ._tracking import fitted, noise_between, ratio, searched, smoothed, stepped
from ._windows import check_odd, hamming, local_mean, windowed

_QUIETEST = 1e-4
"""Noise, in pixels or of a transmission, below which windows are not told apart: that of single precision."""


@register(
    "lcs-umpa",
    task="speckle",
    cite=(
        "De Marco et al., Opt. Express 31 (2023) 635, doi:10.1364/OE.474794; "
        "Quenot et al., Optica 8 (2021) 1412, doi:10.1364/OPTICA.434954; "
        "choice of the window: Lepski, Mammen, Spokoiny, Ann. Statist. 25 (1997) 929, doi:10.1214/aos/1069362731"
    ),
    tags=("classical",),
)
@dataclass(frozen=True)
class LCSUMPA(DirectSolver[SpeckleStack]):
    """Displacement in nested windows of sides w, 2w - 1 and 4w - 3; at each pixel the widest that agrees with the narrower ones.

    UMPA's search over whole displacements tells where to look. About its answer, smoothed, LCS is solved in all windows at once,
    in either half of the images: how the halves differ tells the noise of each window, without a model of the detector. A window
    is taken where its displacement lies within the noise of those in narrower windows, on the average over these, and so for the
    transmission. The error is that of a wide window where the field is smooth and that of a narrow one at edges; waves of a few
    windows' length, whose loss in a wide window is no larger than the noise in a narrow one, come out weaker than from ``umpa``.
    """

    window: int = setting(5, valid="[3, 51]", range=(3, 9), doc="side of the narrowest Hamming window, odd", unit="px")
    max_shift: int = setting(4, valid="[1, 64]", range=(1, 12), doc="largest displacement along an axis", unit="px")
    dark_field: bool = setting(False, doc="fit the loss of visibility as well")
    tolerance: float = setting(
        1.5, valid="[0, 100]", range=(1, 4), doc="mean square by which windows may differ, in units of the narrower one's noise"
    )

    example: ClassVar[dict[str, object]] = {}

    def __post_init__(self) -> None:
        """As every plug-in; the window has a middle."""
        super().__post_init__()
        check_odd(self.plugin_name, self.window)

    def solve(self, y: SpeckleStack, rng: Rng) -> Reconstruction:  # noqa: ARG002 - nothing here is random
        """Search, fit in all windows, choose."""
        need_images(y, 2, self.plugin_name, "umpa")
        xp, R, S = y.backend.xp, y.reference, y.sample
        windows = [self.window, 2 * self.window - 1, 4 * self.window - 3]
        M = local_mean(R, xp) if self.dark_field else None
        near = searched(y, R, S, self.max_shift) if M is None else searched(y, R - M, S - local_mean(S, xp), self.max_shift)
        guess = smoothed(y, y.backend.asarray(near), windows[-1])
        half = y.images // 2
        halves = [self._maps(y, part, M, guess, windows) for part in (slice(0, half), slice(half, None))]
        share = half / y.images
        displacement, noise_px = widest(
            [m[:2] for m in halves[0]], [m[:2] for m in halves[1]], share, windows, self.tolerance, xp
        )
        transmission, _ = widest([m[2:3] for m in halves[0]], [m[2:3] for m in halves[1]], share, windows, self.tolerance, xp)
        result = {"displacement": displacement, "transmission": transmission[0], "phase": phase_of(y, displacement)}
        if M is None:
            return Reconstruction(**result, aux={"noise_px": noise_px})
        speckles, _ = widest([m[3:] for m in halves[0]], [m[3:] for m in halves[1]], share, windows, self.tolerance, xp)
        visibility = ratio(speckles[0], transmission[0], 1, xp)
        return Reconstruction(
            **result, dark_field=y.dark_field_of(visibility), aux={"noise_px": noise_px, "visibility": visibility}
        )

    def _maps(self, y: SpeckleStack, part: slice, M: Array | None, guess: Array, windows: list[int]) -> list[Array]:
        """Displacement, T and, with a dark field, K, (3 or 4, H, W), of some of the images, for each window."""
        xp, means = y.backend.xp, None if M is None else M[part]
        fits = fitted(y, y.reference[part], y.sample[part], means, guess, self.max_shift + 1, windows)
        steps = [stepped(y, fit, guess, self.max_shift) for fit in fits]
        if M is None:
            return [xp.concat([step, fit[:1]]) for step, fit in zip(steps, fits, strict=True)]
        return [xp.concat([step, fit[:1] + fit[1:2], fit[1:2]]) for step, fit in zip(steps, fits, strict=True)]


def widest(
    first: list[Array], second: list[Array], share: float, windows: list[int], tolerance: float, xp: Any
) -> tuple[Array, float]:
    """At each pixel what the widest window says that agrees with all narrower ones, and the noise of the narrowest.

    Args:
        first: maps (c, H, W) by window, narrowest first, from some of the images.
        second: the same from the others.
        share: of the images that ``first`` is from.
        windows: their sides.
        tolerance: mean square of a difference over the narrower window, in units of its noise's.
        xp: namespace of the arrays.
    """
    maps = [share * a + (1 - share) * b for a, b in zip(first, second, strict=True)]
    noise = [max(noise_between(a, b, share, xp), _QUIETEST) for a, b in zip(first, second, strict=True)]
    chosen, agrees = maps[0], xp.ones_like(maps[0][0]) > 0
    for k in range(1, len(maps)):
        for j in range(k):
            square = xp.mean((maps[k] - maps[j]) ** 2, axis=0) / noise[j] ** 2
            agrees = agrees & (windowed(square, hamming(windows[j]), xp, beyond="edge") <= tolerance)
        chosen = xp.where(agrees, maps[k], chosen)
    return chosen, noise[0]
