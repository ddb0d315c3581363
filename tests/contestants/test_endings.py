"""Every way in which another program can fail is a record with its reason, and the matrix goes on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import standin

from prbench.running.engine import run_matrix
from prbench.running.request.spec import Matrix
from prbench.running.store.folder import Store

ENDINGS = {
    "works": ("ok", ""),
    "prints": ("ok", ""),
    "whole": ("ok", ""),
    "spins": ("ok", ""),
    "raises": ("error", "because"),
    "dies": ("crashed", "farewell"),
    "exits": ("crashed", "code 7"),
    "leaves": ("crashed", "3"),
    "full": ("out_of_memory", "exhausted"),
    "takes": ("out_of_memory", "allocate"),
    "refuses": ("skipped", "unsupported"),
    "diverges": ("diverged", "overflow"),
    "hangs": ("killed", "solve"),
    "wrong": ("error", "object"),
    "texts": ("error", "numbers"),
    "empty": ("error", "nothing"),
    "nan": ("diverged", "finite"),
    "absent": ("skipped", "prbench env build"),
}

TWICE = ("whole", "dies")
"""Kinds that are run with two seeds: the second meets a program that is there already, or one that has died."""
DOTS = (Path(__file__).parents[1] / "running" / "misbehaving.py").as_posix()


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """One run of all kinds; the store, and the records by kind."""
    folder = tmp_path_factory.mktemp("contestants")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PRBENCH_ENVS", str(folder / "envs"))
        paths = {kind: standin.write(folder, kind) for kind in ENDINGS}
        home = Path(paths["absent"]).parent
        (home / "requirements.lock").write_text("nothing==1.0\n")
        text = (home / "contestant.toml").read_text()
        (home / "contestant.toml").write_text(text.replace("adapter =", 'requirements = "requirements.lock"\nadapter ='))
        cells = []
        for kind, path in paths.items():
            seeds = 2 if kind in TWICE else 1
            cells += Matrix.of("t", solvers=path, datasets=f"{DOTS}:Dots", seeds=seeds, backend="numpy").cells()
        store = Store(folder / "out")
        alone = [cell for cell in cells if cell.solver == paths["whole"]]
        run_matrix(alone, store, jobs=1, threads=1, memory_bytes=1 << 30)
        endless = [cell for cell in cells if cell.solver == paths["hangs"]]
        run_matrix(endless, store, jobs=1, threads=1, memory_bytes=1 << 30, hard_limit_s=2)  # it is never killed too early
        run_matrix(cells, store, jobs=2, threads=1, memory_bytes=1 << 30)
        kinds = {path: kind for kind, path in paths.items()}
        found: dict[str, list] = {}
        for record in store.records():
            found.setdefault(kinds[record.cell.solver], []).append(record)
        yield store, {kind: sorted(records, key=lambda r: r.cell.seed) for kind, records in found.items()}


@pytest.mark.parametrize("kind", ENDINGS)
def test_it_is_recorded_with_its_reason(ended, kind):
    status, reason = ENDINGS[kind]
    records = ended[1][kind]
    assert len(records) == 1 + (kind in TWICE)
    for record in records:
        assert record.status == status, record.error
        assert reason in str((record.error or {}).get("message", ""))


def test_counts_that_nobody_made_are_unknown_and_not_zero(ended):
    store, records = ended
    for record in records["works"]:
        assert (record.cost["ffts"], record.cost["operators"], record.cost["iterations"]) == (None, None, 20)
    frame = store.frame()
    assert np.isnan(frame.loc[frame["status"] == "ok", "ffts"].astype(float)).all()


def test_the_record_holds_what_ran(ended):
    store, records = ended
    path = store.path / "environments" / f"{records['works'][0].environment}.json"
    told = json.loads(path.read_text(encoding="utf-8"))["contestant"]
    assert (told["name"], told["version"]) == ("standin-works", "1.2.3")
    assert told["packages"]["numpy"]
    assert told["python"].startswith("3.")


def test_a_child_serves_many_cells_and_gives_the_seed_its_due(ended):
    store, records = ended
    first, second = records["whole"]
    assert store.arrays(first.key)["aux.process"] == store.arrays(second.key)["aux.process"]
    assert first.metrics["r_factor"] != second.metrics["r_factor"]
    assert "process" not in first.notes


def test_what_is_beside_the_answer_is_kept(ended):
    store, records = ended
    arrays = store.arrays(records["whole"][0].key)
    assert arrays["aux.extra"].tolist() == [0, 1, 2]
    assert float(arrays["aux.number"]) == 2.5
    assert arrays["object"].shape == (8, 8)


def test_nothing_is_left_behind(ended):
    for folder in (Path("/dev/shm"), Path("/tmp")):
        assert list(folder.glob("prbench-contestant-*")) == []
