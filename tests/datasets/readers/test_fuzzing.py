"""Damaged files by the hundred, and those that once got through: read, or refused in one line, by a run that survives them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from prbench.cli import app
from prbench.datasets.readers.pattern import read_pattern
from prbench.errors import BadInput

FUZZING = Path(__file__).with_name("fuzzing.py")
FOUND = sorted(Path(__file__).with_name("found").iterdir())
CASES = 300
"""A format; the seed is fixed, so that a failure is the change's. More: ``python fuzzing.py .tif SEED 0 100000 /tmp``."""


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".tif", ".edf", ".h5"])
def test_damaged_files_are_read_or_refused(tmp_path, suffix):
    """HDF5 alone may take its process along, which is why a run reads users' files in one of their own first."""
    first, deaths = 0, 0
    while first < CASES:
        call = [sys.executable, str(FUZZING), suffix, "1", str(first), str(CASES), str(tmp_path)]
        done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=120)
        assert "escaped" not in done.stdout, done.stdout[done.stdout.index("escaped") :]
        if done.returncode == 0:
            break
        assert done.returncode < 0, done.stderr
        assert suffix == ".h5", done.stderr
        first, deaths = int(done.stdout.split()[-1]) + 1, deaths + 1
    assert deaths < CASES / 20


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_a_run_survives_what_was_found(tmp_path, monkeypatch, path):
    """Also files by which the HDF5 library dies: exit code 2, one line that names the file, and nothing written."""
    monkeypatch.chdir(tmp_path)
    args = ["run", "-s", "er", "-d", f"file[path={path}]", "--backend", "numpy", "-o", "out", "-j", "1"]
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 2, result.output
    assert len(result.stderr.strip().splitlines()) == 1
    assert path.name in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", [path for path in FOUND if path.suffix == ".tif"], ids=lambda path: path.name)
def test_what_would_be_filled_with_zeros_or_never_end_is_refused(path):
    with pytest.raises(BadInput, match=r"most of it is missing|the file is damaged"):
        read_pattern(path)
