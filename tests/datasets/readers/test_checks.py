"""What is suspicious is said; what is in order is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from .layouts import SHAPE, counts, gaps
from .test_corrections import volume
from .test_layouts import read


def said(tmp_path: Path, data: np.ndarray, **settings: object) -> str:
    np.save(tmp_path / "p.npy", data)
    return " | ".join(read(tmp_path / "p.npy", **settings).warnings)


def test_sound_patterns_are_not_suspected(tmp_path: Path) -> None:
    assert said(tmp_path, counts()) == ""
    assert said(tmp_path, volume()) == ""
    assert said(tmp_path, counts().astype(np.float32)) == ""
    assert said(tmp_path, np.random.default_rng(0).poisson(counts() / 1e4)) == ""
    np.savez(tmp_path / "p.npz", data=counts(), mask=gaps())
    assert read(tmp_path / "p.npz").warnings == ()


def test_a_beamstop_is_no_shifted_peak(tmp_path: Path) -> None:
    y, x = np.mgrid[-48:48, -48:48]
    np.savez(tmp_path / "p.npz", data=counts(), mask=np.hypot(y, x) < 7)
    assert not any("center=" in line for line in read(tmp_path / "p.npz").warnings)


@pytest.mark.parametrize("factor", [1.0, 0.01, 1e-4])
def test_a_stack_of_exposures_is_no_volume(tmp_path: Path, factor: float) -> None:
    rng = np.random.default_rng(0)
    drift = np.linspace(1, 0.8, 20)[:, None, None]
    assert "frames=sum" in said(tmp_path, rng.poisson(np.asarray(counts()) * factor * drift))


@pytest.mark.parametrize("background", [0, 1, 20])
def test_a_rocking_curve_is_no_stack(tmp_path: Path, background: int) -> None:
    rng = np.random.default_rng(0)
    long = np.zeros((96, 32, 32))
    long[36:60] = volume()
    long += background
    long[:, 3, 3] += 500  # a hot pixel is in every frame
    assert "alike" not in said(tmp_path, rng.poisson(long))


@pytest.mark.parametrize("share", [0.55, 0.98])
def test_a_mask_that_hides_most_of_the_counts(tmp_path: Path, share: float) -> None:
    order = np.argsort(counts(), axis=None)[::-1]
    total = np.cumsum(counts().reshape(-1)[order])
    hidden = np.zeros(counts().size, dtype=np.uint8)
    hidden[order[: int(np.searchsorted(total, share * total[-1])) + 1]] = 1
    np.savez(tmp_path / "p.npz", data=counts(), mask=hidden.reshape(SHAPE))
    assert "mask_means=measured" in " ".join(read(tmp_path / "p.npz").warnings)


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (np.sqrt, "data_type=amplitude"),
        (lambda v: np.log10(v + 1), "decimal"),
        (np.log1p, "natural"),
        (lambda v: np.log2(v + 1), "binary"),
        (lambda v: v * 0.37, "gain="),
        (lambda v: np.log10(v * 0.37 + 0.21), "logarithm"),
    ],
)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_values_that_are_no_counts(tmp_path: Path, function: object, says: str, dtype: str) -> None:
    data = function(counts().astype(np.float64)).astype(dtype)  # type: ignore[operator]
    assert says in said(tmp_path, data, invalid="zero")


def test_grey_values_are_no_counts(tmp_path: Path) -> None:
    grey = np.log1p(counts())
    assert "grey" in said(tmp_path, (grey * (200 / grey.max())).astype(np.uint8))


def test_zero_frequency_in_the_corner(tmp_path: Path) -> None:
    assert "is_fft_shifted=true" in said(tmp_path, np.fft.ifftshift(counts()))
    assert "is_fft_shifted=true" in said(tmp_path, np.fft.ifftshift(volume()))


def test_a_pattern_that_is_sampled_too_coarsely(tmp_path: Path) -> None:
    message = said(tmp_path, counts()[:, ::4])
    assert "coarsely" in message
    assert "axis 1" in message
    assert "coarsely" not in said(tmp_path, counts()[::2, ::2])
