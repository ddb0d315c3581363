import importlib.util
import math
import socket

import numpy as np
import pytest

from prbench.core import Case, Metric, Problem, Provenance, Reconstruction, load_plugin
from prbench.errors import BadInput, MissingDependency
from prbench.metrics import naturalness
from prbench.metrics.naturalness import as_8bit, brisque, brisque_of_phase, niqe, niqe_of_phase
from prbench.running.scoring import assess
from prbench.tasks.near_field import NearField

THERE = all(importlib.util.find_spec(name) for name in ("piq", "pyiqa", "torchvision"))
needs_iqa = pytest.mark.skipif(not THERE, reason="the extra iqa is not installed: pip install -c constraints.txt -e '.[iqa]'")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refuse(*_args, **_more):
        pytest.fail("a connection was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(name="camera", scope="module")
def _camera():
    skimage_data = pytest.importorskip("skimage.data")
    return skimage_data.camera()


def problem_of(shape, truth=None, region=None):
    y = NearField(np.ones(shape), wavelength_m=632.8e-9, pixel_m=8e-6, distance_m=1e-3)
    known = None if truth is None else Reconstruction(phase=truth)
    return Problem(y, known, "test", "test", Provenance("simulated", "none"), object_region=region)


def judged(monkeypatch, found, **problem):
    """The image that a metric hands to its judge, and the notes."""
    seen = []
    monkeypatch.setattr(naturalness, "brisque", lambda image: seen.append(image) or 1.0)
    case = Case(Reconstruction(phase=found), problem_of(found.shape, **problem))
    assert brisque_of_phase(case) == 1.0
    return seen[0], case.notes


@needs_iqa
def test_photographs_get_the_published_scores(camera):
    assert niqe(camera) == pytest.approx(3.096, abs=0.01)
    assert brisque(camera) == pytest.approx(-7.26, abs=0.01)


@needs_iqa
def test_the_score_is_that_of_the_library(camera, monkeypatch):
    import torch

    module = importlib.import_module("piq.brisque")
    numbers = naturalness._numbers("brisque_svm")
    monkeypatch.setattr(module, "load_url", lambda *_, **__: (numbers["sv_coef"], numbers["sv"].clone()))
    theirs = module.brisque(torch.from_numpy(camera[None, None].astype(np.float32)), data_range=255)
    assert brisque(camera) == pytest.approx(float(theirs), abs=1e-4)


@needs_iqa
@pytest.mark.parametrize("judge", [brisque, niqe])
def test_noise_makes_a_photograph_worse(judge, camera):
    noise = np.random.default_rng(0).normal(scale=40, size=camera.shape)
    noisy = np.clip(camera + noise, 0, 255).astype(np.uint8)
    assert judge(noisy) > judge(camera) + 1


@needs_iqa
def test_an_image_without_structure_is_refused_and_scores_nothing():
    half = np.repeat(np.array([[0, 255]], np.uint8), 96, axis=1).repeat(192, axis=0)
    with pytest.raises(BadInput, match="too little structure"):
        brisque(half)
    with pytest.raises(BadInput, match="too little structure"):
        niqe(np.full((192, 192), 7, np.uint8))
    scores, notes = assess(Reconstruction(phase=np.zeros((192, 192))), problem_of((192, 192), truth=half / 255.0), ["niqe"])
    assert math.isnan(scores["niqe"])
    assert "too little structure" in notes["niqe"]


@needs_iqa
def test_a_phase_is_scored_as_its_image(camera):
    truth = camera[:192, :192] / 255.0
    case = Case(Reconstruction(phase=truth + 5.0), problem_of(truth.shape, truth=truth))
    levels = as_8bit(255 * (truth - truth.min()) / np.ptp(truth))
    assert niqe_of_phase(case) == pytest.approx(niqe(levels))
    assert brisque_of_phase(case) == pytest.approx(brisque(levels))


@pytest.mark.parametrize("judge", [brisque, niqe])
def test_what_is_no_8_bit_image_is_refused(judge):
    with pytest.raises(BadInput, match="uint8"):
        judge(np.zeros((200, 200)))
    with pytest.raises(BadInput, match="uint8"):
        judge(np.zeros((3, 200, 200), np.uint8))
    with pytest.raises(BadInput, match="at least"):
        judge(np.zeros((200, 20), np.uint8))


def test_niqe_needs_two_blocks():
    with pytest.raises(BadInput, match="two blocks"):
        niqe(np.zeros((191, 191), np.uint8))


def test_grey_levels_are_rounded_and_clipped():
    levels = as_8bit(np.array([[-900.0, -0.4, 0.6, 127.5, 255.4, 1e9]]))
    assert levels.tolist() == [[0, 0, 1, 128, 255, 255]]


def test_with_truth_its_range_is_black_to_white_and_the_offset_is_removed(monkeypatch):
    truth = np.random.default_rng(0).uniform(2, 3, (40, 50))
    image, notes = judged(monkeypatch, truth - 7.0, truth=truth)
    assert np.array_equal(image, as_8bit(255 * (truth - truth.min()) / np.ptp(truth)))
    assert (notes["grey_0_rad"], notes["grey_255_rad"]) == (truth.min(), truth.max())
    assert "truth" in notes["grey_levels"]


def test_without_truth_percentiles_are_black_and_white(monkeypatch):
    phase = np.linspace(0, 1, 2000).reshape(40, 50)
    image, notes = judged(monkeypatch, phase)
    assert notes["grey_0_rad"] == pytest.approx(0.005, abs=1e-3)
    assert notes["grey_255_rad"] == pytest.approx(0.995, abs=1e-3)
    assert (image.min(), image.max()) == (0, 255)


def test_the_image_is_the_rectangle_about_the_region(monkeypatch):
    region = np.zeros((40, 50), bool)
    region[3:39, 5:48] = True
    phase = np.random.default_rng(0).uniform(size=(40, 50))
    assert judged(monkeypatch, phase, region=region)[0].shape == (36, 43)


def test_a_truth_without_range_gives_no_score():
    scores, notes = assess(Reconstruction(phase=np.eye(40)), problem_of((40, 40), truth=np.ones((40, 40))), ["brisque"])
    assert math.isnan(scores["brisque"])
    assert "no picture" in notes["brisque"]


def test_without_the_extra_the_column_says_how_to_get_it(monkeypatch):
    def missing(name):
        raise ImportError(f"No module named {name!r}")

    naturalness._library.cache_clear()
    monkeypatch.setattr(naturalness, "allow_torchvision", lambda: None)
    monkeypatch.setattr(naturalness.importlib, "import_module", missing)
    phase = np.random.default_rng(0).uniform(size=(192, 192))
    with pytest.raises(MissingDependency, match=r"\.\[iqa\]"):
        brisque(as_8bit(255 * phase))
    scores, notes = assess(Reconstruction(phase=phase), problem_of(phase.shape), ["brisque", "niqe"])
    assert set(scores) == {"brisque", "niqe"}
    assert all(math.isnan(value) for value in scores.values())
    for name in scores:
        assert "pip install -c constraints.txt -e '.[iqa]'" in notes[name]
        assert "prbench rescore" in notes[name]


@pytest.mark.parametrize("name", ["brisque", "niqe"])
def test_the_metric_names_its_extra(name):
    found = load_plugin("metric", name)
    assert isinstance(found, Metric)
    assert found.info.extra == "iqa"
    assert "[iqa]" in found.info.definition


def test_numbers_come_with_the_package_and_with_a_notice():
    notice = (naturalness._NUMBERS / "NOTICE").read_text(encoding="utf-8")
    for file in naturalness._NUMBERS.glob("*.npz"):
        assert file.name in notice
        with np.load(file, allow_pickle=False) as arrays:
            assert all(array.dtype.kind == "f" for array in arrays.values())
    assert notice.count("COPYRIGHT NOTICE STARTS") == 2
