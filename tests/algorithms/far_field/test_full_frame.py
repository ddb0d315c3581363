"""Objects that fill their frame: what a solver returns has the residual that its curve ends with."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import skimage.data
from skimage.transform import resize

import prbench
from prbench.backend import get_backend
from prbench.core import IterativeSolver, Problem, Provenance, Reconstruction, load_plugin, plugin_names

PICTURES = (
    "astronaut",
    "brick",
    "camera",
    "cell",
    "chelsea",
    "clock",
    "coffee",
    "coins",
    "grass",
    "gravel",
    "moon",
    "rocket",
)
SIDE = 16
SOLVERS = [
    name
    for name in plugin_names("solver")
    if load_plugin("solver", name).info.task == "far-field" and issubclass(load_plugin("solver", name), IterativeSolver)
]
MORE = [
    "hio-er[holdout=0.1]",
    "hio-er[breed_every=20,starts=4]",
    "raar[holdout=0.1,starts=3]",
    "ml[starts=3,autocorrelation=none]",
]
TOLERANCE = {"single": 1e-4, "double": 1e-9}


@functools.cache
def picture(name: str, side: int = SIDE) -> np.ndarray:
    """A complex object that is zero nowhere in its frame, its magnitude the picture and its phase another part of it."""
    pixels = getattr(skimage.data, name)()
    grey = pixels.mean(axis=-1) if pixels.ndim == 3 else pixels.astype(float)
    square = grey[: min(grey.shape), : min(grey.shape)] / 255
    small = resize(square, (side, side), anti_aliasing=True) + 0.02
    return (small * np.exp(2j * np.roll(small, 5, axis=0))).astype(np.complex64)


@functools.cache
def problem(name: str, supported: bool, side: int = SIDE) -> Problem:
    x = picture(name, side)
    shape = (2 * side, 2 * side)
    intensity = np.fft.fftshift(np.abs(np.fft.fft2(x.astype(np.complex128), shape)) ** 2)
    support = np.zeros(shape, bool)
    support[side // 2 : side // 2 + side, side // 2 : side // 2 + side] = True
    y = prbench.FarField(intensity, object_shape=x.shape, support=support if supported else None)
    return Problem(
        measurement=y,
        truth=Reconstruction(object=x),
        id=name,
        split="test",
        provenance=Provenance(source="scikit-image", licence="see its data page"),
        object_region=np.ones(x.shape, bool),
    )


def solver(spelled: str, **settings: object):
    """A solver under its example settings, which are small."""
    name, _, rest = spelled.partition("[")
    written = dict(pair.split("=") for pair in rest.rstrip("]").split(",") if pair)
    plugin = load_plugin("solver", name)
    few = {"iterations": 8} if "untrained" in plugin.info.tags else {}  # the law holds after any number of steps
    return prbench.get_solver(name, **{**plugin.example, **few, **written, **settings})


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("spelled", [*SOLVERS, *MORE])
def test_the_residual_of_what_is_returned_ends_the_curve(spelled, precision):
    chosen = solver(spelled)
    backend = get_backend("numpy" if "numpy" in chosen.libraries else "torch", precision)
    for index, name in enumerate(PICTURES):
        made = problem(name, supported=index % 2 == 1)
        found = prbench.solve(chosen, made.measurement, seed=index, backend=backend)
        returned = prbench.score(found.reconstruction, made, ["r_factor"])["r_factor"]
        assert found.curve[-1].residual == pytest.approx(returned, rel=TOLERANCE[precision]), name


@pytest.mark.parametrize("spelled", ["hio-er-ml[recipe=40*HIO+10*ER+40*ML]", "hio-er-ml[recipe=40*HIO+2*(10*ML+10*ER)+20*ML]"])
@pytest.mark.parametrize("stop", [45, 55, 70])
def test_a_run_that_is_stopped_returns_what_its_curve_says(spelled, stop):
    made = problem("coffee", supported=False)
    chosen = prbench.get_solver(spelled)
    found = prbench.solve(
        chosen, made.measurement, backend=get_backend("numpy", "double"), callback=lambda point: point.iteration >= stop
    )
    assert found.cost.iterations < chosen.total_iterations(made.measurement)
    returned = prbench.score(found.reconstruction, made, ["r_factor"])["r_factor"]
    assert found.curve[-1].residual == pytest.approx(returned, rel=1e-9)


@pytest.mark.parametrize("name", PICTURES)
def test_a_perfect_object_on_the_grid_is_scored_as_perfect(name):
    made = problem(name, supported=False)
    y = made.measurement
    field = np.roll(y.pad(np.asarray(made.truth.object)), (7, 31), axis=(0, 1))
    scores = prbench.score(Reconstruction(object=y.crop(field)), made, ["r_factor", "sa_nmse"])
    assert scores["r_factor"] < 1e-6
    assert scores["sa_nmse"] < 1e-10


def test_an_object_that_fills_its_frame_is_found_without_loss():
    made = problem("camera", supported=True)
    found = prbench.solve(prbench.get_solver("hio-er", starts=8, recipe="800*HIO+200*ER"), made.measurement, backend="numpy")
    assert prbench.score(found.reconstruction, made, ["sa_nmse"])["sa_nmse"] < 1e-3
