"""HIO from a network's answer: what it starts with, and that all else is hio-er's."""

import numpy as np
import pytest
import torch

import prbench
from prbench.algorithms.far_field.invariant_loss import InvariantLoss
from prbench.algorithms.far_field.raw_training import RawTraining
from prbench.algorithms.far_field.symmetry_breaking import SymmetryBreaking
from prbench.backend import get_backend
from prbench.core import Reconstruction

TORCH = get_backend("torch")


def solver(**settings):
    return prbench.get_solver("net-hio", **{"weights": "random", "iterations": 40, "starts": 1, **settings})


@pytest.fixture
def crystal():
    return prbench.get_dataset("crystal2d", size=32).problem(0, split="tune")


@pytest.fixture
def knowing(monkeypatch, crystal):
    """A network that knows the crystal."""
    known = torch.as_tensor(np.asarray(crystal.truth.object))
    monkeypatch.setattr(InvariantLoss, "solve", lambda _self, _y, _rng: Reconstruction(object=known.clone()))
    return known


def start_of(crystal, **settings):
    y = crystal.measurement.to(TORCH)
    return y, solver(**settings).init(y, np.random.default_rng(0))


def test_a_network_that_knows_leaves_little_to_do(crystal, knowing):
    first = prbench.solve(solver(iterations=20), crystal.measurement)
    assert prbench.score(first.reconstruction, crystal)["sa_nmse"] < 0.01
    random = prbench.solve("hio-er[iterations=20,starts=1]", crystal.measurement)
    assert prbench.score(random.reconstruction, crystal)["sa_nmse"] > 0.1


def test_the_start_has_the_answers_phases_the_measured_amplitudes_and_its_support(crystal, knowing):
    y, state = start_of(crystal)
    inside = y.pad(knowing).abs() > 0
    assert state.g.shape == (1, *y.shape)
    kept = state.support[0]
    assert float((kept & inside).sum() / inside.sum()) > 0.97  # the blur rounds corners off
    assert int(kept.sum()) < 2 * int(inside.sum())
    torch.testing.assert_close(state.g[0], y.pad(knowing) * kept, rtol=0, atol=1e-4)


def test_several_starts_are_the_answer_and_ever_noisier_ones(crystal, knowing):
    _, state = start_of(crystal, starts=4)
    _, alone = start_of(crystal)
    torch.testing.assert_close(state.g[0], alone.g[0])
    away = [float((g - alone.g[0]).norm()) for g in state.g]
    assert away == sorted(away)
    assert away[1] > 0
    _, equal = start_of(crystal, starts=3, disturbance=0)
    torch.testing.assert_close(equal.g[2], equal.g[0])


def test_a_known_support_is_kept(crystal, knowing):
    import dataclasses

    support = np.zeros((64, 64), bool)
    support[16:48, 16:48] = True
    known = dataclasses.replace(crystal, measurement=dataclasses.replace(crystal.measurement, support=support))
    _, state = start_of(known)
    np.testing.assert_array_equal(state.support[0].numpy(), support)


def test_all_but_the_start_is_hio_ers():
    net, plain = prbench.get_solver("net-hio"), prbench.get_solver("hio-er")
    assert isinstance(net, type(plain))
    shared = plain.params()
    assert {name: net.params()[name] for name in shared} == shared
    assert set(net.params()) - set(shared) == {"targets", "weights", "disturbance"}


def test_its_weights_are_part_of_its_code_and_its_inputs(tmp_path):
    files = type(solver()).shipped_files()
    assert files == tuple(path for one in (InvariantLoss, SymmetryBreaking, RawTraining) for path in one.shipped_files())
    assert solver().inputs == ()
    path = str(tmp_path / "weights.safetensors")
    assert solver(weights=path).inputs == (path,)


def test_the_clock_holds_the_networks_pass(crystal, monkeypatch):
    calls = []
    original = InvariantLoss.solve

    def spy(self, y, rng):
        calls.append("solve")
        return original(self, y, rng)

    monkeypatch.setattr(InvariantLoss, "solve", spy)
    monkeypatch.setattr(InvariantLoss, "prepare", lambda _self, _backend, _rng: calls.append("prepare"))
    plain = prbench.solve("hio-er[iterations=20,starts=1]", crystal.measurement)
    found = prbench.solve(solver(iterations=20), crystal.measurement)
    assert calls == ["prepare", "solve"]
    assert (found.cost.passes, plain.cost.passes) == (1, None)
