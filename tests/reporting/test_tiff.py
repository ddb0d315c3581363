import dataclasses
import json

import numpy as np
import pytest
import tifffile

from prbench.core import Reconstruction
from prbench.errors import UsageError
from prbench.tasks.map_files import write_tiffs
from prbench.tasks.speckle import SpeckleStack

SHAPE = (12, 16)
NAMES = ["displacement_rows_px", "displacement_columns_px", "phase_rad", "transmission", "dark_field_px2"]


def measured():
    stack = np.ones((2, *SHAPE), np.float32)
    return SpeckleStack(stack, stack, energy_ev=25e3, distance_m=0.7, pixel_m=6.5e-6)


def found():
    rng = np.random.default_rng(0)
    maps = {name: rng.normal(size=SHAPE) for name in ("transmission", "phase", "dark_field")}
    return Reconstruction(displacement=rng.normal(size=(2, *SHAPE)), **maps)


def write(folder, reconstruction):
    return write_tiffs(folder, measured(), reconstruction, source="four rods", scores={"stack_residual": 0.2}, solver="lcs")


def test_what_is_written_is_read_back_in_its_unit(tmp_path):
    x = found()
    paths = write(tmp_path / "new" / "maps", x)
    assert [path.stem for path in paths] == NAMES
    assert sorted((tmp_path / "new" / "maps").iterdir()) == sorted(paths)
    for path, array in zip(paths, (*x.displacement, x.phase, x.transmission, x.dark_field), strict=True):
        stored = tifffile.imread(path)
        assert stored.dtype == np.float32
        np.testing.assert_allclose(stored, array, rtol=1e-6)
    with tifffile.TiffFile(paths[-1]) as file:
        told = json.loads(file.pages[0].description)
        assert (told["quantity"], told["unit"], told["solver"]) == ("dark field", "px^2", "lcs")
        assert told["measurement"]["pixel_m"] == 6.5e-6
        assert told["scores"] == {"stack_residual": 0.2}
        across, unit = file.pages[0].tags["XResolution"].value, file.pages[0].tags["ResolutionUnit"].value
        assert across[0] / across[1] == pytest.approx(0.01 / 6.5e-6, rel=1e-6)
        assert unit == 3  # centimetres


def test_a_map_no_longer_made_does_not_stay_behind(tmp_path):
    write(tmp_path, found())
    left = write(tmp_path, dataclasses.replace(found(), dark_field=None))
    assert [path.stem for path in left] == NAMES[:-1]
    assert sorted(tmp_path.iterdir()) == sorted(left)


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=rf"{tmp_path / 'file'}\b"):
        write(tmp_path / "file", found())
