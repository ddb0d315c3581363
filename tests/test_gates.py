"""The gate's inputs are there and fit the code: stored baselines, and the workflow that calls them."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from prbench.gate.baseline import Baseline

ROOT = Path(__file__).parents[1]
BASELINES = sorted((ROOT / "results" / "baselines").glob("*.json"))
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"


def test_there_are_baselines():
    assert BASELINES


@pytest.mark.parametrize("path", BASELINES, ids=lambda path: path.stem)
def test_a_stored_baseline_is_of_the_cells_that_its_matrix_names(path):
    baseline = Baseline.read(path)
    asked = {(c.solver_spelled, c.dataset_spelled, c.sample, c.seed) for c in baseline.matrix.cells()}
    assert {(c["solver"], c["dataset"], c["sample"], c["seed"]) for c in baseline.cells} == asked
    assert {c["status"] for c in baseline.cells} == {"ok"}
    assert all(len(c["latency_fft"]) == baseline.rounds for c in baseline.cells)
    groups = [(c["solver"], c["dataset"]) for c in baseline.cells]
    assert min(groups.count(group) for group in groups) >= 8, "the sign test tells nothing of fewer"


@pytest.mark.parametrize("path", BASELINES, ids=lambda path: path.stem)
def test_a_stored_baseline_has_its_matrix_beside_it(path):
    from prbench.running.request.spec import Matrix

    assert Matrix.read(path.with_suffix(".yaml")).cells() == Baseline.read(path).matrix.cells()


def test_the_workflow_runs_what_is_here_with_actions_pinned_by_commit():
    workflow = yaml.safe_load(WORKFLOW.read_text("utf-8"))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name) for name in used)
    scripts = re.findall(r"\.ci/\w+", " ".join(step.get("run", "") for step in steps))
    assert sorted(scripts) == [".ci/gate", ".ci/run"]
    for script in scripts:
        subprocess.run(["bash", "-n", str(ROOT / script)], check=True)
    assert workflow["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())
