"""No solver gains by looking where it should not, by working where the clock does not run, or by what it leaves behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from prbench.running.engine import run_matrix
from prbench.running.request.spec import Matrix
from prbench.running.store.folder import Store

from .cheating import CARELESS, HARMLESS, WORK_S

HERE = Path(__file__).parent
CHEATS, DOTS = (HERE / "cheating.py").as_posix(), f"{(HERE / 'misbehaving.py').as_posix()}:Dots"


def run(folder: Path, *solvers: str, **options):
    """Records by solver and seed, of one worker."""
    names = [f"{CHEATS}:{solver}" for solver in solvers]
    cells = Matrix.of("t", **{"solvers": names, "datasets": DOTS, "backend": "numpy", **options}).cells()
    store = Store(folder)
    run_matrix(cells, store, jobs=1, threads=1)
    return {(cell.solver_spelled.rpartition(":")[2], cell.seed): store.read(cell.key) for cell in cells}, store


@pytest.fixture(scope="module")
def peeks(tmp_path_factory):
    """What was found in each folder, with a folder of data that has a telling name."""
    folder = tmp_path_factory.mktemp("secret")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PRBENCH_DATA", str(folder))
        solvers = [f"Peek[where={where}]" for where in ("gc", "environment", "sockets")]
        records, store = run(folder / "records", "Peek", *solvers)
    return {name: (one, str(store.arrays(one.key)["aux.found"])) for (name, _), one in records.items()}


@pytest.mark.parametrize("where", ["", "[where=gc]", "[where=environment]", "[where=sockets]"])
def test_nothing_of_the_problem_is_within_reach(peeks, where):
    record, found = peeks[f"Peek{where}"]
    assert (record.status, found) == ("ok", "")
    assert record.metrics["sa_nmse"] > 0.1


@pytest.fixture(scope="module")
def late(tmp_path_factory):
    hooks = ("residual", "finished", "total_iterations", "prepare", "network_size", "step")
    return run(tmp_path_factory.mktemp("late"), *("Late" if hook == "residual" else f"Late[hook={hook}]" for hook in hooks))[0]


@pytest.mark.parametrize(
    ("hook", "note", "times"),
    [
        ("", "clock", 3),
        ("[hook=finished]", "clock", 1),
        ("[hook=total_iterations]", "clock", 1),
        ("[hook=prepare]", "clock", 1),
        ("[hook=network_size]", "network_size", 1),
        ("[hook=step]", "", 2),
    ],
)
def test_work_off_the_clock_is_on_the_bill(late, hook, note, times):
    record = late[f"Late{hook}", 0]
    assert record.status == "ok"
    assert record.cost["processor_s"] > 0.8 * times * WORK_S
    assert record.cost["latency_s"] > 0.8 * times * WORK_S
    assert set(record.notes) & {"clock", "network_size"} == ({note} if note else set())


def test_the_last_point_of_a_curve_is_what_was_returned(late):
    record = late["Late", 0]
    assert record.curve["iterate_residual"] == [0.5, 0.5, 0.5]
    assert record.curve["residual"][:-1] == [0.5, 0.5]
    assert record.curve["residual"][-1] == pytest.approx(record.metrics["r_factor"], rel=1e-4)


@pytest.mark.parametrize("exactly", ["", "[exactly=false]"])
def test_memory_gains_nothing(tmp_path, exactly):
    """Neither among the repeats of a cell nor among cells of one problem."""
    records, _ = run(tmp_path, f"Remember{exactly}", seeds=3)
    assert all(record.cost["processor_s"] > 0.8 * WORK_S for record in records.values())
    if exactly:
        assert any({"clock", "memory"} & set(record.notes) for record in records.values())


@pytest.fixture(scope="module")
def patched(tmp_path_factory):
    whats = ("clock", "both-clocks", "class", "scorer", "metric")
    solvers = ["Patch" if what == "clock" else f"Patch[what={what}]" for what in whats]
    return run(tmp_path_factory.mktemp("patched"), *solvers, "Honest", samples=1)[0]


@pytest.mark.parametrize("what", ["", "[what=both-clocks]", "[what=class]", "[what=scorer]", "[what=metric]"])
def test_patches_gain_nothing(patched, what):
    record, honest = patched[f"Patch{what}", 0], patched["Honest", 0]
    assert record.status == honest.status == "ok"
    assert record.metrics["sa_nmse"] > 0.1
    assert record.cost["processor_s"] > 0.8 * WORK_S
    assert record.cost["latency_s"] > 0.8 * WORK_S
    assert ("replaced" in record.notes.get("process", "")) == (what != "[what=metric]")  # scores are made elsewhere
    assert "process" not in honest.notes


@pytest.fixture(scope="module")
def careless(tmp_path_factory):
    """Every kind, each followed by an honest solver, and by the same again."""
    names = [f"Careless[what={what}]" if what != "thread" else "Careless" for what in CARELESS]
    first, store = run(tmp_path_factory.mktemp("careless"), *names, "Honest", samples=2)
    return {what: first["Careless" if what == "thread" else f"Careless[what={what}]", 0] for what in CARELESS}, first, store


@pytest.mark.parametrize("what", CARELESS)
def test_what_is_left_behind_is_noted_and_its_process_replaced(careless, what):
    record = careless[0][what]
    if what == "descriptors":
        assert record.status == "crashed"  # it has closed the way its answer takes
        return
    assert record.status == "ok"
    assert ("process" in record.notes) == (what not in HARMLESS)


def test_who_runs_next_is_not_harmed(careless):
    _, records, store = careless
    assert records["Honest", 0].status == "ok"
    assert "process" not in records["Honest", 0].notes
    statuses = {one.solver.rpartition(":")[2]: one.status for one in store.records() if one.cell.sample == 1}
    assert set(statuses.values()) == {"ok", "crashed"}
    assert [name for name, status in statuses.items() if status == "crashed"] == ["Careless[what=descriptors]"]


def test_the_answer_is_the_same_as_in_this_process(tmp_path):
    from prbench.running.executing import execute

    records, store = run(tmp_path / "there", "Honest", seeds=2)
    for record in records.values():
        execute(record.cell, Store(tmp_path / "here"))
        ours, theirs = Store(tmp_path / "here").arrays(record.key), store.arrays(record.key)
        assert np.array_equal(ours["object"], theirs["object"])


def test_an_honest_curve_is_not_billed(tmp_path):
    """The misfit of several starts takes longer than a step, at half of the steps."""
    cells = Matrix.of("t", solvers="hio-er[iterations=100]", datasets="crystal2d[size=64]", backend="numpy").cells()
    store = Store(tmp_path)
    run_matrix(cells, store, jobs=1, threads=1)
    assert "clock" not in store.read(cells[0].key).notes


def test_what_a_library_wraps_itself_is_not_left_behind(tmp_path):
    """Counting the operations of a network imports torch's compiler, which wraps ``torch.manual_seed``."""
    dataset, solver = "crystal2d[size=64]", "symmetry-breaking"
    cells = Matrix.of("t", solvers=solver, datasets=dataset, backend="torch").cells()
    store = Store(tmp_path)
    run_matrix(cells, store, jobs=1, threads=1)
    assert "process" not in store.read(cells[0].key).notes
