"""Environments: made offline from a folder of wheels, found by the digest of what they hold, gone when removed."""

from __future__ import annotations

import base64
import hashlib
import sys
import zipfile
from pathlib import Path

import pytest
import standin
from click.testing import CliRunner

from prbench.cli import app
from prbench.contestants import environments
from prbench.contestants.environments import build_environment, find_environment, list_environments, program_call
from prbench.contestants.folders import declaration_of
from prbench.errors import MissingDependency, PrbenchError, UsageError


def write_wheel(folder: Path) -> str:
    """A wheel of one module, ``tinyprogram`` 1.0; the SHA-256 of the file."""
    folder.mkdir(exist_ok=True)
    files = {
        "tinyprogram.py": "answer = 42\n",
        "tinyprogram-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tinyprogram\nVersion: 1.0\n",
        "tinyprogram-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = []
    path = folder / "tinyprogram-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            rows.append(f"{name},sha256={digest},{len(text)}")
        wheel.writestr("tinyprogram-1.0.dist-info/RECORD", "\n".join([*rows, "tinyprogram-1.0.dist-info/RECORD,,"]) + "\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def contestant(tmp_path, monkeypatch):
    """The path of a contestant with requirements, and a folder of its own for environments."""
    monkeypatch.setenv("PRBENCH_ENVS", str(tmp_path / "envs"))
    path = Path(standin.write(tmp_path))
    digest = write_wheel(tmp_path / "wheels")
    (path.parent / "requirements.lock").write_text(f"tinyprogram==1.0 \\\n    --hash=sha256:{digest}\n")
    path.write_text(path.read_text().replace("adapter =", 'requirements = "requirements.lock"\nadapter ='))
    return path


def test_it_is_built_offline_found_listed_and_removed(contestant, tmp_path):
    """The whole way once; making the environment takes Python itself a few seconds."""
    with pytest.raises(MissingDependency, match="prbench env build standin-works"):
        program_call(declaration_of(str(contestant)))
    made = CliRunner().invoke(app, ["env", "build", str(contestant), "--wheels", str(tmp_path / "wheels")])
    assert made.exit_code == 0, made.output
    declared = declaration_of(str(contestant))
    found = find_environment(declared)
    assert found is not None
    assert [one.digest for one in list_environments()] == [found.digest]
    assert program_call(declared)[0] == str(found.interpreter)
    assert list(found.path.rglob("tinyprogram.py"))
    assert build_environment(declared, wheels=tmp_path / "wheels") == found
    (contestant.parent / "requirements.lock").write_text("tinyprogram==2.0\n")
    assert find_environment(declaration_of(str(contestant))) is None
    assert "standin-works" in CliRunner().invoke(app, ["env", "list"]).output
    removed = CliRunner().invoke(app, ["env", "remove", "standin-works"])
    assert (removed.exit_code, found.path.exists(), list_environments()) == (0, False, [])
    again = CliRunner().invoke(app, ["env", "remove", "standin-works"])
    assert (again.exit_code, len(again.stderr.splitlines())) == (2, 1)


def test_half_an_environment_is_none(contestant, monkeypatch):
    def fails(name, call):
        (environments.environments_folder() / "left").mkdir(parents=True, exist_ok=True)
        raise PrbenchError(f"{name}: offline")

    monkeypatch.setattr(environments, "_output", fails)
    with pytest.raises(PrbenchError, match="offline"):
        build_environment(declaration_of(str(contestant)))
    assert list_environments() == []
    assert find_environment(declaration_of(str(contestant))) is None


def test_a_source_is_asked_for_where_one_is_needed_and_nowhere_else(contestant, tmp_path):
    with pytest.raises(UsageError, match=r"standin-works: .*--source"):
        build_environment(declaration_of(str(contestant)), source=tmp_path)
    contestant.write_text('source = "https://example.org/program"\n' + contestant.read_text())
    with pytest.raises(UsageError, match=r"example\.org.*--source"):
        build_environment(declaration_of(str(contestant)))
    with pytest.raises(UsageError, match=rf"standin-works: .*{tmp_path / 'nothing'}"):
        build_environment(declaration_of(str(contestant)), source=tmp_path / "nothing")


def test_a_python_that_is_not_admitted_is_told(contestant, monkeypatch):
    contestant.write_text('python = ">=3.99"\n' + contestant.read_text())
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match=r">=3\.99"):
        build_environment(declaration_of(str(contestant)))


def test_a_contestant_without_requirements_runs_in_this_python(tmp_path):
    assert program_call(declaration_of(standin.write(tmp_path)))[0] == sys.executable
