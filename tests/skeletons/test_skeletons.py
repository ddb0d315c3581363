"""Packages that `prbench new` writes keep the laws as they are; PRBENCH_TEST_SKELETONS=1 tries every template."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import prbench
from prbench.core.registry import module_of_file
from prbench.errors import UsageError
from prbench.skeletons import Skeleton, tasks_with_template, write_skeleton
from prbench.testing.problems import problem_of_task

EVERY = [
    *[Skeleton("solver", f"my-{task}", task) for task in tasks_with_template("solver")],
    *[Skeleton("dataset", f"our-{task}", task) for task in tasks_with_template("dataset")],
    Skeleton("metric", "own_metric"),
    Skeleton("task", "two-planes"),
]
QUICK = [Skeleton("solver", "my-random", "random"), Skeleton("dataset", "our-random", "random")]
ALL = os.environ.get("PRBENCH_TEST_SKELETONS") == "1"


def install(packages: list[Path], site: Path) -> dict[str, str]:
    """Make packages importable and their entry points known, as pip does, without a network; the environment for a process."""
    paths = [str(site)]
    for folder in packages:
        project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
        info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", "utf-8"
        )
        groups = project["entry-points"].items()
        points = "".join(f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in members.items()) for group, members in groups)
        (info / "entry_points.txt").write_text(points, "utf-8")
        paths.append(str(folder / "src"))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def pytest_run(words: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=900)


@pytest.fixture(scope="module", name="packages")
def _packages(tmp_path_factory):
    root, site = tmp_path_factory.mktemp("packages"), tmp_path_factory.mktemp("site")
    folders = []
    for skeleton in EVERY if ALL else QUICK:
        folder = root / skeleton.package
        write_skeleton(skeleton, folder)
        folders.append(folder)
    return root, folders, install(folders, site)


def test_their_own_tests_pass(packages):
    root, folders, environment = packages
    done = pytest_run([str(folder / "tests") for folder in folders], root, environment)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    assert "failed" not in done.stdout


def test_a_plug_in_is_tested_by_its_name_alone(packages):
    root, _, environment = packages
    done = pytest_run(["--prbench", "my-random", "--collect-only"], root, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    tests = [line for line in done.stdout.splitlines() if "::" in line]
    assert len(tests) > 20
    assert all("my-random" in line for line in tests)


def test_a_law_that_is_broken_fails(packages, tmp_path):
    root, _, _ = packages
    broken = tmp_path / "broken"
    write_skeleton(Skeleton("dataset", "our-random", "random"), broken)
    code = broken / "src" / "prbench_our_random" / "dataset.py"
    code.write_text(code.read_text("utf-8").replace("of_object.standard_normal(self.n) +", "np.random.standard_normal(self.n) +"))
    done = pytest_run([str(broken / "tests")], root, install([broken], tmp_path / "site"))
    assert done.returncode == 1
    assert "test_a_problem_is_the_same_every_time[our-random]" in done.stdout
    assert "test_making_a_problem_leaves_global_randomness_alone[our-random]" in done.stdout


def test_a_name_that_nothing_has_is_refused(packages):
    root, _, environment = packages
    done = pytest_run(["--prbench", "my-randon"], root, environment)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "my-random" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("task", tasks_with_template("solver"))
def test_every_solver_that_is_written_solves(task, tmp_path):
    skeleton = Skeleton("solver", f"any-{task}", task)
    code = tmp_path / "solver.py"
    code.write_text(skeleton.files()[f"src/{skeleton.module}/solver.py"], "utf-8")
    plugin = getattr(module_of_file(code), skeleton.class_name + "Solver")
    problem = problem_of_task(task)
    solution = prbench.solve(plugin.from_params(plugin.example), problem.measurement)
    assert solution.status == "ok"
    problem.measurement.check(solution.reconstruction)


@pytest.mark.parametrize("skeleton", EVERY, ids=lambda skeleton: skeleton.package)
def test_every_skeleton_is_python_that_names_what_it_registers(skeleton):
    files = skeleton.files()
    for name, text in files.items():
        assert "$" not in text, name
        if name.endswith(".py"):
            compile(text, name, "exec")
    points = tomllib.loads(files["pyproject.toml"])["project"]["entry-points"]
    for group in points.values():
        for name, at in group.items():
            module, _, attribute = at.partition(":")
            text = files[f"src/{module.replace('.', '/')}.py"]
            assert f'"{name}"' in text
            assert f" {attribute}(" in text or f"\n{attribute} =" in text


@pytest.mark.parametrize(
    ("kind", "name", "task"), [("solver", "My Solver", "random"), ("solver", "1st", "random"), ("dataset", "x", "no-such-task")]
)
def test_what_no_package_can_be_called_is_refused(kind, name, task):
    with pytest.raises(UsageError):
        Skeleton(kind, name, task)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match=rf"{tmp_path} .*\bempty\b.*--out"):
        write_skeleton(Skeleton("metric", "own_metric"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
