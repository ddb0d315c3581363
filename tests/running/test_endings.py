"""Every way a cell can end is a record with its reason, and the matrix goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import prbench
from prbench.errors import UsageError
from prbench.running.engine import RunEvent, run_matrix
from prbench.running.executing import execute
from prbench.running.request.spec import Matrix
from prbench.running.store.folder import Store

FILE = Path(__file__).with_name("misbehaving.py").as_posix()
ENDINGS = {
    "Guess": ("ok", ""),
    "Walk": ("ok", ""),
    "Chatty": ("ok", ""),
    "Walk[iterations=1000,pause_s=0.05]": ("time_limit", ""),
    "Walk[nan_at=7]": ("diverged", "Diverged"),
    "NotANumber": ("diverged", "Diverged"),
    "Walk[hang_at=5]": ("killed", "HardLimit"),
    "Exit": ("crashed", "Exit"),
    "Exit[politely=true]": ("crashed", "SystemExit"),
    "Segfault": ("crashed", "SIGSEGV"),
    "Raise": ("error", "ValueError"),
    "WrongShape": ("error", "PrbenchError"),
    "PythonObject": ("error", "PrbenchError"),
    "Greedy": ("out_of_memory", "MemoryError"),
    "Greedy[shared=true]": ("out_of_memory", "MemoryLimit"),
}


def matrix(*solvers: str, **options) -> Matrix:
    return Matrix.of(
        "test", solvers=[f"{FILE}:{s}" for s in solvers], **{"datasets": f"{FILE}:Dots", "backend": "numpy", **options}
    )


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """One run of everything; the records by solver, and the events."""
    store, events = Store(tmp_path_factory.mktemp("endings")), []
    cells = matrix(*ENDINGS, time_limit_s=1).cells()
    run_matrix(
        cells,
        store,
        jobs=2,
        threads=1,
        hard_limit_s=12,  # what fills memory through shared mappings takes seconds for it on a busy machine
        memory_bytes=1 << 28,
        on_event=lambda e: events.append((e.kind, e.status, e.state.done, e.state.remaining_s)),
    )
    return {cell.solver_spelled.rpartition(":")[2]: store.read(cell.key) for cell in cells}, events, store


@pytest.mark.parametrize("solver", ENDINGS)
def test_how_it_ends(ended, solver):
    record = ended[0][solver]
    status, kind = ENDINGS[solver]
    assert (record.status, (record.error or {}).get("type", "")) == (status, kind)
    assert record.threads == 1
    assert record.code_id
    assert record.environment
    assert record.problem["id"] == "dots-0-0"
    assert record.started < record.ended


def test_reasons_can_be_read(ended):
    records = ended[0]
    assert "misbehaving.py" in records["Walk[hang_at=5]"].error["traceback"]
    assert list(records["Walk[hang_at=5]"].curve["iteration"]) == [0, 1, 2, 3, 4]
    assert "string_at" in records["Segfault"].error["traceback"]
    assert records["Exit"].error["output"] == "about to leave"
    assert "valueless" in records["Raise"].error["traceback"]
    assert records["Walk[nan_at=7]"].curve["iteration"][-1] == 7
    assert records["Raise"].error["stage"] == "solving"


def test_what_ended_well_has_a_cost(ended):
    records = ended[0]
    walk = records["Walk"]
    assert walk.cost["repeats"] == 3
    assert walk.cost["iterations"] == 20
    assert walk.cost["latency_fft"] > 0
    assert walk.cost["peak_memory_host"] >= 0
    assert list(walk.curve["iteration"]) == list(range(21))
    assert records["Walk[iterations=1000,pause_s=0.05]"].cost["latency_s"] < 2


def test_arrays_are_kept_where_there_is_a_reconstruction(ended):
    records, _, store = ended
    for record in records.values():
        assert bool(store.arrays(record.key)) == (record.status in ("ok", "time_limit"))
    assert store.arrays(records["Walk"].key)["aux.steps"] == 20


def test_events_tell_the_run(ended):
    events = ended[1]
    assert events[0][0] == "begin"
    assert events[-1][0] == "end"
    ends = [event for event in events if event[0] == "ended"]
    assert [done for _, _, done, _ in ends] == list(range(1, len(ENDINGS) + 1))
    assert sorted(status for _, status, _, _ in ends) == sorted(status for status, _ in ENDINGS.values())
    assert ends[-1][3] == 0


def test_no_worker_is_left(ended):
    import psutil

    assert not [p for p in psutil.Process().children() if "prbench.running.local.worker" in " ".join(p.cmdline())]


def test_the_same_in_this_process(tmp_path, ended):
    store = Store(tmp_path)
    for solver in ("Guess", "Walk", "Raise", "NotANumber", "Walk[nan_at=7]"):
        (cell,) = matrix(solver, time_limit_s=1).cells()
        here, there = execute(cell, store), ended[0][solver]
        assert (here.status, here.key, here.problem) == (there.status, there.key, there.problem)
        ours, theirs = store.arrays(cell.key), ended[2].arrays(cell.key)
        assert {name: a.tobytes() for name, a in ours.items()} == {name: a.tobytes() for name, a in theirs.items()}


def test_problems_are_the_same_for_all_solvers_and_all_seeds(tmp_path):
    results = prbench.run(
        [f"{FILE}:Guess", f"{FILE}:Walk"], f"{FILE}:Dots", samples=2, seeds=2, out=tmp_path, backend="numpy", jobs=1
    )
    frame = results.frame
    assert len(frame) == 8
    assert set(frame["status"]) == {"ok"}
    assert (frame.groupby("sample")["problem_id"].nunique() == 1).all()
    assert frame["problem_id"].nunique() == 2
    problem = results.problem(frame["key"][0])
    assert problem.id == frame["problem_id"][0]


def test_measured_data_that_are_not_here_are_skipped_and_tried_again(tmp_path, monkeypatch):
    from prbench.core import Dataset
    from prbench.errors import DataNotFound

    cells = matrix("Guess").cells()

    def absent(self, index, *, seed=0, split="test"):
        raise DataNotFound("not here")

    with monkeypatch.context() as patched:
        patched.setattr(Dataset, "problem", absent)
        assert execute(cells[0], Store(tmp_path)).status == "skipped"
    state = run_matrix(cells, Store(tmp_path), jobs=1)
    assert (state.cached, state.statuses) == (0, {"ok": 1})


def test_a_bad_file_is_told_before_anything_is_written(tmp_path):
    np.save(tmp_path / "bad.npy", -np.ones((8, 8)))
    with pytest.raises(UsageError, match="negative"):
        prbench.run(f"{FILE}:Guess", f"{FILE}:FileOfDots[path={tmp_path}/bad.npy]", out=tmp_path / "out", backend="numpy")
    assert not (tmp_path / "out").exists()


def test_a_script_without_a_main_guard_runs(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import prbench\n"
        f"r = prbench.run('{FILE}:Guess', '{FILE}:Dots', out='{tmp_path}/out', backend='numpy', jobs=2)\n"
        "print(list(r.frame['status']))\n"
    )
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "['ok']"


def test_a_display_that_fails_takes_its_workers_along(tmp_path):
    import psutil

    def fail(event: RunEvent) -> None:
        if event.kind == "started":
            raise RuntimeError("display")

    with pytest.raises(RuntimeError, match="display"):
        run_matrix(matrix("Hang").cells(), Store(tmp_path), jobs=1, on_event=fail)
    assert not [p for p in psutil.Process().children() if p.pid != os.getpid() and "prbench" in " ".join(p.cmdline())]
