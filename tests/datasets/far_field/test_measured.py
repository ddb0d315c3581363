import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from prbench.core import build_plugin, load_plugin
from prbench.core.problem import Problem
from prbench.datasets.far_field.elser import NAMES
from prbench.errors import BadInput, DataNotFound, UsageError
from prbench.tasks.far_field import FarField


def problem(spelled: str, index: int = 0) -> Problem:
    made: Problem = build_plugin("dataset", spelled).problem(index)
    return made


def pattern(made: Problem) -> FarField:
    assert isinstance(made.measurement, FarField)
    return made.measurement


def needs(name: str) -> pytest.MarkDecorator:
    here = "PRBENCH_DATA" in os.environ and load_plugin("dataset", name).files[0].path.is_file()
    return pytest.mark.skipif(not here, reason=f"{name}: set PRBENCH_DATA to a folder that holds it")


@needs("esrf-logo")
def test_esrf_logo_leaves_out_the_beamstop_and_knows_the_published_support() -> None:
    made = problem("esrf-logo")
    y = pattern(made)
    assert y.shape == (512, 512)
    assert y.mask is not None
    assert (~y.mask).sum() == 2720
    assert not y.mask[256, 256]
    assert made.reference["support"].sum() == 7577
    assert y.support is None
    assert pattern(problem("esrf-logo[support=reference]")).support.sum() == 7577  # type: ignore[union-attr]


@needs("bcdi-34idc")
def test_bcdi_has_its_peak_at_zero_frequency() -> None:
    y = pattern(problem("bcdi-34idc"))
    assert y.shape == (160, 160, 128)
    assert np.unravel_index(y.intensity.argmax(), y.shape) == (80, 80, 64)
    assert pattern(problem("bcdi-34idc[crop=32x32x32,threshold=5]")).intensity[y.intensity[64:96, 64:96, 48:80] <= 5].max() == 0
    with pytest.raises(UsageError, match=r"^bcdi-34idc: crop \(256, 256, 256\).*\(201, 256, 256\)"):
        problem("bcdi-34idc[crop=256x256x256]")
    whole, binned = (pattern(problem(f"bcdi-34idc[crop=64x64x64,bin={factor}]")).intensity for factor in (1, 2))
    assert (binned.shape, binned.sum()) == ((32, 32, 32), whole.sum())


@needs("esrf-logo")
def test_the_logo_may_have_a_smaller_frame() -> None:
    assert pattern(problem("esrf-logo")).object_shape == (256, 256)
    assert pattern(problem("esrf-logo[object_shape=160x144]")).object_shape == (160, 144)


@needs("esrf-logo")
def test_held_out_pixels_are_kept_from_the_solver() -> None:
    made, whole = problem("esrf-logo[holdout=0.05]"), pattern(problem("esrf-logo"))
    y, held = pattern(made), made.held_out
    assert held is not None
    assert y.mask is not None
    assert not (held.mask & y.mask).any()
    np.testing.assert_array_equal(held.mask | y.mask, whole.mask)
    assert (y.intensity[held.mask] == 0).all()
    np.testing.assert_array_equal(held.intensity[held.mask], whole.intensity[held.mask])
    assert held.mask.sum() == pytest.approx(0.05 * whole.mask.sum(), rel=0.05)


@pytest.fixture
def own_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that the tests write in a published layout are read, though they are not the published ones."""
    monkeypatch.setattr("prbench.datasets.readers.locate.is_whole", lambda *_: True)


def test_files_that_are_not_the_published_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRBENCH_DATA", str(tmp_path))
    elser_file(tmp_path)
    with pytest.raises(BadInput, match="SHA-256"):
        problem("elser")


def elser_file(folder: Path, name: str = "100E") -> np.ndarray:
    """Write a problem in the published layout, and return its pattern with zero frequency first."""
    x = np.random.default_rng(0).uniform(0, 9, (128, 128))
    intensity = np.round(np.abs(np.fft.fft2(x)) ** 2 / 1e3)
    intensity[0, 0] = 0
    path = folder / "far_field/elser" / f"data{name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join("\t".join(f"{v:.0f}" for v in row[:64]) for row in intensity) + "\n")
    intensity[:, 64] = 0
    return np.asarray(intensity)


@pytest.mark.usefixtures("own_files")
def test_elser_completes_the_half_plane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRBENCH_DATA", str(tmp_path))
    intensity = elser_file(tmp_path, "140H")
    y = pattern(problem("elser[name=140H]"))
    np.testing.assert_allclose(np.fft.ifftshift(y.intensity), intensity, atol=1)
    assert y.mask is not None
    assert np.argwhere(~y.mask).tolist() == [[64, 64]]
    assert (y.intensity[:, 0] == 0).all()
    assert (y.real, y.nonnegative, y.support_size, y.object_shape) == (True, True, 1120, (128, 128))
    assert len(NAMES) == 48


@pytest.mark.usefixtures("own_files")
@pytest.mark.parametrize(
    ("content", "says"),
    [("", "0 rows"), ("1 2\n" * 128, r"128 rows.*\[2\]"), ("a b", "'a'"), ("\xff", "0xff"), ("1 " * 600_000, "1200000 bytes")],
)
def test_elser_refuses_another_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, says: str) -> None:
    monkeypatch.setenv("PRBENCH_DATA", str(tmp_path))
    elser_file(tmp_path)
    (tmp_path / "far_field/elser/data100E").write_text(content, "latin-1")
    with pytest.raises(BadInput, match=says):
        problem("elser")


@pytest.mark.usefixtures("own_files")
def test_elser_refuses_a_measured_centre_and_negative_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRBENCH_DATA", str(tmp_path))
    for number, says in ((7, "unmeasured"), (-1, "negative")):
        elser_file(tmp_path)
        path = tmp_path / "far_field/elser/data100E"
        path.write_text(str(number) + path.read_text()[1:])
        with pytest.raises(BadInput, match=says):
            problem("elser")


def test_cxidb_26_reads_one_entry_a_shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRBENCH_DATA", str(tmp_path))
    (tmp_path / "far_field").mkdir()
    with h5py.File(tmp_path / "far_field/cxidb-26.cxi", "w") as file:
        for k in (1, 2):
            data = np.full((16, 16), float(k))
            data[0, 0] = -3
            file[f"/entry_{k}/instrument_1/detector_1/data"] = data
            file[f"/entry_{k}/instrument_1/detector_1/mask"] = np.eye(16, dtype="u2")[::-1] * 8
    y = pattern(problem("cxidb-26", 1))
    assert y.mask is not None
    assert y.intensity.max() == 2
    assert (~y.mask).sum() == 17
    with pytest.raises(BadInput, match=r"cxidb-26\.cxi.*/entry_3/"):
        problem("cxidb-26", 2)


@pytest.mark.parametrize("name", ["esrf-logo", "bcdi-34idc", "cxidb-26", "elser"])
def test_absent_data_say_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("PRBENCH_DATA", str(tmp_path))
    with pytest.raises(DataNotFound, match=rf"{tmp_path}.*(prbench data get {name}|https?://)"):
        problem(name)


def test_changed_data_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRBENCH_DATA", str(tmp_path))
    (tmp_path / "far_field").mkdir()
    np.savez(tmp_path / "far_field/esrf_logo_id10.npz", intensity=np.ones((8, 8)))
    with pytest.raises(BadInput, match="SHA-256"):
        problem("esrf-logo")


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "a,b].npz"
    intensity = np.random.default_rng(1).integers(0, 90, (40, 60))
    np.savez(path, intensity=intensity, mask=np.eye(40, 60))
    assert pattern(problem(f"file[path='{path}',bin=2]")).shape == (20, 30)
    made = problem(f"file[path='{path}',object_shape=16x20,gain=2,holdout=0.1]")
    y = pattern(made)
    assert made.truth is None
    assert made.held_out is not None
    assert (y.object_shape, y.gain) == ((16, 20), 2.0)
    assert len(made.provenance.sha256) == 64
    assert y.mask is not None
    assert not np.diagonal(y.mask).any()


@pytest.mark.parametrize("spelled", ["file", "file[path=p.npy,object_shape=16]", "file[path=p.npy,object_shape=0x4]"])
def test_a_file_needs_a_path_and_sound_settings(spelled: str) -> None:
    with pytest.raises(UsageError):
        problem(spelled)


def test_an_object_larger_than_the_detector_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", np.ones((8, 8)))
    with pytest.raises(BadInput, match="object_shape"):
        problem(f"file[path='{tmp_path}/p.npy',object_shape=9x9]")
