"""The gate's inputs are there and fit the code: baselines, the list of accepted changes, and the workflow that uses them."""

import re
import subprocess
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import yaml

from prbench.core import task_names
from prbench.gate.accepted import expired, read_accepted
from prbench.gate.baseline import Baseline
from prbench.gate.findings import solved
from prbench.running.request.spec import Matrix

ROOT = Path(__file__).parents[1]
MATRICES = sorted((ROOT / "results" / "baselines").glob("*.yaml"))
BASELINES = sorted((ROOT / "results" / "baselines").glob("*.json"))
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"

EXEMPT: dict[str, str] = {}
"""Solvers without a baseline, each with the reason."""


def test_there_is_a_baseline_for_every_task():
    assert {path.stem for path in MATRICES} == {path.stem for path in BASELINES} == set(task_names())


def test_every_solver_is_in_a_baseline_or_exempt_for_a_reason():
    registered = {point.name for point in entry_points(group="prbench.solvers") if point.value.startswith("prbench.")}
    measured = {cell.solver for path in MATRICES for cell in Matrix.read(path).cells()}
    assert registered - measured == set(EXEMPT)
    assert all(len(reason.split()) > 3 for reason in EXEMPT.values())


@pytest.mark.parametrize("path", BASELINES, ids=lambda path: path.stem)
def test_a_stored_baseline_is_of_the_cells_that_its_matrix_names(path):
    baseline = Baseline.read(path)
    asked = {(c.solver_spelled, c.dataset_spelled, c.sample, c.seed) for c in baseline.matrix.cells()}
    assert {(c["solver"], c["dataset"], c["sample"], c["seed"]) for c in baseline.cells} == asked
    assert all(solved(c["status"]) and any(value is not None for value in c["metrics"].values()) for c in baseline.cells)
    assert all(len(c["latency_fft"]) == len(c["cpu_fft"]) == baseline.rounds for c in baseline.cells)
    assert all(baseline.cpu_class[key] for key in ("processor", "instructions", "libraries", "system", "threads"))
    groups = [(c["solver"], c["dataset"]) for c in baseline.cells]
    assert min(groups.count(group) for group in groups) >= 8, "no test of pairs tells anything of fewer"


@pytest.mark.parametrize("path", BASELINES, ids=lambda path: path.stem)
def test_a_stored_baseline_has_its_matrix_beside_it(path):
    assert Matrix.read(path.with_suffix(".yaml")).cells() == Baseline.read(path).matrix.cells()


def test_no_accepted_change_has_outlived_its_baseline():
    accepted = read_accepted(ROOT / ".ci" / "accepted.yaml")
    assert expired(accepted, [Baseline.read(path).name for path in BASELINES]) == ()


def test_the_workflow_runs_what_is_here_with_actions_pinned_by_commit():
    workflow = yaml.safe_load(WORKFLOW.read_text("utf-8"))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name) for name in used)
    scripts = set(re.findall(r"\.ci/\w+", " ".join(step.get("run", "") for step in steps)))
    assert scripts >= {".ci/gate", ".ci/run"}
    for script in scripts:
        subprocess.run(["bash", "-n", str(ROOT / script)], check=True)
    assert workflow["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())


def test_main_is_gated_as_changes_are():
    workflow = yaml.safe_load(WORKFLOW.read_text("utf-8"))
    assert workflow[True]["push"]["branches"] == ["main"]  # `on` is a truth value to YAML 1.1
    gate = workflow["jobs"]["gate"]
    assert "if" not in gate
    base = [step["with"]["ref"] for step in gate["steps"] if step.get("with", {}).get("path") == "base"]
    assert all("pull_request.base.sha" in ref and "event.before" in ref for ref in base)
    assert len(base) == 1
