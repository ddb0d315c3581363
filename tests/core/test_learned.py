import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import prbench
from prbench.backend import get_backend
from prbench.core import build_plugin
from prbench.core.learned import fresh_network
from prbench.core.network_size import network_flops, parameter_count
from prbench.core.weights import Weights, read_weights, write_weights
from prbench.errors import BadInput, DataNotFound, MissingWeights, UsageError

HERE = Path(__file__).parents[1] / "training" / "tiny.py"
TINY = f"{HERE}:Tiny"
CPU = get_backend("torch")


def solver(**settings):
    return build_plugin("solver", TINY, settings)


def rng():
    return np.random.default_rng(0)


def trained(path, **changes):
    """A file of weights of the tiny solver."""
    made = solver()
    card = {"solver": "tiny", "settings": {"width": made.width}}
    write_weights(path, Weights(fresh_network(made, 3).state_dict(), {**card, **changes}))
    return str(path)


@pytest.mark.parametrize("half", [False, True])
def test_weights_come_back_as_they_were_written(tmp_path, half):
    tensors = fresh_network(solver(), 1).state_dict()
    card = {"solver": "tiny", "note": "é", "scores": {"a": 0.25}}
    write_weights(tmp_path / "w.safetensors", Weights(tensors, card), half=half)
    found = read_weights(tmp_path / "w.safetensors")
    assert found.card == card
    assert list(tmp_path.iterdir()) == [tmp_path / "w.safetensors"]
    for name, tensor in tensors.items():
        if half and tensor.is_floating_point():
            assert found.tensors[name].dtype == torch.float16
            torch.testing.assert_close(found.tensors[name].float(), tensor, rtol=1e-3, atol=1e-6)
        else:
            assert torch.equal(found.tensors[name], tensor)


def test_random_weights_depend_on_the_seed_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    nets = [dataclasses.replace(solver(weights="random"), width=width).load(CPU, rng()) for width in (4, 4)]
    assert nets[0] is nets[1]
    other = solver(weights="random").load(CPU, np.random.default_rng(1))
    assert not torch.equal(nets[0][0].weight, other[0].weight)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_network_is_kept_until_its_file_changes(tmp_path):
    path = trained(tmp_path / "w.safetensors")
    first = solver(weights=path).load(CPU, rng())
    assert solver(weights=path).load(CPU, rng()) is first
    assert not any(p.requires_grad for p in first.parameters())
    assert not first.training
    tensors = {name: tensor + 1 for name, tensor in read_weights(Path(path)).tensors.items()}
    write_weights(Path(path), Weights(tensors, {"solver": "tiny", "settings": {"width": 4}}))
    assert torch.equal(solver(weights=path).load(CPU, rng())[0].bias, first[0].bias + 1)


def test_the_precision_is_the_backends(tmp_path):
    double = get_backend("torch", "double")
    network = solver(weights=trained(tmp_path / "w.safetensors")).load(double, rng())
    assert {p.dtype for p in network.parameters()} == {torch.float64}


def test_without_weights_the_command_is_named(tmp_path):
    with pytest.raises(MissingWeights, match=r"^tiny .*`prbench train tiny -d '.*:Shifts' --out FOLDER`.*weights="):
        solver().load(CPU, rng())
    with pytest.raises(MissingWeights, match=r"^tiny: .*\bnowhere\b.*`prbench train 'tiny\[width=8\]' -d"):
        solver(weights="nowhere", width=8).load(CPU, rng())


def test_weights_of_other_settings_are_refused(tmp_path):
    path = trained(tmp_path / "w.safetensors")
    with pytest.raises(UsageError, match=rf"tiny: .*{path} .*\bwidth=4\b.*\b8\b.*`prbench train 'tiny\[width=8\]'"):
        solver(weights=path, width=8).load(CPU, rng())
    other = trained(tmp_path / "o.safetensors", solver="another")
    with pytest.raises(UsageError, match=rf"{other} .*\banother\b.*\btiny\b"):
        solver(weights=other).load(CPU, rng())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: {**t, "0.weight": t["0.weight"][:1].clone()}, r"0\.weight .*\(4, 2, 3, 3\).*\(1, 2"),
        (lambda t: {k: v for k, v in t.items() if k != "0.bias"}, r"0\.bias .*\(4,\).*none"),
        (lambda t: {**t, "surplus": torch.ones(1)}, r"\bsurplus\b"),
    ],
)
def test_weights_that_do_not_fit_are_told(tmp_path, change, message):
    path = tmp_path / "w.safetensors"
    trained(path)
    found = read_weights(path)
    write_weights(path, Weights(change(dict(found.tensors)), found.card))
    with pytest.raises(BadInput, match=message):
        solver(weights=str(path)).load(CPU, rng())


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", b"x" * 100])
def test_a_file_that_is_no_weights_is_told(tmp_path, content):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=rf"{path} .*safetensors\b.*:"):
        solver(weights=str(path)).load(CPU, rng())


@pytest.mark.parametrize(
    ("metadata", "message"),
    [(None, "card.*prbench train"), ({"prbench": "{"}, "card.*JSON"), ({"prbench": "3"}, "card.*prbench train")],
)
def test_weights_without_a_card_are_told(tmp_path, metadata, message):
    save_file({"a": torch.ones(2)}, tmp_path / "w.safetensors", metadata=metadata)
    with pytest.raises(BadInput, match=message):
        solver(weights=str(tmp_path / "w.safetensors")).load(CPU, rng())


def test_reading_weights_is_not_timed(monkeypatch):
    """The network is there before the solve begins, and what it draws does not shift the solve's own randomness."""
    made = solver(weights="random")
    cls, order = type(made), []
    network, solve = cls.network, cls.solve

    def counted_network(self):
        order.append("network")
        return network(self)

    def counted_solve(self, y, rng):
        order.append("solve")
        return solve(self, y, rng)

    monkeypatch.setattr(cls, "network", counted_network)
    monkeypatch.setattr(cls, "solve", counted_solve)
    y = prbench.get_dataset(f"{HERE}:Shifts").problem(0).measurement
    for _ in range(2):
        prbench.solve(made, y, seed=123)
    assert order == ["network", "solve", "solve"]


def test_cells_answer_to_the_content_of_weights(tmp_path):
    from prbench.running.request.cell import find_plugin, make_cell

    path = tmp_path / "w.safetensors"
    trained(path)
    asked = f"{TINY}[weights={path}]"
    dataset = find_plugin("dataset", f"{HERE}:Shifts")
    before = make_cell(find_plugin("solver", asked), dataset, sample=0, seed=0).key
    trained(path, note="other")
    path.touch()
    assert make_cell(find_plugin("solver", asked), dataset, sample=0, seed=0).key != before
    path.unlink()
    with pytest.raises(DataNotFound, match=f"^tiny: .*{path}"):
        make_cell(find_plugin("solver", asked), dataset, sample=0, seed=0)


def test_shipped_weights_are_part_of_the_code(tmp_path, monkeypatch):
    from prbench.running.code_id import code_id

    source = tmp_path / "shipping.py"
    source.write_text(HERE.read_text())
    cls = type(build_plugin("solver", f"{source}:Tiny"))
    before = code_id(cls)
    (tmp_path / "weights").mkdir()
    trained(tmp_path / "weights" / "tiny.safetensors")
    assert code_id(cls) != before
    assert not cls().load(CPU, rng()).training


def test_parameters_and_operations_are_counted():
    layer = torch.nn.Conv2d(2, 3, 3, padding=1)
    assert parameter_count(layer) == 2 * 3 * 9 + 3
    assert network_flops(layer, (1, 2, 10, 20)) == 2 * 2 * 3 * 9 * 200


def test_the_card_in_the_file_is_plain_json(tmp_path):
    path = trained(tmp_path / "w.safetensors")
    header = Path(path).read_bytes()
    size = int.from_bytes(header[:8], "little")
    told = json.loads(header[8 : 8 + size])["__metadata__"]["prbench"]
    assert json.loads(told)["solver"] == "tiny"
