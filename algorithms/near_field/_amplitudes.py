"""The misfit of amplitudes at the detector, and its derivatives by what the object does to a wave."""

from __future__ import annotations

from prbench.backend import Array
from prbench.tasks.near_field import NearField

from ._waves import empty_phase


class AmplitudeMisfit:
    """``sum (|u| - sqrt(I))^2`` over some of the pixels, u the wave at the detector.

    Photon noise makes all terms equally uncertain: their variance is a quarter of the intensity of one photon.

    Args:
        y: measurement.
        fitted: bool (H, W), the pixels in the sum; all measured ones where None.
    """

    def __init__(self, y: NearField, fitted: Array | None) -> None:
        self.y = y
        self.fitted = y.mask if fitted is None else fitted
        self.amplitude = y.backend.xp.sqrt(y.intensity)
        self._tiny = 1e-12 if y.backend.precision == "double" else 1e-6

    def logarithm(self, x: Array) -> Array | None:
        """``ln t`` (H, W) of maps: the second, what one material has with the first, or None for a pure phase."""
        if x.shape[0] == 2:
            return x[1]
        y = self.y
        return None if y.delta_beta is None else (x[0] - empty_phase(y)) / y.delta_beta

    def wave_at_detector(self, x: Array) -> tuple[Array, Array]:
        """The wave of maps on the grid at the object, and in the frame at the detector.

        Args:
            x: real (1 or 2, H, W): the phase and, where it is neither 0 nor tied to the phase, ``ln t``.
        """
        y, logarithm = self.y, self.logarithm(x)
        y.counters.operators += 1
        wave = y.space.wave(
            y.space.continued(x[0]), None if logarithm is None else y.backend.xp.exp(y.space.continued(logarithm))
        )
        return wave, y.space.cropped(y.to_detector(wave))

    def gap(self, there: Array) -> Array:
        """Expected less measured amplitude, (H, W), everywhere."""
        return self.y.backend.xp.abs(there) - self.amplitude

    def __call__(self, x: Array) -> tuple[float, Array]:
        """The misfit of maps (1 or 2, H, W) and its derivative, of their shape; four FFTs, counted."""
        y, xp = self.y, self.y.backend.xp
        wave, there = self.wave_at_detector(x)
        gap = self.gap(there)
        if self.fitted is not None:
            gap = xp.where(self.fitted, gap, xp.zeros_like(gap))
        back = y.backend.zeros(y.grid_shape, y.backend.complex)
        near = y.padding
        back[near : near + y.shape[0], near : near + y.shape[1]] = there * (gap / (xp.abs(there) + self._tiny))
        y.counters.operators += 1
        slope = 2 * xp.conj(wave) * y.to_object(back)
        if x.shape[0] == 2:
            parts = [xp.imag(slope), xp.real(slope)]
        else:
            parts = [xp.imag(slope) if y.delta_beta is None else xp.imag(slope) + xp.real(slope) / y.delta_beta]
        return float(xp.sum(gap * gap)), xp.stack([folded(y, part) for part in parts])


def folded(y: NearField, array: Array) -> Array:
    """The adjoint of ``y.space.continued``: an array (*grid_shape) with all that lies around the frame added to its edge."""
    xp, near = y.backend.xp, y.padding
    for axis in (0, 1):
        array = xp.moveaxis(array, axis, 0)
        inside = xp.asarray(array[near : near + y.shape[axis]], copy=True)
        inside[0] += xp.sum(array[:near], axis=0)
        inside[-1] += xp.sum(array[near + y.shape[axis] :], axis=0)
        array = xp.moveaxis(inside, 0, axis)
    return array
