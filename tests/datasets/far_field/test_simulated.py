import numpy as np
import pytest

from prbench.core import build_plugin
from prbench.core.problem import Problem
from prbench.errors import UsageError
from prbench.tasks.far_field import FarField

SIMULATED = ("atoms2d", "cell2d", "crystal2d", "crystal3d", "phase-image")
SMALL = {"atoms2d": "atoms=6,size=32", "crystal3d": "size=16"}


def problem(name: str, settings: str = "", index: int = 0, **where: object) -> Problem:
    spelled = ",".join(filter(None, [SMALL.get(name, "size=32"), settings]))
    made: Problem = build_plugin("dataset", f"{name}[{spelled}]").problem(index, **where)
    return made


def pattern(made: Problem) -> FarField:
    assert isinstance(made.measurement, FarField)
    return made.measurement


def truth(made: Problem) -> np.ndarray:
    assert made.truth is not None
    return np.asarray(made.truth.object)


@pytest.mark.parametrize("name", SIMULATED)
@pytest.mark.parametrize("index", [0, 5])
def test_the_truth_explains_the_ideal_measurement(name: str, index: int) -> None:
    made = problem(name, index=index)
    y = pattern(made)
    measured = np.ones(y.shape, dtype=bool) if y.mask is None else y.mask
    gap = (y.forward(truth(made)) - y.intensity)[measured]
    assert np.linalg.norm(gap) < 1e-5 * np.linalg.norm(y.intensity)
    assert truth(made).dtype == np.complex64
    assert truth(made).shape == y.object_shape
    assert made.object_region is not None
    assert made.object_region.shape == y.object_shape


@pytest.mark.parametrize("name", SIMULATED)
def test_a_problem_is_a_function_of_its_arguments(name: str) -> None:
    first, again = problem(name, "photons=10", 3), problem(name, "photons=10", 3)
    np.testing.assert_array_equal(truth(first), truth(again))
    np.testing.assert_array_equal(pattern(first).intensity, pattern(again).intensity)
    assert first.id == again.id


@pytest.mark.parametrize("name", SIMULATED)
def test_splits_seeds_and_samples_are_all_different(name: str) -> None:
    made = [
        problem(name, index=index, seed=seed, split=split)
        for split in ("test", "tune", "train")
        for seed in (0, 1)
        for index in (0, 1)
    ]
    objects = {truth(p).tobytes() for p in made}
    assert len(objects) == len(made)
    assert len({p.id for p in made}) == len(made)


@pytest.mark.parametrize("name", SIMULATED)
def test_the_dose_changes_the_noise_and_not_the_object(name: str) -> None:
    ideal, few, many = problem(name), problem(name, "photons=3"), problem(name, "photons=1000000")
    np.testing.assert_array_equal(truth(ideal), truth(few))
    y = pattern(few)
    assert y.gain is not None
    counts = y.intensity / y.gain
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-2)
    assert counts.mean() == pytest.approx(3, rel=0.1)
    clean = pattern(ideal).intensity
    if y.mask is not None:
        clean = np.where(y.mask, clean, 0)
    gap = np.linalg.norm(pattern(many).intensity - clean) / np.linalg.norm(clean)
    assert 0 < gap < 0.01
    assert pattern(ideal).gain is None


@pytest.mark.parametrize("name", [name for name in SIMULATED if name != "atoms2d"])
def test_a_beamstop_hides_the_centre_alone(name: str) -> None:
    y = pattern(problem(name, "beamstop=2"))
    assert y.mask is not None
    hidden = np.argwhere(~y.mask) - np.array(y.shape) // 2
    assert len(hidden) == (13 if y.ndim == 2 else 33)
    assert (np.linalg.norm(hidden, axis=1) <= 2).all()
    assert (y.intensity[~y.mask] == 0).all()


def test_a_cell_is_soft_weak_and_nonnegative() -> None:
    made = problem("cell2d", "size=64,strength=0.5".removeprefix("size=64,"))
    x = truth(made)
    assert pattern(made).nonnegative
    assert (x.real >= -1e-6).all()
    assert np.abs(x).max() == pytest.approx(1)
    assert len(np.unique(np.abs(x).round(3))) > 100
    steps = max(np.abs(np.diff(np.abs(x), axis=a)).max() for a in (0, 1))
    assert steps < 0.6


def test_atoms_hold_the_power_in_eight_pixels_each() -> None:
    made = problem("atoms2d", "")
    x, y = truth(made).real, pattern(made)
    assert y.real
    assert y.nonnegative
    assert y.support_size == 48
    power = np.sort(x.ravel() ** 2)[::-1]
    assert power[:48].sum() > 0.95 * power.sum()
    assert y.mask is not None
    assert np.argwhere(~y.mask).tolist() == [[16, 16]]
    assert np.abs(y.intensity[0]).max() < 1e-6 * y.intensity.max()


def test_too_many_atoms_are_refused() -> None:
    with pytest.raises(UsageError, match=r"^atoms2d: 200 .*32x32\b.*\d"):
        build_plugin("dataset", "atoms2d[atoms=200,size=32]").problem(0)


def test_dislocations_in_three_dimensions_change_the_phase_alone() -> None:
    plain, bent = problem("crystal3d"), problem("crystal3d", "dislocations=2")
    np.testing.assert_allclose(np.abs(truth(plain)), np.abs(truth(bent)), atol=1e-6)
    assert not np.allclose(truth(plain), truth(bent))


def test_every_image_is_there_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    from prbench.datasets.far_field.phase_image import IMAGES

    def refuse(*_: object) -> None:
        raise AssertionError("a network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for image in IMAGES:
        x = truth(problem("phase-image", f"image={image},strength=0.5"))
        np.testing.assert_allclose(np.abs(x)[np.abs(x) > 0], 1, atol=1e-6)
        assert np.ptp(np.angle(x[np.abs(x) > 0])) > 0.5
