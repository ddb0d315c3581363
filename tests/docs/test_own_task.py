"""A task, its dataset and its solver in one file of a user's work to the end, and results are read without that file."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "ptychography.py"
SOLVER, DATASET = "my_task.py:EPIE", "my_task.py:Scan"
RUN = ("-s", f"{SOLVER}[iterations=12]", "-s", f"{SOLVER}[iterations=2]", "-d", f"{DATASET}[size=32]")


def prbench(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "prbench", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    shutil.copy(EXAMPLE, folder / "my_task.py")
    told = prbench(folder, "run", *RUN, "--samples", "2", "--out", "results")
    assert "sa_nmse" in told
    assert "4 done, 0 failed" in told
    return folder


def test_it_is_as_short_as_promised() -> None:
    lines = [line for line in EXAMPLE.read_text("utf-8").splitlines() if line.strip()]
    assert len(lines) <= 190


def test_its_board_ranks_by_the_goal_that_it_declares(folder: Path) -> None:
    rows = json.loads(prbench(folder, "leaderboard", "results", "--format", "json"))
    assert {row["task"] for row in rows} == {"ptychography"}
    assert [row["metric"] for row in rows] == ["sa_nmse", "sa_nmse"]
    assert rows[0]["median"] < rows[1]["median"] < 1
    assert "iterations=12" in rows[0]["solver"]
    assert {"r_factor", "psnr", "ssim", "latency_s", "latency_fft"} <= set(rows[0])


def test_it_is_drawn(folder: Path) -> None:
    pictures = sorted(path.name for path in (folder / "results" / "pictures").iterdir())
    assert pictures == ["ptychography-best.png", "ptychography-worst.png"]
    prbench(folder, "figures", "results", "--format", "svg")
    drawn = {path.name for path in (folder / "results" / "figures").iterdir()}
    assert {"ptychography-quality.svg", "ptychography-leaderboard.tex", "ptychography-captions.md"} <= drawn


def test_it_is_reported_and_compared(folder: Path) -> None:
    prbench(folder, "report", "results")
    assert "ptychography" in (folder / "results" / "report.html").read_text("utf-8")
    told = prbench(folder, "compare", "results", "-s", f"{SOLVER}[iterations=12],{SOLVER}[iterations=2]")
    assert "ptychography" in told


def test_it_is_swept_and_tuned(folder: Path) -> None:
    over = ("--over", "photons=1000,10000", "--samples", "1", "--out", "sweep")
    told = prbench(folder, "sweep", "-s", f"{SOLVER}[iterations=3]", "-d", f"{DATASET}[size=32]", *over)
    assert "sa_nmse" in told
    tuned = ("--trials", "2", "--samples", "1", "--out", "tuned")
    assert "sa_nmse" in prbench(folder, "tune", f"{SOLVER}[iterations=3]", "-d", f"{DATASET}[size=32]", *tuned)


def test_it_is_checked_against_a_baseline(folder: Path) -> None:
    matrix = {"name": "own", "solvers": [f"{SOLVER}[iterations=3]"], "datasets": [f"{DATASET}[size=32]"], "samples": 2}
    (folder / "own.yaml").write_text(yaml.safe_dump(matrix), "utf-8")
    prbench(folder, "check", "--update", "--matrix", "own.yaml", "--baseline", "own.json", "--rounds", "2")
    told = prbench(folder, "check", "--baseline", "own.json", "--time-tolerance", "100")
    assert "EPIE" in told


def test_its_results_are_read_without_its_file(folder: Path, tmp_path: Path) -> None:
    """The declaration stands beside the records: a board needs no code of theirs."""
    shutil.copytree(folder / "results", tmp_path / "results")
    for name in ("pictures", "figures"):
        shutil.rmtree(tmp_path / "results" / name, ignore_errors=True)
    rows = json.loads(prbench(tmp_path, "leaderboard", "results", "--format", "json"))
    assert [row["metric"] for row in rows] == ["sa_nmse", "sa_nmse"]
    assert rows[0]["median"] < rows[1]["median"]


def test_results_of_other_tasks_do_not_keep_it(folder: Path) -> None:
    """A process that knows the task, because it resolved the file, writes it down only where the run's cells are of it."""
    script = (
        "import prbench, prbench.core\n"
        "from prbench.core import load_plugin\n"
        f"load_plugin('dataset', {DATASET!r})\n"
        "assert 'ptychography' in prbench.core.task_names()\n"
        "prbench.run(solvers='hio-er[starts=1,iterations=2]', datasets='crystal2d[size=16]', out='others')\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=folder, check=True, capture_output=True, timeout=300)
    assert any((folder / "others").iterdir())
    assert (folder / "results" / "tasks.json").is_file()
    assert not (folder / "others" / "tasks.json").exists()
