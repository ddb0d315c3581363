"""What holds for the whole command line: widths, pipes, the same options everywhere, and one line for every failure."""

import json
import os
import re
import subprocess
import sys
import textwrap

import click
import pytest
from click.testing import CliRunner

from prbench.cli import app
from prbench.cli.groups import GROUPS, VERBS

WIDTH = 80


def command_of(verb: str) -> click.Command:
    found = app.get_command(click.Context(app), verb)
    assert found is not None
    return found


def prbench(*words: str, site=None, **kwargs) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"PYTHONPATH": str(site)} if site else {})}
    command = [sys.executable, "-m", "prbench", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, **kwargs)


def test_summaries_fit_on_one_line_and_are_sentences():
    widest = max(map(len, VERBS))
    for verbs in GROUPS.values():
        for verb, summary in verbs.items():
            assert len(summary) + widest + 4 <= WIDTH, verb
            assert summary.endswith(".")
            assert "..." not in summary
    lines = CliRunner().invoke(app, ["--help"], terminal_width=WIDTH).output.splitlines()
    for summary in [summary for verbs in GROUPS.values() for summary in verbs.values()]:
        assert any(line.endswith(summary) for line in lines), summary


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_is_readable_on_narrow_terminals(verb):
    for width, allowed in ((50, ("  prbench ",)), (WIDTH, ())):
        result = CliRunner().invoke(app, [*([verb] if verb else []), "--help"], terminal_width=width)
        assert result.exit_code == 0
        wide = [line for line in result.output.splitlines() if len(line) > width and not line.startswith(allowed or ("\0",))]
        assert wide == []


@pytest.mark.parametrize(("kind", "short"), [("solver", "-s"), ("dataset", "-d")])
def test_two_options_are_spelled_alike_everywhere(kind, short):
    found = 0
    for verb in VERBS:
        for option in command_of(verb).params:
            if isinstance(option, click.Option) and (f"--{kind}" in option.opts or short in option.opts):
                assert set(option.opts) == {short, f"--{kind}"}, verb
                assert option.metavar == "NAME", verb
                found += 1
    assert found >= 8


def test_a_list_on_a_narrow_terminal_is_not_cut():
    result = CliRunner().invoke(app, ["list", "--kind", "solver", "--task", "random"], env={"COLUMNS": "50"})
    assert max(len(line) for line in result.output.splitlines()) <= 50
    assert "wirtinger-flow" in result.output


PLUGINS = '''
from dataclasses import dataclass
import numpy as np
from prbench import FarField, NearField, Problem, register
from prbench.core import Dataset, DirectSolver, Provenance

@register("silent", task="far-field", cite="none")
@dataclass(frozen=True)
class Silent(DirectSolver[FarField]):
    """Fails without a word."""
    def solve(self, y, rng):
        assert y is None

@register("nothing", task="far-field", cite="none")
@dataclass(frozen=True)
class Nothing(DirectSolver[FarField]):
    """Returns nothing."""
    def solve(self, y, rng):
        return None

@register("array-data", task="far-field", cite="none")
@dataclass(frozen=True)
class ArrayData(Dataset):
    """Returns an array."""
    def make(self, index, seed, split):
        return np.ones(3)

@register("other-data", task="far-field", cite="none")
@dataclass(frozen=True)
class OtherData(Dataset):
    """Returns a problem of another task."""
    def make(self, index, seed, split):
        y = NearField(np.ones((64, 64)), wavelength_m=5e-7, pixel_m=1e-5, distance_m=1e-4)
        return Problem(y, None, "a", "test", Provenance("none", "none"))
'''


@pytest.fixture(scope="module", name="results")
def _results(tmp_path_factory):
    """One run of two solvers that work and of plug-ins that do not: the folder, what was printed for programs, and stderr."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "faulty.py").write_text(PLUGINS)
    (folder / "matrix.yaml").write_text(
        "runs:\n"
        "- {solvers: ['er[iterations=5]', 'hio[iterations=5]'], datasets: ['crystal2d[size=32]']}\n"
        "- {solvers: ['faulty.py:Silent', 'faulty.py:Nothing'], datasets: ['crystal2d[size=32]']}\n"
        "- {solvers: ['er[iterations=5]'], datasets: ['faulty.py:ArrayData', 'faulty.py:OtherData']}\n"
    )
    words = ["run", "matrix.yaml", "--out", "out", "--format", "json", "--split", "tune", "--precision", "double"]
    done = prbench(*words, cwd=folder)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return folder / "out", json.loads(done.stdout), done.stderr


def test_a_run_can_be_read_by_programs(results):
    out, told, _ = results
    assert (told["results"], told["cells"], told["done"], told["failed"]) == ("out", 6, 2, 4)
    assert {"er[iterations=5]", "hio[iterations=5]"} <= {row["solver"] for row in told["leaderboard"]}
    (record, *_) = sorted(out.glob("runs/*/*.json"))
    assert {'"tune"', '"double"'} <= set(re.findall(r'"\w+"', record.read_text()))


def test_progress_is_a_line_at_a_time_where_nobody_watches(results):
    lines = [line for line in results[2].splitlines() if re.match(r"\d+ of \d+:", line)]
    assert lines[-1].startswith("6 of 6:")
    assert "\r" not in results[2]
    assert "\x1b" not in results[2]


def test_a_quiet_run_prints_where_its_results_are(results):
    out, _, _ = results
    words = ["run", "-s", "er[iterations=5]", "-d", "crystal2d[size=32]", "--out", str(out), "--split", "tune"]
    done = prbench(*words, "--precision", "double", "--quiet")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, str(out), "")


@pytest.mark.parametrize(
    ("name", "guilty"),
    [
        ("Silent", "faulty.py:12"),
        ("Nothing", "NoneType"),
        ("ArrayData", "array-data"),
        ("OtherData", "other-data"),
    ],
)
def test_the_guilty_side_is_named(results, name, guilty):
    (reason,) = [row["reason"] for row in results[1]["failures"] if f"faulty.py:{name}" in (row["solver"], row["dataset"])]
    assert guilty in reason


@pytest.mark.parametrize(("option", "name"), [("--solver", "er"), ("--solver", "er[iterations=5]"), ("--dataset", "crystal2d")])
def test_results_of_one_name_are_shown_alone(results, option, name):
    result = CliRunner().invoke(app, ["leaderboard", str(results[0]), option, name, "--format", "json"])
    rows = json.loads(result.stdout)
    assert rows
    assert {row[option[2:]].partition("[")[0] for row in rows} == {name.partition("[")[0]}


def test_a_name_without_results_is_refused(results):
    done = prbench("leaderboard", str(results[0]), "--solver", "raar")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "er[iterations=5]" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("words", [["list"], ["show", "er"], ["list", "--format", "json"]])
def test_a_reader_that_stops_is_no_failure(words):
    command = f"{sys.executable} -m prbench {' '.join(words)} | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module", name="site")
def _site(tmp_path_factory):
    """A package whose entry points lead nowhere."""
    site = tmp_path_factory.mktemp("site")
    info = site / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    points = """
        [prbench.solvers]
        broken-solver = broken_module:Solver
        absent-solver = json:Nothing
        no-solver = json:dumps
        [prbench.datasets]
        broken-data = broken_module:Data
        [prbench.metrics]
        broken_metric = broken_module:metric
        [prbench.tasks]
        broken-task = broken_module:TASK
    """
    (info / "entry_points.txt").write_text(textwrap.dedent(points))
    (site / "broken_module.py").write_text("raise RuntimeError('boom')\n")
    return site


@pytest.mark.parametrize(
    "words",
    [
        ["show", "broken-solver"],
        ["run", "-s", "absent-solver", "-d", "crystal2d"],
        ["run", "-s", "er", "-d", "broken-data"],
        ["run", "-s", "no-solver", "-d", "crystal2d"],
        ["show", "broken_metric"],
    ],
)
def test_a_broken_package_is_named_in_one_line(site, words):
    done = prbench(*words, site=site)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert re.search(r"\bbroken(?![-_\w])", done.stderr)
    assert "Traceback" not in done.stderr


def test_a_broken_package_does_not_take_boards_down(site, results):
    done = prbench("leaderboard", str(results[0]), "--format", "json", site=site)
    assert done.returncode == 0
    assert "hio[iterations=5]" in {row["solver"] for row in json.loads(done.stdout)}
    assert [line for line in done.stderr.splitlines() if "broken_metric" in line and re.search(r"\bbroken(?![-_\w])", line)]


def test_a_defect_is_one_line_with_its_place(monkeypatch):
    from prbench.cli import completion

    def fail(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(completion, "get_completion_class", fail)
    result = CliRunner().invoke(app, ["completion", "bash"])
    assert result.exit_code == 70
    assert len(result.stderr.splitlines()) == 1
    assert "RuntimeError: unforeseen" in result.stderr
    assert "test_command_line.py" in result.stderr
