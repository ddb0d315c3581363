"""Several runs in one folder: each cell is computed once, what a dead run held is taken over, shards help each other."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from prbench.running.claims import Claims
from prbench.running.engine import run_matrix
from prbench.running.remote.shard import Shard
from prbench.running.request.spec import Matrix
from prbench.running.sharing import SharedCells
from prbench.running.store.folder import Store

FILE = Path(__file__).with_name("misbehaving.py").as_posix()
KEY, OTHER = "0" * 32, "1" * 32
CODE = """
import sys
from prbench.running.engine import run_matrix
from prbench.running.remote.shard import Shard
from prbench.running.request.spec import Matrix
from prbench.running.store.folder import Store
folder, file, samples, pause, number, count = sys.argv[1:]
names = {"solvers": f"{file}:Walk[pause_s={pause}]", "datasets": f"{file}:Dots"}
cells = Matrix.of("t", **names, samples=int(samples), backend="numpy").cells()
shard = Shard(cells, int(number), int(count)) if count != "0" else None
state = run_matrix(shard.part(shard.number) if shard else cells, Store(folder), jobs=1, threads=1, shard=shard,
                   on_event=lambda e: e.kind == "ended" and print(e.cell.key, e.status, flush=True))
print("helped", state.helped, flush=True)
"""


def start(folder: Path, samples: int, pause: float, number: int = 0, count: int = 0) -> subprocess.Popen[str]:
    words = [str(folder), FILE, str(samples), str(pause), str(number), str(count)]
    return subprocess.Popen([sys.executable, "-c", CODE, *words], stdout=subprocess.PIPE, text=True)


def computed(text: str) -> list[str]:
    """The keys that a run computed itself."""
    words = [line.split() for line in text.splitlines() if not line.startswith("helped")]
    return [key for key, status in words if status != "cached"]


def links_refused(source, target):
    raise OSError(errno.EPERM, "no links here")


@pytest.fixture(params=["links", "no links"])
def file_system(request, monkeypatch):
    """A file system with and without hard links."""
    if request.param == "no links":
        monkeypatch.setattr(os, "link", links_refused)
    return request.param


def test_a_cell_has_one_claim_and_gets_free_again(tmp_path, file_system):
    with Claims(tmp_path) as first, Claims(tmp_path) as second:
        assert first.take(KEY)
        assert not second.take(KEY)
        assert second.take(OTHER)
        second.release(KEY)  # not its own
        assert not second.take(KEY)
        first.release(KEY)
        assert second.take(KEY)
        assert not first.take(KEY)
        assert len(list(first.others())) == 1
    assert not (tmp_path / "claims").exists()


def test_what_a_run_held_is_free_when_it_has_ended(tmp_path, file_system):
    with Claims(tmp_path) as first:
        assert first.take(KEY)
    with Claims(tmp_path) as second:
        assert second.take(KEY)


def test_a_heartbeat_keeps_claims_and_missed_ones_lose_them(tmp_path, file_system):
    with Claims(tmp_path, {"machine": "elsewhere"}, beat_s=0.05, stale_s=1.0) as first, Claims(tmp_path, stale_s=1.0) as second:
        assert first.take(KEY)
        time.sleep(1.5)
        assert not second.take(KEY)
        first._ended.set()  # stopped, as by SIGSTOP or a lost network
        first._thread.join()
        time.sleep(1.5)
        assert list(second.others()) == []
        assert second.take(KEY)
        first.release(KEY)
        assert not first.take(KEY)


def test_clocks_of_machines_may_differ(tmp_path, monkeypatch):
    with Claims(tmp_path, {"machine": "elsewhere"}) as first, Claims(tmp_path) as second:
        assert first.take(KEY)
        monkeypatch.setattr(time, "time", lambda: 4e9)
        assert not second.take(KEY)


def test_a_claim_of_a_process_that_has_gone_is_taken_at_once(tmp_path):
    code = f"import os, sys; from prbench.running.claims import Claims; from pathlib import Path\n\
c = Claims(Path(sys.argv[1])); c.__enter__(); assert c.take('{KEY}'); os._exit(9)"
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 9
    assert (tmp_path / "claims" / KEY).exists()
    with Claims(tmp_path) as second:
        assert second.take(KEY)


def test_an_answer_lost_by_the_file_server_is_no_foreign_claim(tmp_path, monkeypatch):
    link = os.link

    def answer_lost(source, target):
        link(source, target)
        raise FileExistsError

    with Claims(tmp_path) as first, Claims(tmp_path) as second:
        monkeypatch.setattr(os, "link", answer_lost)
        assert first.take(KEY)
        assert not second.take(KEY)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"machine": 3, "process": "x", "began": null}'])
def test_a_claim_that_cannot_be_read_is_respected_until_it_is_stale(tmp_path, content):
    with Claims(tmp_path, stale_s=100) as claims:
        path = tmp_path / "claims" / KEY
        path.write_bytes(content)
        assert not claims.take(KEY)
        os.utime(path, (1, 1))
        assert claims.take(KEY)


def test_of_many_that_find_an_abandoned_claim_one_has_it(tmp_path, monkeypatch):
    """Renames and links take a while, as over a network."""
    link, rename = os.link, os.rename

    def slow(call):
        def wait_and_call(*args):
            time.sleep(0.01)
            return call(*args)

        return wait_and_call

    monkeypatch.setattr(os, "link", slow(link))
    monkeypatch.setattr(os, "rename", slow(rename))
    for _ in range(10):
        (tmp_path / "claims").mkdir(exist_ok=True)
        (tmp_path / "claims" / KEY).write_text(json.dumps({"run": "gone"}))
        os.utime(tmp_path / "claims" / KEY, (1, 1))
        runs = [Claims(tmp_path).__enter__() for _ in range(6)]
        threads = [threading.Thread(target=run.take, args=(KEY,)) for run in runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        holders = [run for run in runs if run._is_mine(tmp_path / "claims" / KEY)]
        assert len(holders) == 1
        for run in runs:
            run.__exit__()


@pytest.mark.parametrize("outcomes", [frozenset(), None])
def test_a_record_that_comes_before_the_first_claim_is_not_made_again(tmp_path, outcomes):
    cells = Matrix.of("t", solvers="er[iterations=1]", datasets="crystal2d[size=16]", samples=2, backend="numpy").cells()
    elsewhere, store, ended = Store(tmp_path / "elsewhere"), Store(tmp_path / "here"), []
    run_matrix(cells[:1], elsewhere, jobs=1)

    def another_run_ends_the_first():
        shutil.copytree(elsewhere.path / "runs", store.path / "runs", dirs_exist_ok=True)

    with Claims(store.path, None) as claims:
        shared = SharedCells(store, claims, ended.append, another_run_ends_the_first)
        assert list(shared.first(cells, outcomes)) == cells[1:]
        assert ended == cells[:1]
        assert not shared.waiting


def test_two_runs_in_one_folder_compute_each_cell_once(tmp_path):
    fronts = [start(tmp_path, 40, 0.005) for _ in range(2)]
    told = [front.communicate(timeout=120)[0] for front in fronts]
    assert [front.returncode for front in fronts] == [0, 0]
    counts = Counter(key for text in told for key in computed(text))
    assert len(counts) == 40
    assert sum(counts.values()) - 40 <= 1
    assert not (tmp_path / "claims").exists()
    assert len(Store(tmp_path).keys()) == 40


def test_a_killed_runs_cells_are_taken_over(tmp_path):
    front = start(tmp_path, 12, 0.02)
    front.stdout.readline()
    front.kill()
    front.communicate()
    cells = Matrix.of("t", solvers=f"{FILE}:Walk[pause_s=0.02]", datasets=f"{FILE}:Dots", samples=12, backend="numpy").cells()
    state = run_matrix(cells, Store(tmp_path), jobs=1, threads=1)
    assert state.cached + state.done == 12
    assert state.statuses == {"ok": state.done}
    assert not list((tmp_path / "claims").glob("[0-9a-f]*")) if (tmp_path / "claims").exists() else True


def test_a_shard_that_is_done_helps_one_under_way_and_leaves_one_that_is_not(tmp_path):
    """The second of three never runs: its cells stay. The first ends first, for most of its cells are there already."""
    cells = Matrix.of("t", solvers=f"{FILE}:Walk[pause_s=0.02]", datasets=f"{FILE}:Dots", samples=30, backend="numpy").cells()
    first, second, third = (list(Shard(cells, number, 3).part(number)) for number in (1, 2, 3))
    run_matrix(first[:-1], Store(tmp_path), jobs=1, threads=1)
    fronts = [start(tmp_path, 30, 0.02, number, 3) for number in (3, 1)]
    told = [front.communicate(timeout=120)[0] for front in fronts]
    assert [front.returncode for front in fronts] == [0, 0]
    stored = set(Store(tmp_path).keys())
    assert stored == {cell.key for cell in first + third}
    assert not stored & {cell.key for cell in second}
    counts = Counter(key for text in told for key in computed(text))
    assert max(counts.values()) == 1
    helped = int(told[1].split()[-1])
    assert helped >= 1
    assert len(set(computed(told[1])) & {cell.key for cell in third}) == helped
