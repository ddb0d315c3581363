import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prbench.errors import UsageError
from prbench.physics.free_pixels import free_pixel_islands


@given(
    shape=st.sampled_from([(64, 64), (40, 70), (24, 24, 24)]),
    fraction=st.floats(0, 0.3),
    radius=st.integers(0, 3),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_free_pixels_are_measured_off_centre_and_as_many_as_asked(
    shape: tuple[int, ...], fraction: float, radius: int, seed: int
) -> None:
    measured = np.random.default_rng(seed).random(shape) < 0.9
    free = free_pixel_islands(measured, fraction, np.random.default_rng(seed), radius=radius, exclude_centre=0.1)
    assert not (free & ~measured).any()
    centre = np.sqrt(sum((np.indices(shape)[k] - n // 2) ** 2 for k, n in enumerate(shape)))
    assert not free[centre <= 0.1 * max(shape)].any()
    island = (2 * radius + 1) ** len(shape)
    assert 0 <= free.sum() - round(fraction * measured.sum()) <= island


def test_islands_hang_together() -> None:
    free = free_pixel_islands(np.ones((256, 256), dtype=bool), 0.05, np.random.default_rng(0), radius=3)
    neighbours = sum(np.roll(free, s, axis=a) for s in (-1, 1) for a in (0, 1))
    assert neighbours[free].mean() > 3


def test_too_much_is_refused() -> None:
    measured = np.zeros((32, 32), dtype=bool)
    measured[16, 16] = measured[0, 0] = True
    with pytest.raises(UsageError, match=r"\[0, 0.5\]"):
        free_pixel_islands(measured, 0.9, np.random.default_rng(0))
    measured[14:19, 14:19] = True
    with pytest.raises(UsageError, match=r"^\d+ .*\b\d+ .*\bcentre\b"):
        free_pixel_islands(measured, 0.5, np.random.default_rng(0), exclude_centre=0.2)
