"""cdiutils (from PyPI, in an environment of its own) reads, ranks and draws what prbench writes."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from prbench.cli import app
from prbench.core import build_plugin

PYTHON = os.environ.get("PRBENCH_CDIUTILS_PYTHON") or (sys.executable if find_spec("cdiutils") else "")
pytestmark = pytest.mark.skipif(
    not PYTHON, reason="cdiutils is not installed; PRBENCH_CDIUTILS_PYTHON names a Python that has it (pip install cdiutils)"
)
SCRIPT = Path(__file__).with_name("read_with_cdiutils.py")


@pytest.mark.parametrize("dataset", ["crystal2d[size=48,photons=1000]", "crystal3d[size=24,photons=1000]"])
def test_results_are_read_ranked_and_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dataset: str) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("p.npy", build_plugin("dataset", dataset).problem(0).measurement.intensity)
    args = ["-s", "er[iterations=30]", "-d", "file[path=p.npy]", "--seeds", "3", "--backend", "numpy", "-j", "1", "-o", "out"]
    result = CliRunner().invoke(app, ["run", *args])
    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in Path("out/cxi").glob("*.cxi"))
    assert len(names) == 3
    done = subprocess.run([PYTHON, str(SCRIPT), "out/cxi"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert sorted(found["ranked"]) == names
    assert found["best"] == found["ranked"][:2]
    assert found["figures"] == 4  # the metrics, and a figure per result
    assert len(list(Path("out/cxi").glob("cdiutils-*.png"))) == 4
    for metric in ("llk", "llkf", "mean_to_max", "std", "sharpness"):
        assert all(math.isfinite(value) for value in found["metrics"][metric].values()), metric
