"""Sealed runs: problems that their solvers cannot make, that anyone can make once the salt is published."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from prbench.cli import app
from prbench.errors import UsageError
from prbench.running.request.spec import Matrix
from prbench.running.salts import digest_of, published_salts, salt_for
from prbench.running.store.folder import Store
from prbench.running.store.record import Record

HERE = Path(__file__).parent
SOLVER = f"{(HERE / 'cheating.py').as_posix()}:Maker"
BASE = ["run", "-s", SOLVER, "--backend", "numpy", "-j", "1", "--threads", "1"]


def invoke(*args: str, code: int = 0):
    result = CliRunner().invoke(app, [*map(str, args)])
    assert result.exit_code == code, (result.output, result.stderr)
    return result


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """One solver that makes the test problems itself: in an open run, in a sealed one, and in one that shares its salt."""
    home = tmp_path_factory.mktemp("salts")
    data = ["-d", "crystal2d[size=32]"]
    invoke(*BASE, *data, "-o", home / "open")
    invoke(*BASE, *data, "-o", home / "sealed", "--sealed", "--samples", "2", code=1)
    invoke(*BASE, *data, "-o", home / "shared", "--sealed", "--salt", home / "sealed", code=1)
    return home


def records(folder: Path) -> list[Record]:
    return sorted(Store(folder).records(), key=lambda one: one.cell.sample)


def test_who_makes_the_problems_gains_in_an_open_run_only(folders):
    """Recognised, the truth is returned; the record of the open run says that anyone could."""
    (known,) = records(folders / "open")
    assert (known.status, known.sealed) == ("ok", "not sealed")
    assert known.metrics["sa_nmse"] < 1e-6
    for record in records(folders / "sealed"):
        assert (record.status, record.sealed) == ("error", "sealed")
        assert "unrecognised" in record.error["message"]


def test_the_record_holds_the_digest_of_the_salt_alone(folders):
    first, second = records(folders / "sealed")
    assert first.cell.salt == second.cell.salt != ""
    (salt,) = (path.read_text() for path in (folders / "sealed" / ".salts").iterdir())
    assert digest_of(salt) == first.cell.salt
    assert stat.S_IMODE((folders / "sealed" / ".salts" / first.cell.salt).stat().st_mode) == 0o600
    for path in (folders / "sealed").rglob("*"):
        if path.is_file() and path.parent.name != ".salts":
            assert salt.encode() not in path.read_bytes()
    assert first.problem["id"].split("-")[-2] == first.cell.salt[:8]
    assert first.cell.key != second.cell.key


def test_folders_that_share_a_salt_share_their_problems(folders):
    ours, theirs = records(folders / "sealed")[0], records(folders / "shared")[0]
    assert ours.key == theirs.key
    a, b = ours.cell.problem(), theirs.cell.problem()
    assert np.array_equal(a.measurement.intensity, b.measurement.intensity)
    assert not np.array_equal(a.measurement.intensity, ours.cell.public_problem().measurement.intensity)


def test_what_is_unsealed_can_be_repeated_by_anyone(folders, tmp_path):
    """And is not sealed in the repetition."""
    told = invoke("unseal", folders / "shared").output
    (salt,) = published_salts(folders / "shared").values()
    assert salt in told
    assert not list((folders / "shared" / ".salts").iterdir())
    (sealed,) = records(folders / "shared")
    assert sealed.sealed == "sealed"
    invoke(
        "run",
        "-s",
        "er[iterations=5]",
        "-d",
        "crystal2d[size=32]",
        "--backend",
        "numpy",
        "-j",
        "1",
        "--salt",
        salt,
        "-o",
        tmp_path,
    )
    (again,) = records(tmp_path)
    assert (again.problem, again.sealed) == (sealed.problem, "not sealed")
    frame = Store(tmp_path).frame()
    assert list(frame["sealed"]) == ["not sealed"]
    refused = invoke(*BASE, "-d", "crystal2d[size=32]", "-o", folders / "shared", "--sealed", code=2)
    assert f"--salt {folders / 'shared'}" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_data_that_no_draw_changes_say_so(tmp_path):
    """Of a measured pattern nobody knows the truth, and no draw changes the pattern."""
    np.save(tmp_path / "seen.npy", np.abs(np.fft.fft2(np.ones((6, 6)), (16, 16))) ** 2)
    data = f"{(HERE / 'misbehaving.py').as_posix()}:FileOfDots[path={tmp_path / 'seen.npy'}]"
    invoke("run", "-s", "er[iterations=5]", "-d", data, "--backend", "numpy", "-j", "1", "--sealed", "-o", tmp_path / "out")
    assert [one.sealed for one in records(tmp_path / "out")] == ["public data"]


def test_a_problem_whose_salt_is_secret_elsewhere_is_refused_in_one_line():
    (cell,) = Matrix.of("t", solvers="er", datasets="crystal2d[size=32]", backend="numpy").expand(digest_of("elsewhere"))
    with pytest.raises(UsageError, match="prbench unseal") as caught:
        cell.problem()
    assert "\n" not in str(caught.value)


def test_older_records_are_not_sealed_and_keep_their_keys(folders):
    (known,) = records(folders / "open")
    data = json.loads(known.to_json())
    assert "salt" not in data["spec"]
    older = {name: value for name, value in data.items() if name not in ("sealed", "digest")} | {"schema": 1}
    read = Record.from_json(json.dumps(older))
    assert (read.key, read.sealed, read.cell.salt) == (known.key, "not sealed", "")


def test_a_dry_run_writes_no_salt(tmp_path):
    invoke(*BASE, "-d", "crystal2d[size=32]", "-o", tmp_path / "new", "--sealed", "--dry-run")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("salt", ["", "x" * 201])
def test_bad_salts_are_refused(tmp_path, salt):
    with pytest.raises(UsageError, match="1 to 200"):
        salt_for(tmp_path, salt, sealed=True)
    with pytest.raises(UsageError, match=rf"{tmp_path}\b.*salt"):
        salt_for(tmp_path, str(tmp_path), sealed=True)


def test_without_a_salt_there_is_nothing_to_publish(tmp_path):
    message = invoke("unseal", tmp_path, code=2).stderr
    assert str(tmp_path) in message
    assert "prbench run --sealed" in message
