"""The set's layout, in files that the tests write."""

import numpy as np
import pytest
import scipy.io
from scipy.signal import convolve2d

import prbench
from prbench.datasets.deblur._kernels import motion_kernel
from prbench.datasets.deblur.shaken_picture import SIZES
from prbench.errors import BadInput, UsageError

SIDE = 96


def contents(picture, kernel):
    """Sharp, blurred and kernel as the set stores them: the kernel turned, both pictures of one size."""
    rng = np.random.default_rng(picture)
    scene = np.cumsum(rng.standard_normal((SIDE + 26, SIDE + 26)), axis=1)
    scene = (scene - scene.min()) / np.ptp(scene)
    k = motion_kernel(SIZES[kernel], np.random.default_rng(kernel), bend=3.0)
    half = len(k) // 2
    y = convolve2d(scene[13 - half : SIDE + 13 + half, 13 - half : SIDE + 13 + half], k, mode="valid")
    return {"x": scene[13:-13, 13:-13], "y": y, "f": k[::-1, ::-1]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    inner = tmp_path_factory.mktemp("set") / "Levin09blurdata"
    inner.mkdir()
    for picture in range(4):
        for kernel in range(8):
            scipy.io.savemat(inner / f"im{picture + 5:02d}_flit{kernel + 1:02d}.mat", contents(picture, kernel))
    return inner


def test_every_file_is_a_problem_whose_truth_explains_the_picture(folder):
    for path in (folder, folder.parent):
        data = prbench.get_dataset("levin-2009", path=str(path))
        assert data.samples == len(set(data.inputs)) == 32
        for index in (0, 3, 31):
            problem, stored = data.problem(index), contents(*divmod(index, 8))
            size = SIZES[index % 8]
            y = problem.measurement
            assert (y.shape, y.kernel_shape, y.kernel) == ((SIDE, SIDE), (size, size), None)
            assert problem.truth.kernel.sum() == pytest.approx(1)
            np.testing.assert_allclose(y.image, stored["y"], atol=1e-6)
            inner = slice(size // 2, -(size // 2))
            np.testing.assert_allclose(problem.truth.image[inner, inner], stored["x"], atol=1e-6)
            np.testing.assert_allclose(y.forward(problem.truth)[inner, inner], stored["y"][inner, inner], atol=1e-5)


def test_a_kernel_that_is_not_turned_is_seen_to_be_so(folder, tmp_path):
    held = contents(0, 0)
    scipy.io.savemat(tmp_path / "im05_flit01.mat", {**held, "f": held["f"][::-1, ::-1]})
    ours, theirs = (prbench.get_dataset("levin-2009", path=str(path)).problem(0) for path in (tmp_path, folder))
    np.testing.assert_allclose(ours.truth.kernel, theirs.truth.kernel, atol=1e-7)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda held: {**held, "y": held["y"][1:]}, r"\bx\b.*\(96, 96\), y \(95, 96\)"),
        (lambda held: {**held, "f": held["f"][1:]}, r"\bf\b.*\(18, 19\)"),
        (lambda held: {**held, "f": -held["f"]}, r"\bf\b"),
        (lambda held: {**held, "x": held["x"] * np.nan}, r"\bx\b"),
        (lambda held: {**held, "x": held["x"][::-1]}, r"\bx\b.*\bf\b.*\by\b"),
        (lambda held: {"x": held["x"], "y": held["y"]}, r"\bf\b"),
        (lambda held: {**held, "x": np.array([[1, "a"]], dtype=object)}, r"\bx\b"),
    ],
)
def test_what_the_set_would_not_hold_is_refused_with_the_files_name(change, said, tmp_path):
    scipy.io.savemat(tmp_path / "im05_flit01.mat", change(contents(0, 0)))
    with pytest.raises(BadInput, match=rf"im05_flit01.mat.*{said}") as caught:
        prbench.get_dataset("levin-2009", path=str(tmp_path)).problem(0)
    assert "\n" not in str(caught.value)


def test_missing_or_damaged_files_are_named(folder, tmp_path):
    with pytest.raises(UsageError, match=r"levin-2009\[path="):
        prbench.get_dataset("levin-2009").problem(0)
    with pytest.raises(BadInput, match=r"im05_flit01.mat"):
        prbench.get_dataset("levin-2009", path=str(tmp_path)).problem(0)
    whole = (folder / "im05_flit01.mat").read_bytes()
    (tmp_path / "im05_flit01.mat").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match=r"im05_flit01.mat"):
        prbench.get_dataset("levin-2009", path=str(tmp_path)).problem(0)
