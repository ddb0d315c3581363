import numpy as np
import pytest
from click.testing import CliRunner

from prbench import get_dataset
from prbench.cli import app
from prbench.running.request.cell import Cell
from prbench.running.store.folder import Store
from prbench.running.store.record import Record

SETTINGS = {"size": 48, "distance_m": 3e-3, "padding": 16}


def invoke(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args], env={"COLUMNS": "100"})


def stored(folder, task="near-field", dataset="radiograph", **arrays):
    """A record of a solver that has returned these arrays."""
    cell = Cell("gs", {}, dataset, SETTINGS if dataset == "radiograph" else {}, task, sample=len(Store(folder).keys()))
    Store(folder).write(Record(cell, "ok", "gs", dataset, metrics={}), arrays)
    return cell.key


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The folder, and the key of a reconstruction that is off by a ripple of 0.1 rad."""
    folder = tmp_path_factory.mktemp("results")
    truth = get_dataset("radiograph[size=48,distance_m=3e-3,padding=16]").problem(0).truth.phase
    ripple = 0.1 * (-1.0) ** np.indices(truth.shape).sum(axis=0)
    return folder, stored(folder, phase=(truth + ripple + 3.0).astype(np.float32))


def test_a_surface_is_told_in_numbers(results):
    folder, key = results
    result = invoke("show-mesh", key[:8], folder)
    assert result.exit_code == 0, result.output
    assert "2304 vertices, 4418 triangles" in result.output
    expected = 0.1 * 632.8 / np.pi  # nm, index contrast 0.5
    assert f"rms {expected:.3g} nm" in result.output


def test_the_record_may_be_its_file(results):
    folder, key = results
    by_file = invoke("show-mesh", folder / "runs" / key[:2] / f"{key}.json")
    assert by_file.exit_code == 0, by_file.output
    assert by_file.output == invoke("show-mesh", key, folder).output


@pytest.mark.parametrize("form", ["ply", "stl", "obj"])
def test_a_mesh_is_written_beside_its_results_and_the_truth_beside_it(results, form):
    import trimesh

    folder, key = results
    result = invoke("show-mesh", key[:6], folder, "--format", form, "--stretch", 10)
    assert result.exit_code == 0, result.output
    for name in (key[:8], f"{key[:8]}-truth"):
        mesh = trimesh.load(folder / "meshes" / f"{name}.{form}")
        assert len(mesh.faces) == 4418
        assert mesh.extents[:2] == pytest.approx([47 * 8, 47 * 8])  # micrometres
    truth = get_dataset("radiograph[size=48,distance_m=3e-3,padding=16]").problem(0).truth.phase
    assert mesh.extents[2] == pytest.approx(10 * float(np.ptp(truth)) * 0.6328 / np.pi, rel=1e-4)
    assert not list((folder / "meshes").glob(".*"))


def test_another_contrast_gives_another_height(results):
    folder, key = results
    assert f"rms {0.1 * 632.8 / np.pi / 2:.3g} nm" in invoke("show-mesh", key, folder, "--contrast", 1.0).output


def test_a_picture_is_drawn_where_it_is_asked_for(results, tmp_path):
    folder, key = results
    result = invoke("show-mesh", key, folder, "--picture", tmp_path / "out.png")
    assert result.exit_code == 0, result.output
    from PIL import Image

    with Image.open(tmp_path / "out.png") as picture:
        assert np.ptp(np.asarray(picture)) > 200
    first = (tmp_path / "out.png").read_bytes()
    invoke("show-mesh", key, folder, "--picture", tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes() == first


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["ffffffff"], "'ffffffff'"),
        (["0"], "'0' (4 letters"),
        (["nowhere.json"], "nowhere.json"),
        (["KEY", "--contrast", "0"], "refractive_contrast"),
        (["KEY", "--format", "xyz"], "xyz"),
        (["KEY", "--stretch", "-1"], "stretch"),
        (["KEY", "--picture", "nowhere/out.png"], "nowhere"),
        (["KEY", "--picture", "out.nothing"], "nothing"),
    ],
)
def test_a_wrong_word_is_told_in_one_line(results, words, told):
    folder, key = results
    record, *options = (key if word == "KEY" else word for word in words)
    result = invoke("show-mesh", record, folder, *options)
    assert result.exit_code == 2, result.output
    assert told in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_complex_object_has_no_surface(tmp_path):
    key = stored(tmp_path, task="far-field", dataset="crystal2d", object=np.ones((128, 128), np.complex64))
    result = invoke("show-mesh", key, tmp_path)
    assert result.exit_code == 2
    assert "far-field" in result.stderr
    assert "phase" in result.stderr
