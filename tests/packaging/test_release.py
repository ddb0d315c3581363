"""What a release needs: versions that agree, supported Pythons in CI, hints that work outside a checkout."""

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest
import yaml

import prbench
from prbench import hints

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module", name="release")
def _release():
    spec = importlib.util.spec_from_file_location("release_version", ROOT / ".ci" / "release_version.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_versions_agree(release):
    assert prbench.__version__ == PROJECT["version"]
    assert release.problems(f"v{PROJECT['version']}") == []


def test_a_tag_of_another_version_is_refused(release):
    assert any("v9.9.9" in line for line in release.problems("v9.9.9"))


def test_every_supported_python_and_system_is_tested():
    supported = {text.rpartition(" ")[2] for text in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", text)}
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))["jobs"]
    matrix = jobs["systems"]["strategy"]["matrix"]
    assert {*matrix["python"], "3.11"} == supported
    assert any(entry["system"].startswith("macos") for entry in matrix["include"])
    assert "lowest-direct" in str(jobs["lowest"])


def test_nothing_but_the_job_that_publishes_may_write():
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        flow = yaml.safe_load(path.read_text("utf-8"))
        assert flow["permissions"] == {"contents": "read"}, path.name
        for name, job in flow["jobs"].items():
            if "permissions" in job:
                assert job.get("environment"), f"{path.name}: {name}"


def test_hints_name_the_checkout_or_the_package(monkeypatch, tmp_path):
    assert str(ROOT / "constraints.txt") in hints.install_hint("dask")
    monkeypatch.setattr(hints, "_ROOT", tmp_path)
    assert hints.install_hint("dask") == "pip install 'prbench[dask]'"


def test_no_other_module_says_how_to_install_an_extra():
    for folder in ("prbench", "algorithms", "datasets"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text("utf-8")
            assert path.name == "hints.py" or not re.search(r"pip install (-c constraints|'prbench\[)", text), path
