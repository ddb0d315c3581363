import pytest
from click.testing import CliRunner

from prbench.catalogue.data import needs
from prbench.cli import app


def invoke(*args):
    return CliRunner().invoke(app, list(args), env={"COLUMNS": "100"})


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("PRBENCH_DATA", str(tmp_path))
    return tmp_path


def test_list_names_every_file(empty):
    result = invoke("data", "list")
    assert result.exit_code == 0
    for need in needs():
        assert need.dataset in result.output
    assert "present" not in result.output


def test_offline_downloads_nothing(empty):
    for dataset in {need.dataset for need in needs()}:
        result = invoke("data", "get", dataset, "--offline")
        assert result.exit_code == 2
        assert len(result.stderr.strip().splitlines()) == 1
    assert list(empty.iterdir()) == []


def test_verify_tells_missing_and_damaged(empty):
    assert invoke("data", "verify").exit_code == 0
    need = next(n for n in needs() if n.file.sha256)
    assert invoke("data", "verify", need.dataset).exit_code == 1
    need.file.path.parent.mkdir(parents=True, exist_ok=True)
    need.file.path.write_bytes(b"not what it should be")
    result = invoke("data", "verify")
    assert result.exit_code == 1
    assert "damaged" in result.output
