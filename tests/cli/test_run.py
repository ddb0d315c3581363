import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from click.testing import CliRunner

from prbench.cli import app
from prbench.cli.run import BACKENDS, RERUNS


def invoke(*args, columns="100"):
    return CliRunner().invoke(app, list(args), env={"COLUMNS": columns})


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


QUICK = ["run", "-s", "er[iterations=20],hio[iterations=20]", "-d", "crystal2d[size=32]", "--backend", "numpy"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    before = os.getcwd()  # noqa: PTH109 - chdir is for the whole module
    os.chdir(folder)
    try:
        result = invoke(*QUICK, "--samples", "2", "-j", "1")
    finally:
        os.chdir(before)
    return folder / "prbench-results" / "custom", result


def test_a_run_ends_with_leaderboard_pictures_and_the_next_command(finished):
    out, result = finished
    assert result.exit_code == 0, result.output
    assert re.search(r"\b4 cells\b", result.stdout)
    assert "4 done, 0 failed, 0 cached" in result.stdout
    assert re.search(r"\branked\b.*\bsa_nmse\b", result.stdout)
    assert (out / "pictures" / "far-field-best.png").stat().st_size > 1000
    assert (out / "pictures" / "far-field-worst.png").stat().st_size > 1000
    assert "results: prbench-results" in result.stdout
    assert "next:    prbench" in result.stdout
    assert len(list(out.glob("runs/*/*.json"))) == 4
    assert max(len(line) for line in result.stdout.splitlines()) <= 110


def test_progress_goes_to_stderr(finished):
    _, result = finished
    assert "4 of 4: 4 done" in result.stderr
    assert "of 4:" not in result.stdout


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown", "latex"])
def test_leaderboard_of_the_stored_results(finished, form):
    out, _ = finished
    result = invoke("leaderboard", str(out), "--format", form)
    assert result.exit_code == 0
    assert "hio" in result.stdout
    if form == "json":
        rows = json.loads(result.stdout)
        assert [row["rank"] for row in rows] == [1, 2]
        assert all(row["median_low"] is None and row["samples"] == 2 for row in rows)  # too few for an interval
        assert all(float(low) <= row["median"] <= float(high) for row in rows for low, high in [row["values"].split()])


def test_a_compacted_store_tells_the_same(finished):
    out, _ = finished
    before = invoke("leaderboard", str(out), "--format", "json").stdout
    assert "4 records" in invoke("compact", str(out)).stdout
    assert invoke("leaderboard", str(out), "--format", "json").stdout == before


def test_rescoring_changes_nothing_when_metrics_have_not_changed(finished):
    out, _ = finished
    before = invoke("leaderboard", str(out), "--format", "json").stdout
    result = invoke("rescore", str(out))
    assert result.exit_code == 0, result.output
    assert "4 scored" in result.stdout
    assert invoke("leaderboard", str(out), "--format", "json").stdout == before


def test_status_counts(finished):
    out, _ = finished
    result = invoke("status", str(out), "--format", "json")
    found = json.loads(result.stdout)
    assert sum(row["cells"] for row in found["cells"]) == 4
    assert all(row["ok"] == 2 and row["failed"] == 0 and row["stale"] == 0 for row in found["cells"])
    assert found["failures"] == []
    table = invoke("status", str(out))
    assert "4 cells" in table.stdout


def test_without_a_folder_the_newest_results_are_taken(finished, monkeypatch):
    out, _ = finished
    monkeypatch.chdir(out.parent.parent)
    assert invoke("leaderboard").exit_code == 0
    assert invoke("status", "prbench-results").exit_code == 0


def test_the_same_command_runs_nothing_again(finished, monkeypatch):
    out, _ = finished
    monkeypatch.chdir(out.parent.parent)
    times = {path: path.stat().st_mtime_ns for path in out.glob("runs/*/*.json")}
    result = invoke(*QUICK, "--samples", "2")
    assert result.exit_code == 0
    assert "0 done, 0 failed, 4 cached" in result.stdout
    assert {path: path.stat().st_mtime_ns for path in out.glob("runs/*/*.json")} == times


def test_a_dry_run_writes_nothing(here):
    result = invoke(*QUICK, "--samples", "3", "--seeds", "2", "--dry-run")
    assert result.exit_code == 0
    assert "12 of 12 cells" in result.stdout
    assert list(here.iterdir()) == []


def test_a_dry_run_says_how_many_samples_ranks_need(here):
    """The smallest p-value of n pairs is 2^(1 - n), which Holm multiplies by the number of other solvers."""
    for solvers, needed in (("er,hio", 6), ("er,hio,raar,rrr,difference-map", 8)):
        out = invoke("run", "-s", solvers, "-d", "crystal2d[size=32]", "--samples", "4", "--dry-run").stdout
        number = solvers.count(",") + 1
        assert re.search(rf"\b{number} solvers\b.*\b{needed} samples\b.*\b4\b", " ".join(out.split()))
    assert "solvers" not in invoke("run", "-s", "er", "-d", "crystal2d[size=32]", "--samples", "4", "--dry-run").stdout


@pytest.mark.parametrize("form", [[], ["quick"]])
def test_quick_is_the_default_matrix(here, form):
    result = invoke("run", *form, "--dry-run")
    assert result.exit_code == 0
    assert "prbench-results/quick" in result.stdout


def test_options_replace_what_a_matrix_says(here):
    (here / "m.yaml").write_text(
        "name: mine\nsamples: 5\nsolvers: [er, hio]\n"
        "datasets: [{dataset: crystal2d, samples: 9}]\nruns: [{solvers: [raar], datasets: [cell2d], samples: 3}]\n"
    )
    assert "17 of 17" not in invoke("run", "m.yaml", "--samples", "1", "--dry-run").stdout
    assert "3 of 3 cells" in invoke("run", "m.yaml", "--samples", "1", "--dry-run").stdout
    assert "21 of 21 cells" in invoke("run", "m.yaml", "--dry-run").stdout
    mine = invoke("run", "m.yaml", "-s", "rrr", "--samples", "1", "--seed", "7", "--dry-run")
    assert "2 of 2 cells" in mine.stdout
    assert "rrr" in mine.stdout


@pytest.mark.parametrize(
    "args",
    [
        ["run", "-s", "nonsense", "-d", "crystal2d"],
        ["run", "-s", "hio[beta=9]", "-d", "crystal2d"],
        ["run", "-d", "file[path=nothing.cxi]", "-s", "hio-er"],
        ["run", "-d", "file[path=bad.npy]", "-s", "hio-er"],
        ["run", "-d", "file[path=pickled.npy]", "-s", "hio-er"],
        ["run", "nothing.yaml"],
        ["run", "broken.yaml"],
        ["run", "--seed", "1", "--seeds", "2"],
        ["run", "--samples", "x"],
        ["run", "--jobs", "0"],
        ["run", "--time-limit", "-1"],
        ["leaderboard"],
        ["leaderboard", "."],
        ["status", "nothing"],
        ["data", "get", "crystal2d"],
    ],
)
def test_usage_errors_are_one_line_and_write_nothing(here, args):
    np.save(here / "bad.npy", np.full((16, 16), -1.0))
    np.save(here / "pickled.npy", np.array([{}], dtype=object), allow_pickle=True)
    (here / "broken.yaml").write_text("solvers: {er")
    before = sorted(here.rglob("*"))
    result = invoke(*args)
    assert result.exit_code == 2, result.output
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.output
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize("name", ["../../elsewhere", "/tmp/x", "..", "a b"])
def test_a_matrix_name_cannot_lead_out_of_the_results(here, name):
    (here / "m.yaml").write_text(json.dumps({"name": name, "solvers": ["er"], "datasets": ["crystal2d"]}))
    result = invoke("run", "m.yaml", "--dry-run", columns="200")
    folder = re.search(r"(\S*prbench-results\S*)", result.stdout)
    assert folder is not None
    assert (here / folder[1]).resolve().parent == here.resolve() / "prbench-results"


def test_a_folder_that_cannot_be_written_is_one_line(here):
    (here / "file").write_text("")
    result = invoke(*QUICK, "-o", "file/below", "-j", "1")
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_choices_agree_with_the_engine():
    from prbench.backend import BACKENDS as KNOWN_BACKENDS
    from prbench.running.engine import RERUNS as KNOWN_RERUNS

    assert BACKENDS == KNOWN_BACKENDS
    assert RERUNS == KNOWN_RERUNS


def pattern(path, side=48):
    x = np.zeros((side, side), complex)
    x[12:30, 10:33] = np.exp(1j * np.linspace(-1, 1, 23))
    x[20:26, 15:20] = 0
    intensity = np.random.default_rng(0).poisson(np.abs(np.fft.fftshift(np.fft.fft2(x, (2 * side, 2 * side)))) ** 2)
    bad = np.zeros(intensity.shape, bool)
    bad[side - 1 : side + 2, side - 1 : side + 2] = True
    np.savez(path, intensity=intensity.astype(np.float32), bad=bad)


def test_a_pattern_of_ones_own_ends_as_cxi(here):
    h5py = pytest.importorskip("h5py")
    pattern(here / "measured.npz")
    args = [
        "run",
        "-d",
        "file[path=measured.npz,holdout=0.02]",
        "-s",
        "hio-er[iterations=60,starts=2]",
        "--backend",
        "numpy",
        "-j",
        "1",
    ]
    result = invoke(*args)
    assert result.exit_code == 0, result.output
    for word in ("free R", "support", "PRTF", "free_r"):
        assert word in result.stdout
    (cxi,) = here.glob("prbench-results/custom/cxi/*.cxi")
    assert str(cxi.relative_to(here)) in result.stdout
    with h5py.File(cxi) as file:
        assert file["/entry_1/image_1/data"].shape == (48, 48)
    written = cxi.stat().st_mtime_ns
    assert invoke(*args).exit_code == 0
    assert cxi.stat().st_mtime_ns == written


def test_failed_cells_are_told_and_exit_with_1(here):
    (here / "mine.py").write_text(
        "from dataclasses import dataclass\n"
        "from prbench.core import DirectSolver, FarField, register\n"
        "@register('boom', task='far-field')\n"
        "@dataclass(frozen=True)\n"
        "class Boom(DirectSolver[FarField]):\n"
        "    '''Fails.'''\n"
        "    def solve(self, y, rng):\n"
        "        raise ValueError('boom-17')\n"
    )
    solvers = "mine.py:Boom,er[iterations=5]"
    result = invoke("run", "-s", solvers, "-d", "crystal2d[size=32]", "--backend", "numpy", "-j", "1", "-o", "out")
    assert result.exit_code == 1
    assert "1 done, 1 failed" in result.stdout
    assert "boom-17" in result.stdout
    assert "prbench status out" in result.stdout
    assert re.search(r"\branked\b.*\bsa_nmse\b", result.stdout)
    status = json.loads(invoke("status", "out", "--format", "json").stdout)
    assert status["failures"][0]["reason"] == "ValueError: boom-17"
    assert invoke("leaderboard", "out").exit_code == 0


def test_a_run_may_end_at_the_first_failure(here):
    """A worker may have a second cell in hand when the first fails; the others are not begun."""
    (here / "mine.py").write_text(
        "from dataclasses import dataclass\n"
        "from prbench.core import DirectSolver, FarField, register\n"
        "@register('boom', task='far-field')\n"
        "@dataclass(frozen=True)\n"
        "class Boom(DirectSolver[FarField]):\n"
        "    '''Fails.'''\n"
        "    def solve(self, y, rng):\n"
        "        raise ValueError('boom-17')\n"
    )
    command = [
        "run",
        "-s",
        "mine.py:Boom",
        "-d",
        "crystal2d[size=32]",
        "--samples",
        "9",
        "--backend",
        "numpy",
        "-j",
        "1",
        "-o",
        "out",
    ]
    result = invoke(*command, "--fail-fast")
    assert result.exit_code == 1
    assert "--fail-fast" in result.stderr
    assert 1 <= json.loads(invoke("status", "out", "--format", "json").stdout)["failures"][0]["cells"] <= 3
    assert invoke(*command).exit_code == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_ctrl_c_exits_with_130_and_the_same_command_resumes(here):
    # Where the tests run in the background of a script, the interrupt is ignored, and so it would be here.
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{listen}; from prbench.cli import main; main()"
    solver = "er[iterations=200000]"
    args = [sys.executable, "-c", code, "run", "-s", solver, "-d", "crystal2d[size=32]", "--backend", "numpy", "-j", "1"]
    process = subprocess.Popen(args, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stderr is not None
    process.stderr.readline()  # the run has begun
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 130, stderr
    assert "prbench-results/custom" in stderr
    assert "Traceback" not in stderr + stdout
    assert list(here.glob("prbench-results/custom/runs/*/*.json")) == []
