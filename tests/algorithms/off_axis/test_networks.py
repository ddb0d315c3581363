"""Networks for off-axis holograms: what they see, what they are taught, and that every form of them answers the same."""

import dataclasses
import functools
import json

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from prbench import get_dataset, get_solver
from prbench.algorithms.networks.mobilenet_v2 import convolutions
from prbench.algorithms.networks.sparse_decoder import sparsity_loss
from prbench.backend import get_backend
from prbench.core.network_size import network_flops, parameter_count
from prbench.core.searchable import read_structure
from prbench.errors import BadInput, DataNotFound
from prbench.tasks.off_axis import Hologram

BACKEND = get_backend("torch")
NAMES = (
    "unet-offaxis[width=4,reads=interferogram]",
    "nas-prnet[links=u-shape,reads=interferogram]",
    "sparsemask[links=u-shape]",
)


def hologram(shape=(64, 96), exposure=1.0):
    rows, columns = np.indices(shape)
    light = 1 + 0.3 * rows / shape[0]
    fringes = 1 + 0.6 * np.cos(2 * np.pi * (0.21 * rows + 0.255 * columns) + 2 * np.exp(-((rows - 30) ** 2) / 200))
    return Hologram((exposure * light * fringes).astype(np.float32)).to(BACKEND)


def rng():
    return np.random.default_rng(0)


@pytest.fixture(params=NAMES)
def solver(request):
    return get_solver(f"{request.param[:-1]},weights=random]")


def test_exposure_and_profile_of_the_beam_do_not_matter(solver):
    x, bright = solver.network_input(hologram()), solver.network_input(hologram(exposure=4000.0))
    torch.testing.assert_close(x, bright, rtol=1e-3, atol=1e-3)
    assert x.shape == (1, 1, 64, 96)
    assert float(x.square().mean()) == pytest.approx(1, rel=1e-4)
    strips = x[0, 0, 16:48].abs().mean(dim=1)
    assert float(strips.max() / strips.min()) < 1.2


@pytest.mark.parametrize("shape", [(64, 96), (50, 37)])
def test_any_frame_is_answered(solver, shape):
    y = hologram(shape)
    found = solver.solve(y, rng())
    assert found.phase.shape == shape
    assert found.phase.dtype == torch.float32
    assert torch.isfinite(found.phase).all()
    assert (y.counters.operators, y.counters.passes) == (0, 1)


def test_a_constant_error_counts_little_and_is_not_seen_by_validation(solver):
    targets, weights = torch.randn(2, 1, 8, 8), torch.ones(2, 1, 8, 8)
    shifted = targets + torch.tensor([2.0, -1.0])[:, None, None, None]
    assert float(solver.loss(shifted, targets, weights)) == pytest.approx(0.1 * (4 + 1) / 2, rel=1e-4)
    assert float(solver.validation(shifted, targets, weights)) == pytest.approx(0, abs=1e-3)
    wavy = targets + torch.tensor([1.0, -1.0]).repeat(4)
    assert float(solver.loss(wavy, targets, weights)) == pytest.approx(1, rel=1e-4)
    assert float(solver.validation(wavy, targets, weights)) == pytest.approx(1, rel=1e-4)


def test_unmeasured_parts_do_not_count(solver):
    targets, weights = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)
    weights[..., :2] = 1
    wrong = targets.clone()
    wrong[..., 2:] = 9
    assert float(solver.loss(wrong, targets, weights)) == 0


def test_the_target_is_the_true_phase(solver):
    made = get_dataset("offaxis-cells", size=64).problem(0)
    target, weight = solver.target(made)
    np.testing.assert_array_equal(target[0], made.truth.phase)
    assert weight.shape == (1, 64, 64)


def test_the_network_with_folded_norms_answers_as_trained(solver):
    """Norms that have seen something, then both forms on one input, alone and in a batch."""
    torch.manual_seed(0)
    network = solver.network()
    x = torch.randn(3, 1, 64, 64)
    with torch.no_grad():
        for _ in range(5):
            network(x)
        expected = network.eval()(x)
        fast = solver.for_inference(network).to(memory_format=torch.channels_last)
        torch.testing.assert_close(fast(x), expected, rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(fast(x[1:2]), expected[1:2], rtol=1e-3, atol=1e-3)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in fast.modules())


def test_a_compiled_network_answers_the_same(monkeypatch):
    """Traced as for any backend of torch.compile, here by the one that makes no machine code, which takes a minute."""
    y, traced = hologram((32, 32)), functools.partial(torch.compile, backend="eager")
    monkeypatch.setattr(torch, "compile", traced)
    found = get_solver("nas-prnet", links="u-shape", weights="random", compiled=True).solve(y, rng()).phase
    expected = get_solver("nas-prnet", links="u-shape", weights="random").solve(y, rng()).phase
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_a_few_steps_learn_to_tell_cells_from_none():
    """A small network taught for a moment on noise-free holograms is nearer to the truth than an answer of nothing."""
    solver = get_solver("unet-offaxis", width=4, weights="random", reads="interferogram")
    made = [
        get_dataset("offaxis-cells", size=64, photons=None, aberration=0, drift=0).problem(n, split="train") for n in range(4)
    ]
    x = torch.cat([solver.network_input(problem.measurement.to(BACKEND)) for problem in made])
    targets = torch.stack([torch.from_numpy(solver.target(problem)[0]) for problem in made])
    weights = torch.ones_like(targets)
    torch.manual_seed(0)
    network = solver.network()
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(40):
        loss = solver.objective(network, x, targets, weights)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.5 * float(solver.loss(torch.zeros_like(targets), targets, weights))


# Links as a setting


def test_links_can_be_named_or_read_from_a_file(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"links": {"D1": ["E1", "D4"], "D4": ["E4", "G"]}}))
    solver = get_solver("nas-prnet", links=str(path), weights="random")
    assert len(solver.chosen_links()) == 4
    assert solver.inputs == (str(path),)
    assert get_solver("nas-prnet", links="u-shape").inputs == ()
    assert get_solver("nas-prnet", links="search").chosen_links() is None
    assert torch.isfinite(solver.solve(hologram((64, 64)), rng()).phase).all()
    np.save(tmp_path / "mask.npy", np.stack([np.tril(np.ones((9, 9), bool))] * 2, axis=-1))
    assert len(get_solver("sparsemask", links=str(tmp_path / "mask.npy")).chosen_links()) == 90


@pytest.mark.parametrize(
    ("text", "message"), [("{", r"x\.json .*:"), ('{"links": {"D1": ["E0"]}}', "E0 to D1"), (None, r"x\.json.*prbench search")]
)
def test_files_without_links_are_refused(tmp_path, text, message):
    path = tmp_path / "x.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadInput, match=message):
        get_solver("nas-prnet", links=str(path)).chosen_links()


def test_a_damaged_array_is_refused(tmp_path):
    (tmp_path / "m.npy").write_bytes(b"no")
    with pytest.raises(BadInput, match=r"m\.npy .*:"):
        read_structure(str(tmp_path / "m.npy"))


def test_sizes_of_the_networks():
    """At most five million parameters with all links; the U-Net of the papers has 31 million and twenty times the operations."""
    few = get_solver("nas-prnet", links="u-shape", reads="interferogram").network()
    unet = get_solver("unet-offaxis", width=64, reads="interferogram").network()
    assert parameter_count(few) < 5_000_000
    assert parameter_count(unet) == pytest.approx(31e6, rel=0.02)
    shape = (1, 1, 64, 64)
    assert network_flops(unet, shape) > 20 * network_flops(few, shape)


# What a search asks of the solvers


def test_a_search_has_its_own_loss_groups_and_bounds():
    solver = get_solver("nas-prnet", sparsity=0.5, link_rate=3.0, settling=0).searching()
    assert solver.links == "search"
    torch.manual_seed(0)
    network = solver.network().train()
    x, targets, weights = torch.randn(2, 1, 64, 64), torch.randn(2, 1, 64, 64), torch.ones(2, 1, 64, 64)
    found = solver.objective(network, x, targets, weights)
    found.backward()
    groups = solver.parameter_groups(network)
    assert [group.get("scale", 1.0) for group in groups] == [1.0, 1.0, 3.0]
    assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))
    assert sum(p.numel() for p in groups[2]["params"]) == 90
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in groups[2]["params"])
    with torch.no_grad():
        for weight in groups[2]["params"]:
            weight.copy_(torch.linspace(-1, 3, len(weight)))
        solver.after_step(network)
    left = torch.cat([w.detach() for w in groups[2]["params"]])
    assert float(left.min()) == 0
    assert float(left.max()) == 2
    seen, structure = solver.observations(network), solver.structure(network)
    assert seen["links"] == structure["count"] <= seen["links_above_threshold"] == structure["above_threshold"] < 90


def test_a_drawing_has_an_arrow_a_link_and_one_to_the_phase():
    figure = Figure()
    get_solver("nas-prnet").draw_structure({"links": {"D1": ["E1", "D4", "G"], "D4": ["E4", "G"]}}, figure)
    arrows = [child for child in figure.axes[0].texts if getattr(child, "arrow_patch", None) is not None]
    assert len(arrows) == 5 + 1


@pytest.mark.parametrize("name", ["nas-prnet", "sparsemask"])
def test_the_sparsity_loss_counts_once_links_have_settled(name):
    """After ``settling`` steps; beside the logarithm of the phase's error, or beside the cross-entropy itself."""
    solver = get_solver(name, sparsity=0.5, settling=1).searching()
    network = solver.network().train()
    x, targets, weights = torch.randn(2, 1, 64, 64), torch.randn(2, 1, 64, 64), torch.ones(2, 1, 64, 64)
    found = []
    for _ in range(2):
        torch.manual_seed(0)  # the noise of the links
        with torch.no_grad():
            found.append(float(solver.objective(network, x, targets, weights)))
    torch.manual_seed(0)
    with torch.no_grad():
        plain = solver.loss(network(x), targets, weights)
        few = 0.5 * float(sparsity_loss(network.decoder.drawn.values()))
    assert found[0] == pytest.approx(float(plain), rel=1e-5)
    assert found[1] == pytest.approx(float(plain.log() if name == "nas-prnet" else plain) + few, rel=1e-5)
    assert int(network.state_dict()["decoder.passes"]) == 3  # kept with a checkpoint


def test_sparsemask_searches_for_cells_and_learns_phases():
    solver, made = get_solver("sparsemask"), get_dataset("offaxis-cells", size=64).problem(0)
    cells, _ = solver.searching().target(made)
    assert set(np.unique(cells)) == {0.0, 1.0}
    assert made.truth.phase[cells[0] == 1].min() > made.truth.phase[cells[0] == 0].max() - 1e-6
    np.testing.assert_array_equal(solver.target(made)[0][0], made.truth.phase)
    sure, targets = torch.from_numpy(40 * cells - 20)[None], torch.from_numpy(cells)[None]
    weights = torch.ones_like(targets)
    assert float(solver.searching().loss(sure, targets, weights)) < 1e-6
    assert float(solver.searching().loss(-sure, targets, weights)) > 10
    assert float(solver.searching().validation(sure, targets, weights)) < 1e-6
    assert float(solver.loss(targets, targets, weights)) == 0


def test_training_begins_from_photographs_where_asked_for(tmp_path, monkeypatch):
    solver = get_solver("nas-prnet", links="u-shape", start="imagenet", reads="interferogram")
    network = solver.network()
    arrays = {}
    for number, (convolution, norm) in enumerate(convolutions(network.encoder)):
        kernel = torch.randn_like(convolution.weight).numpy()
        kernel = kernel.transpose(1, 2, 3, 0) if convolution.groups > 1 else kernel.transpose(0, 2, 3, 1)
        arrays[f"{number:03d}_w"] = np.repeat(kernel, 3, axis=3) / 3 if number == 0 else kernel
        arrays[f"{number:03d}_b"] = norm.bias.detach().numpy()
    (tmp_path / "weights").mkdir()
    np.savez(tmp_path / "weights" / "mobilenet_v2_imagenet.npz", **arrays)
    monkeypatch.setenv("PRBENCH_DATA", str(tmp_path))
    solver.begin(network, torch.randn(2, 1, 64, 64))
    first = network.encoder.stages[0][0].weight.detach().clone()
    np.testing.assert_allclose(first.permute(0, 2, 3, 1), arrays["000_w"].sum(axis=3, keepdims=True), rtol=1e-5, atol=1e-6)
    dataclasses.replace(solver, start="random").begin(network, torch.randn(2, 1, 64, 64))
    assert torch.equal(network.encoder.stages[0][0].weight, first)
    monkeypatch.setenv("PRBENCH_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataNotFound, match=r"mobilenet_v2_imagenet\.npz"):
        solver.begin(network, torch.randn(2, 1, 64, 64))
