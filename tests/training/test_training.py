import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import prbench
from prbench.core.weights import read_weights
from prbench.errors import BadInput, Diverged, UsageError
from prbench.training import train
from prbench.training.loop import CHECKPOINT
from prbench.training.training import REQUEST

TINY = f"{Path(__file__).with_name('tiny.py')}:Tiny"


def run(plan):
    return train(plan, machine={"processor": "a test's"})


def tensors(folder):
    return read_weights(folder / "last.safetensors").tensors


def assert_same(a, b):
    assert set(a) == set(b)
    for name, tensor in a.items():
        assert torch.equal(tensor, b[name]), name


@pytest.mark.parametrize("changes", [{}, {"optimiser": "sgd", "schedule": "poly", "average": 0.0}, {"autocast": True}])
def test_a_training_stopped_after_every_step_ends_with_the_same_weights(tiny_plan, changes):
    changes = {"steps": 7, "validate_every": 3, **changes}
    whole = tiny_plan("whole", **changes)
    assert run(whole).finished
    parts = tiny_plan("parts", plan={"time_limit_s": 1e-9}, **changes)
    runs = 1
    while not run(parts).finished:
        runs += 1
    assert runs == parts.recipe.steps
    assert_same(tensors(whole.out), tensors(parts.out))
    curves = [(folder / "curve.jsonl").read_text().splitlines() for folder in (whole.out, parts.out)]
    told = [[{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in curve] for curve in curves]
    assert told[0] == told[1]
    assert [row["step"] for row in told[0]] == [3, 6, 7]


def test_a_training_killed_at_any_moment_goes_on(tiny_plan):
    whole = tiny_plan("whole", steps=300)
    run(whole)
    killed = tiny_plan("killed", steps=300).out
    command = [sys.executable, "-c", "from prbench.cli import main; main()", "train", TINY, "--out", str(killed), "--steps", "300", "--device", "cpu", "--score", "0", "-j", "1"]  # fmt: skip  # noqa: E501
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 300
    while not (killed / CHECKPOINT).exists() and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (killed / CHECKPOINT).exists()
    assert not (killed / "last.safetensors").exists()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "300 of 300 steps" in done.stdout
    assert_same(tensors(whole.out), tensors(killed))


def test_the_same_seed_gives_the_same_weights_and_another_does_not(tiny_plan):
    first, again, other = tiny_plan("first"), tiny_plan("again"), tiny_plan("other", plan={"seed": 1})
    for plan in (first, again, other):
        run(plan)
    assert_same(tensors(first.out), tensors(again.out))
    assert not torch.equal(tensors(first.out)["0.weight"], tensors(other.out)["0.weight"])


def test_two_examples_are_learned_by_heart(tiny_plan):
    plan = tiny_plan(
        samples=2,
        tune_samples=1,
        steps=300,
        batch=2,
        crop=None,
        dihedral=False,
        learning_rate=0.02,
        weight_decay=0.0,
        validate_every=50,
    )
    curve = run(plan).state.progress.curve
    assert curve[-1]["loss"] < 0.2 * curve[0]["loss"]


def test_what_is_written_is_used(tiny_plan, tiny_solver):
    plan = tiny_plan()
    outcome = run(plan)
    card = json.loads((plan.out / "card.json").read_text())
    assert card["finished"]
    assert card["solver"] == "tiny"
    assert card["settings"] == {"width": 4}
    assert card["parameters"] == 2 * 4 * 9 + 4 + 8 + 4 * 2 * 9 + 2
    assert card["flops"]["count"] == 2 * 2 * 4 * 9 * 2 * 16 * 16
    assert card["machine"]["processor"] == "a test's"
    low, high = card["seen"]["brightest pixel"]
    assert 0 < low <= high
    assert (plan.out / "curve.png").stat().st_size > 1000
    curve = outcome.state.progress.curve
    assert all(row["size"] > 0 for row in curve)
    best = min(curve, key=lambda row: row["validation"])
    assert card["validation"] == {"value": best["validation"], "step": best["step"], "split": "tune"}
    solver = tiny_solver(weights=str(plan.out / "weights.safetensors"))
    made = prbench.get_dataset(plan.recipe.datasets[0]).problem(0)
    found = prbench.solve(solver, made.measurement)
    with torch.inference_mode():
        network = tiny_solver().network().eval()
        network.load_state_dict({name: t.float() for name, t in outcome.state.best.items()})
        expected = network(solver.network_input(made.measurement.to(prbench.backend.get_backend("torch"))))[0]
    np.testing.assert_allclose(found.reconstruction.displacement, expected, atol=2e-3)  # rounded to half precision


def test_a_folder_belongs_to_one_training(tiny_plan):
    run(tiny_plan(steps=2))
    with pytest.raises(UsageError, match=r"\brecipe\.steps: 2\b.*\b3\b"):
        run(tiny_plan(steps=3))
    with pytest.raises(UsageError, match=r"\bseed: 0\b.*\b5\b"):
        run(tiny_plan(steps=2, plan={"seed": 5}))


def test_weights_to_begin_from(tiny_plan):
    run(tiny_plan("first", steps=30))
    start = str(tiny_plan("first").out / "last.safetensors")
    run(tiny_plan("second", steps=1, learning_rate=1e-12, warmup=0, average=0.0, plan={"start": start}))
    before, after = tensors(tiny_plan("first").out), tensors(tiny_plan("second").out)
    torch.testing.assert_close(after["0.weight"], before["0.weight"], rtol=1e-4, atol=1e-6)


def test_a_broken_checkpoint_is_told(tiny_plan):
    plan = tiny_plan(steps=2)
    run(plan)
    (plan.out / CHECKPOINT).write_bytes(b"not this")
    with pytest.raises(BadInput, match=rf"{plan.out / CHECKPOINT} .*:"):
        run(plan)


def test_a_loss_that_is_not_finite_is_told(tiny_plan):
    with pytest.raises(Diverged, match=r"\bloss .*\b(nan|inf)\b.*\bstep \d+"):
        run(tiny_plan(learning_rate=1e30, steps=50, warmup=0, clip=None, optimiser="sgd"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"datasets": ("crystal2d",)}, r"^tiny .*\bspeckle\b.*\bcrystal2d\b.*\bfar-field\b"),
        ({"crop": 17}, r"^crop .*\b16\b.*\b17\b"),
        ({"datasets": (TINY.replace(":Tiny", ":Shifts") + "[known=false]",)}, r"\btruth\b"),
        (
            {"datasets": (TINY.replace(":Tiny", ":Shifts") + "[uneven=true]",)},
            r"^example 1 .*\binputs\b.*\(.*\(",
        ),
    ],
)
def test_what_cannot_be_trained_is_one_line(tiny_plan, changes, message):
    with pytest.raises(UsageError, match=message):
        run(tiny_plan(**changes))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("steps", 0, r"^steps .*\b1\b.*\b0$"),
        ("learning_rate", float("nan"), r"^learning_rate .*\bnan$"),
        ("processor_hours", 0.0, r"^processor_hours .*\b0\.0$"),
        ("average", 1.0, r"^average .*\[0, 1\).*\b1\.0"),
        ("datasets", (), "^datasets "),
    ],
)
def test_a_recipe_says_what_is_wrong(tiny_plan, name, value, message):
    with pytest.raises(UsageError, match=message):
        tiny_plan(**{name: value})


@pytest.mark.parametrize("schedule", ["cosine", "poly", "constant"])
def test_the_rate_rises_and_then_does_not(tiny_plan, schedule):
    recipe = tiny_plan(schedule=schedule, steps=50, warmup=10).recipe
    rates = [recipe.rate(step) for step in range(50)]
    assert rates[9] == pytest.approx(recipe.learning_rate)
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert min(rates) > 0


def test_a_training_whose_request_has_the_former_name_goes_on(tiny_plan):
    plan = tiny_plan(steps=2, validate_every=2)
    run(plan)
    path = plan.out / REQUEST
    request = json.loads(path.read_text())
    request["recipe"]["turns"] = request["recipe"].pop("dihedral")
    path.write_text(json.dumps(request))
    before = tensors(plan.out)
    run(plan)
    assert_same(before, tensors(plan.out))
    request["recipe"]["turns"] = not request["recipe"]["turns"]
    path.write_text(json.dumps(request))
    with pytest.raises(UsageError):
        run(plan)


def test_processor_time_ends_a_training_and_shapes_its_rates(tiny_plan):
    """Other steps, the same schedule: a twelfth of rising, and validations at every quarter."""
    changes = {"steps": 12, "warmup": 1, "validate_every": 3, "processor_hours": 0.3 / 3600}
    plan = tiny_plan(**changes)
    outcome = run(plan)
    progress = outcome.state.progress
    assert outcome.finished
    assert progress.step > 12
    assert progress.processor_seconds >= 0.3
    rates = [row["rate"] for row in progress.curve]
    assert 3 <= len(rates) <= 4
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.2 * plan.recipe.learning_rate
    assert json.loads((plan.out / "card.json").read_text())["processor_seconds"] >= 0.3
    again = run(plan).state.progress
    assert (again.step, again.processor_seconds) == (progress.step, progress.processor_seconds)


def test_more_processor_time_goes_on_and_less_is_another_training(tiny_plan):
    short = run(tiny_plan(processor_hours=0.1 / 3600)).state.progress
    longer = run(tiny_plan(processor_hours=0.2 / 3600)).state.progress
    assert longer.step > short.step
    assert longer.curve[: len(short.curve)] == short.curve
    for hours in (0.1 / 3600, None):
        with pytest.raises(UsageError, match=r"\brecipe\.processor_hours: "):
            run(tiny_plan(processor_hours=hours))


def test_a_training_stopped_within_its_processor_time_goes_on(tiny_plan):
    plan = tiny_plan(processor_hours=0.2 / 3600, plan={"time_limit_s": 1e-9})
    seconds, steps = [], []
    for _ in range(3):
        outcome = run(plan)
        seconds.append(outcome.state.progress.processor_seconds)
        steps.append(outcome.state.progress.step)
    assert steps == [1, 2, 3]
    assert seconds == sorted(set(seconds))
