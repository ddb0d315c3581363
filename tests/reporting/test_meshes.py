import re

import numpy as np
import pytest

from prbench.errors import UsageError
from prbench.metrics.surface import Surface
from prbench.physics.surface import triangulate
from prbench.reporting.meshes import draw_relief, meshes_of, write_mesh


def surface(truth=True, region=None, shape=(30, 40)):
    rows, columns = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    height = 1e-7 * np.exp(-3 * (rows**2 + columns**2))
    return Surface(height + 5e-6, height if truth else None, np.ones(shape, bool) if region is None else region, 8e-6)


def test_the_reconstruction_is_put_where_the_truth_is():
    meshes = meshes_of(surface())
    assert meshes[""].vertices == pytest.approx(meshes["truth"].vertices, abs=1e-18)
    assert set(meshes_of(surface(truth=False))) == {""}


def test_only_the_region_is_in_the_file(tmp_path):
    import trimesh

    region = np.zeros((30, 40), bool)
    region[5:15, 10:30] = True
    mesh = trimesh.load(write_mesh(tmp_path / "x.ply", meshes_of(surface(region=region))[""]))
    assert (len(mesh.vertices), len(mesh.faces)) == (200, 2 * 9 * 19)


def test_heights_survive_every_format(tmp_path):
    import trimesh

    mesh = meshes_of(surface())["truth"]
    for form in ("ply", "stl", "obj"):
        found = trimesh.load(write_mesh(tmp_path / f"x.{form}", mesh), process=True)
        assert found.bounds[1, 2] - found.bounds[0, 2] == pytest.approx(1e6 * np.ptp(mesh.vertices[:, 2]), rel=1e-5)
        assert (found.face_normals[:, 2] > 0).all()


def test_what_cannot_be_written_is_told(tmp_path):
    mesh = meshes_of(surface())[""]
    with pytest.raises(UsageError, match="ply, stl, obj"):
        write_mesh(tmp_path / "x.vtk", mesh)
    with pytest.raises(UsageError, match=r"\btriangle\b"):
        write_mesh(tmp_path / "x.ply", triangulate(np.zeros((4, 4)), 1e-6, np.zeros((4, 4), bool)))
    with pytest.raises(UsageError, match=rf"{tmp_path / 'nowhere' / 'x.ply'} "):
        write_mesh(tmp_path / "nowhere" / "x.ply", mesh)


@pytest.mark.parametrize("truth", [True, False])
def test_a_relief_states_its_exaggeration_and_its_error(truth):
    figure = draw_relief(surface(truth), "title $x$")
    texts = [text.get_text() for text in figure.texts]
    assert ("truth" in texts) == truth
    assert any(" rms " in text for text in texts) == truth
    assert re.search(r"\bexaggerated [\d.]+ ", figure.get_suptitle())
    assert "312 µm by 232 µm" in figure.get_suptitle()


def test_a_flat_surface_is_drawn():
    level = np.zeros((20, 20))
    assert draw_relief(Surface(level, level, np.ones((20, 20), bool), 1e-6), "flat").texts
