from pathlib import Path

import h5py
import numpy as np
import pytest

from prbench.core import HeldOut, Reconstruction, build_plugin
from prbench.datasets.readers.cxi import read
from prbench.errors import UsageError
from prbench.tasks.far_field import FarField
from prbench.tasks.far_field.export import poisson_deviance, write_cxi


def measured(photons: str = "none") -> tuple[FarField, np.ndarray]:
    problem = build_plugin("dataset", f"crystal2d[size=32,photons={photons},beamstop=2]").problem(0)
    return problem.measurement, problem.truth.object


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    y, x = measured()
    path = write_cxi(tmp_path / "r.cxi", y, Reconstruction(object=x), source="a crystal", scores={"r_factor": 0.1}, solver="er")
    np.testing.assert_array_equal(read(path, "/entry_1/image_1/data").data, x)
    np.testing.assert_array_equal(read(path, "/entry_1/data_1/data").data, x)
    np.testing.assert_array_equal(read(path, "/entry_1/image_1/support").data != 0, np.abs(x) > 0)
    np.testing.assert_array_equal(read(path, "/entry_1/image_1/mask").data == 0, y.mask)
    assert list(tmp_path.iterdir()) == [path]


def test_it_stands_where_pynx_and_cdiutils_look(tmp_path: Path) -> None:
    y, x = measured("100")
    support = np.abs(x) > 0
    found = Reconstruction(object=x, aux={"support": support})
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
        assert results["nb_point_support"][()] == support.sum()
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


def test_three_dimensions(tmp_path: Path) -> None:
    problem = build_plugin("dataset", "crystal3d[size=8]").problem(0)
    path = write_cxi(tmp_path / "r.cxi", problem.measurement, problem.truth, source="s", scores={})
    assert read(path, "/entry_1/image_1/data").data.shape == (8, 8, 8)


def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    y, x = measured()
    with pytest.raises(UsageError, match="cannot be written"):
        write_cxi(tmp_path / "no/r.cxi", y, Reconstruction(object=x), source="s", scores={})


def test_an_earlier_result_survives_a_failure(tmp_path: Path) -> None:
    y, x = measured()
    path = write_cxi(tmp_path / "r.cxi", y, Reconstruction(object=x), source="s", scores={})
    before = path.read_bytes()
    with pytest.raises(ValueError, match="could not convert"):
        write_cxi(path, y, Reconstruction(object=x), source="s", scores={"bad": "text"})  # type: ignore[dict-item]
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
