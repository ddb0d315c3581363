from pathlib import Path

import h5py
import numpy as np
import pytest

import prbench
from prbench.core import HeldOut, Reconstruction, build_plugin
from prbench.datasets.readers.cxi import read
from prbench.errors import BadInput, UsageError
from prbench.tasks.far_field import FarField
from prbench.tasks.far_field.export import poisson_deviance, write_cxi
from prbench.tasks.far_field.object_space import phase_ramp, voxel_size_m, with_ramp, without_ramp


def measured(photons: str = "none") -> tuple[FarField, np.ndarray]:
    problem = build_plugin("dataset", f"crystal2d[size=32,photons={photons},beamstop=2]").problem(0)
    return problem.measurement, problem.truth.object


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    y, x = measured()
    path = write_cxi(tmp_path / "r.cxi", y, Reconstruction(object=x), source="a crystal", scores={"r_factor": 0.1}, solver="er")
    ramp = tuple(read(path, "/entry_1/image_1/process_1/phase_ramp").data)
    for location in ("/entry_1/image_1/data", "/entry_1/data_1/data"):
        np.testing.assert_allclose(with_ramp(read(path, location).data, ramp), x, atol=1e-5 * np.abs(x).max())
    np.testing.assert_array_equal(read(path, "/entry_1/image_1/support").data != 0, np.abs(x) > 0)
    np.testing.assert_array_equal(read(path, "/entry_1/image_1/mask").data != 0, np.abs(x) > 0)
    np.testing.assert_array_equal(read(path, "/entry_1/image_1/instrument_1/detector_1/mask").data == 0, y.mask)
    assert list(tmp_path.iterdir()) == [path]


def test_it_stands_where_pynx_and_cdiutils_look(tmp_path: Path) -> None:
    y, x = measured("100")
    support = np.abs(x) > 0
    found = Reconstruction(object=x, aux={"support": support, "starts": np.stack([x, 1j * x, 2 * x])})
    path = write_cxi(tmp_path / "r.cxi", y, found, source="s", scores={"r_factor": 0.25})
    with h5py.File(path) as file:
        assert file["cxi_version"][()] == 150
        image = file["entry_1/image_1"]
        assert image["data"].dtype == np.complex64
        stored = image["data"].id.get_type()
        assert [stored.get_member_name(k) for k in range(2)] == [b"r", b"i"]
        results = image["process_1/results"]
        assert results["r_factor"][()] == 0.25
        assert 0.5 < results["llk_poisson"][()] < 1.5
        assert np.isnan(results["free_llk_poisson"][()])
        assert "holdout=" in results["free_llk_poisson"].attrs["reason"]
        assert results["nb_point_support"][()] == support.sum()
        assert image["process_1/modes"].shape == (3, *x.shape)
        np.testing.assert_allclose(image["process_1/mode_shares"][()], [1, 0, 0], atol=1e-6)
        # A pattern at this place would make PyNX take the file for a measurement.
        assert "entry_1/instrument_1/detector_1/data" not in file


def test_geometry_is_in_si_units(tmp_path: Path) -> None:
    y, x = measured()
    y = FarField(y.intensity, y.mask, wavelength_m=1e-10, distance_m=2.0, pixel_m=55e-6)
    path = write_cxi(tmp_path / "r.cxi", y, Reconstruction(object=x), source="s", scores={})
    with h5py.File(path) as file:
        instrument = file["entry_1/image_1/instrument_1"]
        assert instrument["source_1/energy"][()] == pytest.approx(1.98645e-15, rel=1e-5)
        assert instrument["source_1/energy"].attrs["units"] == "J"
        assert instrument["detector_1/distance"][()] == 2.0
        assert instrument["detector_1/x_pixel_size"][()] == 55e-6
        image = file["entry_1/image_1"]
        expected = [1e-10 * 2.0 / (55e-6 * n) for n in y.shape]
        np.testing.assert_allclose(image["voxel_size"][()], expected)
        np.testing.assert_allclose(image["image_size"][()], [d * n for d, n in zip(expected, x.shape, strict=True)][::-1])


def test_held_out_pixels_give_the_free_likelihood() -> None:
    y, x = measured("50")
    free = np.zeros(y.shape, dtype=bool)
    free[40:50, 40:50] = True
    held = HeldOut(mask=free, intensity=y.intensity)
    seen, unseen = poisson_deviance(y.without(free), x, held)
    assert 0.5 < seen < 1.6
    assert 0.5 < unseen < 1.6
    worse = poisson_deviance(y.without(free), 1.2 * x, held)
    assert worse[0] > seen
    assert worse[1] > unseen


def test_a_slope_of_the_phase_is_found_removed_and_put_back() -> None:
    rng = np.random.default_rng(0)
    x = np.zeros((20, 24), np.complex64)
    x[5:15, 6:18] = 1 + 0.1 * rng.random((10, 12))
    sloped = with_ramp(x, (0.3, -1.1))
    assert phase_ramp(sloped) == pytest.approx((0.3, -1.1), abs=1e-5)
    level, ramp = without_ramp(sloped)
    np.testing.assert_allclose(level, x, atol=1e-5)
    np.testing.assert_allclose(with_ramp(level, ramp), sloped, atol=1e-5)
    # a pattern whose zero frequency is 3 pixels off
    moved = np.fft.ifft2(np.roll(np.fft.fft2(x), (3, 0), axis=(0, 1)))
    assert phase_ramp(moved) == pytest.approx((2 * np.pi * 3 / 20, 0), abs=1e-5)


def test_the_step_of_a_rocking_curve_is_not_invented(tmp_path: Path) -> None:
    problem = build_plugin("dataset", "crystal3d[size=8]").problem(0)
    y = FarField(problem.measurement.intensity, wavelength_m=1e-10, distance_m=1.0, pixel_m=1e-4)
    assert voxel_size_m(y)[0] is None
    path = write_cxi(tmp_path / "r.cxi", y, problem.truth, source="s", scores={})
    with h5py.File(path) as file:
        sizes = file["entry_1/image_1/voxel_size"]
        assert np.isnan(sizes[0])
        assert np.isfinite(sizes[1:]).all()
        assert "rocking" in sizes.attrs["reason"]


def test_a_result_starts_another_run(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = np.zeros((40, 40), np.complex64)
    x[12:27, 14:25] = (1 + 0.5 * rng.random((15, 11))) * np.exp(1j * rng.random((15, 11)))
    x = with_ramp(x, (0.2, 0.1))
    y = FarField(np.abs(np.fft.fftshift(np.fft.fft2(x, (80, 80)))) ** 2, object_shape=(40, 40))
    np.save(tmp_path / "p.npy", y.intensity)
    support = np.abs(x) > 0
    path = write_cxi(tmp_path / "r.cxi", y, Reconstruction(object=x, aux={"support": support}), source="s", scores={})
    settings = {"path": str(tmp_path / "p.npy"), "initial": str(path), "support": str(path), "holdout": 0}
    dataset = build_plugin("dataset", "file", settings)
    assert set(dataset.inputs) == {
        str(tmp_path / "p.npy"),
        str(path),
    }
    made = dataset.problem(0).measurement
    np.testing.assert_array_equal(made.support[20:60, 20:60], support)
    np.testing.assert_allclose(made.initial[20:60, 20:60], x, atol=1e-5)
    starts = made.random_start(np.random.default_rng(0), 3)
    assert float(made.modulus_error(starts[:1])[0]) < 1e-3
    errors = [float(np.linalg.norm(start - made.initial) / np.linalg.norm(x)) for start in starts]
    assert errors[0] < 1e-3
    assert all(0.1 < error < 1.5 for error in errors[1:])
    solved = prbench.solve("er[iterations=3]", made, seed=0, backend="numpy")
    assert solved.curve[-1].residual < 1e-2


@pytest.mark.parametrize("initial", [np.ones((5, 5), complex), np.zeros((16, 16), complex), np.full((16, 16), np.nan + 0j)])
def test_an_initial_object_must_fit(initial: np.ndarray) -> None:
    with pytest.raises(BadInput, match="initial"):
        FarField(np.ones((16, 16)), initial=initial)


def test_three_dimensions(tmp_path: Path) -> None:
    problem = build_plugin("dataset", "crystal3d[size=8]").problem(0)
    path = write_cxi(tmp_path / "r.cxi", problem.measurement, problem.truth, source="s", scores={})
    assert read(path, "/entry_1/image_1/data").data.shape == (8, 8, 8)


def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    y, x = measured()
    with pytest.raises(UsageError, match=rf"{tmp_path}/no\b"):
        write_cxi(tmp_path / "no/r.cxi", y, Reconstruction(object=x), source="s", scores={})


def test_an_earlier_result_survives_a_failure(tmp_path: Path) -> None:
    y, x = measured()
    path = write_cxi(tmp_path / "r.cxi", y, Reconstruction(object=x), source="s", scores={})
    before = path.read_bytes()
    with pytest.raises(ValueError, match="'text'"):
        write_cxi(path, y, Reconstruction(object=x), source="s", scores={"bad": "text"})  # type: ignore[dict-item]
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
