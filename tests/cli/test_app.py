import json
import os
import resource
import subprocess
import sys

import pytest
from click.testing import CliRunner

from prbench.cli import app
from prbench.cli.app import VERBS
from prbench.core import plugin_names


def prbench(*args, **kwargs):
    code = "import sys; from prbench.cli import main; main()"
    return subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, check=False, **kwargs)


def test_help_lists_every_verb_with_a_sentence():
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    for verb in VERBS:
        line = next(line for line in result.output.splitlines() if line.strip().startswith(verb))
        assert len(line.split()) > 3


def test_the_package_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "prbench", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("prbench, version")
    wrong = subprocess.run([sys.executable, "-m", "prbench", "nothing"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("prbench:")


def test_every_verb_has_help():
    for verb in VERBS:
        assert CliRunner().invoke(app, [verb, "--help"]).exit_code == 0


def _processor_seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_imports_nothing_heavy_and_is_immediate():
    heavy = ("torch", "numpy", "pandas", "scipy", "matplotlib", "numba", "rich", "pydantic", "h5py", "yaml")
    code = (
        "import sys\nfrom prbench.cli import app\n"
        "try:\n    app.main(['--help'], prog_name='prbench')\n"
        f"except SystemExit:\n    print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr)"
    )
    seconds = []
    for _ in range(5):
        start = _processor_seconds_of_children()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        seconds.append(_processor_seconds_of_children() - start)
        assert done.stderr.strip() == "[]"
    assert min(seconds) < 0.25


@pytest.mark.parametrize(
    "args",
    [
        ["nonsense"],
        ["list", "--nonsense"],
        ["list", "--task", "nonsense"],
        ["show", "nonsense"],
        ["show", "hio[beta=9]"],
        ["show", "hio["],
        ["completion", "tcsh"],
    ],
)
def test_a_mistake_is_one_line_on_stderr_and_exit_code_2(args):
    done = prbench(*args)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_no_command_prints_help():
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_version():
    result = CliRunner().invoke(app, ["--version"])
    assert result.output.startswith("prbench, version")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_variable(shell):
    result = CliRunner().invoke(app, ["completion", shell])
    assert result.exit_code == 0
    assert "_PRBENCH_COMPLETE" in result.output


@pytest.mark.parametrize(
    ("words", "expected"),
    [("prbench show hio", {"hio", "hio-er"}), ("prbench sh", {"show"}), ("prbench run -s er,hio-", {"er,hio-er"})],
)
def test_names_and_verbs_complete(words, expected):
    environment = {**os.environ, "_PRBENCH_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = prbench(env=environment)
    offered = {line.partition(",")[2] for line in done.stdout.splitlines()}
    assert expected <= offered


def test_list_names_everything_installed():
    result = CliRunner().invoke(app, ["list", "--format", "json"])
    rows = json.loads(result.stdout)
    for kind in ("solver", "dataset", "metric"):
        assert {row["name"] for row in rows if row["kind"] == kind} >= set(plugin_names(kind))
    table = CliRunner().invoke(app, ["list"], env={"COLUMNS": "100"})
    assert all(name in table.output for name in plugin_names("solver"))
    assert max(len(line) for line in table.output.splitlines()) <= 100


def test_list_of_one_kind_and_task():
    rows = json.loads(CliRunner().invoke(app, ["list", "--kind", "solver", "--task", "far-field", "--format", "json"]).stdout)
    assert rows
    assert {row["kind"] for row in rows} == {"solver"}
    assert all("far-field" in row["tasks"] for row in rows)


@pytest.mark.parametrize("columns", ["80", "100"])
def test_show_fits_and_tells_reference_licence_and_bibtex(columns):
    result = CliRunner().invoke(app, ["show", "hio-er[beta=0.8]"], env={"COLUMNS": columns})
    assert result.exit_code == 0
    for word in ("licence", "reference", "beta", "0.8", "@article{fienup1982phase"):
        assert word in result.output
    prose = result.output.partition("@article")[0]
    assert max(len(line) for line in prose.splitlines()) <= int(columns)


def test_doctor_always_answers():
    result = CliRunner().invoke(app, ["doctor"], env={"COLUMNS": "100"})
    assert result.exit_code == 0
    for word in ("torch FFT", "BLAS", "threads", "[cuda]", "cores"):
        assert word in result.output
