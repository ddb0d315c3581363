import dataclasses

import numpy as np
import pytest
from matplotlib.image import imread

import prbench
from prbench.core import Problem, Provenance, Reconstruction
from prbench.errors import UsageError
from prbench.reporting.panels import views
from prbench.reporting.pictures import Cut, best_cut, domain_colours, save_picture
from prbench.tasks.far_field import FarField


def problem(shape, seed=0):
    rng = np.random.default_rng(seed)
    x = np.zeros(shape, np.complex64)
    inner = tuple(slice(n // 4, 3 * n // 4) for n in shape)
    size = x[inner].shape
    x[inner] = np.exp(1j * rng.normal(size=size))
    intensity = np.abs(np.fft.fftshift(np.fft.fftn(x, [2 * n for n in shape], axes=range(len(shape))))) ** 2
    mask = np.ones(intensity.shape, bool)
    mask[tuple(slice(n, n + 2) for n in shape)] = False
    return Problem(FarField(intensity, mask, shape), Reconstruction(object=x), "0", "test", Provenance("made here", "CC0"))


@pytest.mark.parametrize("shape", [(24, 32), (12, 16, 20)])
@pytest.mark.parametrize("known", [True, False])
def test_pictures_are_small_pngs(tmp_path, shape, known):
    made = problem(shape)
    found = Reconstruction(object=np.flip(made.truth.object).conj() * 1j)
    asked = made if known else dataclasses.replace(made, truth=None)
    path = save_picture(tmp_path / "best.png", asked, found, "hio on file[path='a$b$_c.cxi'], sample 0")
    image = imread(path)
    assert image.ndim == 3
    assert image.std() > 0.05
    assert path.stat().st_size < 300_000


def test_a_symmetric_copy_is_drawn_as_the_truth(tmp_path):
    made = problem((24, 32))
    copy = np.roll(np.flip(made.truth.object).conj(), (2, -3), axis=(0, 1)) * np.exp(0.7j)
    images = []
    for name, array in (("a", made.truth.object), ("b", copy.astype(np.complex64))):
        images.append(imread(save_picture(tmp_path / f"{name}.png", made, Reconstruction(object=array), "same")))
    columns = images[0].shape[1] * 6 // 10  # truth and reconstruction; the error panel beside them has its own scale
    assert np.abs(images[0][:, :columns] - images[1][:, :columns]).max() < 0.02


def test_degenerate_arrays_are_drawn(tmp_path):
    made = problem((24, 32))
    nothing = Reconstruction(object=np.zeros((24, 32), np.complex64))
    assert save_picture(tmp_path / "zero.png", made, nothing, "nothing").exists()
    assert save_picture(tmp_path / "none.png", dataclasses.replace(made, truth=None), nothing, "nothing").exists()


def test_colour_is_phase_and_brightness_magnitude():
    colours = domain_colours(np.array([[1, -1, 1j, -1j], [0, 0.5, 0.5j, -0.5]], complex))
    rose, teal, yellow, blue = colours[0]
    assert rose[0] > max(rose[1], rose[2])
    assert teal[0] < min(teal[1], teal[2])
    assert yellow[2] < min(yellow[0], yellow[1])
    assert blue[2] > max(blue[0], blue[1])
    assert colours[1, 0] == pytest.approx([0, 0, 0], abs=1e-6)
    for whole, half in ((rose, colours[1, 1]), (yellow, colours[1, 2]), (teal, colours[1, 3])):
        assert (half < whole).all()
        assert np.argmax(half) == np.argmax(whole)


def test_the_cut_of_a_slab_lies_in_the_slab():
    x = np.zeros((10, 12, 14), complex)
    x[2:9, 5:6, 1:13] = 1
    assert (best_cut(x).axis, best_cut(x).index) == (1, 5)
    assert best_cut(x)(x).shape == (10, 14)


def test_refuses_what_has_nothing_to_draw(tmp_path):
    with pytest.raises(UsageError, match="neither"):
        save_picture(tmp_path / "x.png", problem((8, 8)), Reconstruction(phase=np.zeros((8, 8))), "x")


@pytest.mark.parametrize("dataset", ["gaussian-map[n=37,ratio=6]", "coded-diffraction[size=16]", "three-regimes[size=8]"])
def test_random_measurements_have_pictures_too(dataset, tmp_path):
    """Of a vector row by row; of a frame as far-field objects have."""
    problem = prbench.get_dataset(dataset).problem(0)
    found = prbench.solve("amplitude-flow[iterations=30]", problem.measurement).reconstruction
    path = save_picture(tmp_path / "picture.png", problem, found, "title")
    assert path.stat().st_size > 1000
    shown = views(problem, [found])
    assert shown[0].estimate[0].rgb().ndim == 3
    vector = np.arange(1, 38)
    np.testing.assert_array_equal(Cut()(vector).ravel()[:37], vector)
