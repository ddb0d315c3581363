"""The rules of the house, read off the source: who imports whom, what is never called, how long a file may be."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import prbench

ROOT = Path(__file__).parents[1]
_BELOW_TASKS = {"metrics", "core", "physics", "backend"}
_BELOW_GATE = {"analysis", "running", "tasks", *_BELOW_TASKS}
ALLOWED = {
    "backend": set(),
    "physics": {"backend"},
    "core": {"physics", "backend"},
    "metrics": {"core", "physics", "backend"},
    "tasks": _BELOW_TASKS,
    "running": {"tasks", *_BELOW_TASKS},
    "analysis": {"tasks", *_BELOW_TASKS},
    "contestants": {"running", "tasks", *_BELOW_TASKS},
    "catalogue": {"contestants", *_BELOW_GATE},
    "gate": _BELOW_GATE,
    "reporting": _BELOW_GATE,
    "training": _BELOW_GATE,
    "skeletons": {"core"},
    "testing": {"reporting", *_BELOW_GATE},
    "cli": {"catalogue", "contestants", "gate", "reporting", "skeletons", "training", *_BELOW_GATE},
    "algorithms": {"tasks", "core", "physics", "backend"},
    "datasets": {"tasks", "core", "physics", "backend"},
}
"""For each package, the packages of prbench that it may import; ``prbench.errors``, ``hints`` and ``shipped`` are open to all."""
HEAVY = {"torch", "numpy", "scipy", "pandas", "matplotlib", "seaborn", "rich", "numba", "h5py", "skimage", "pydantic", "yaml"}
LIMIT = 350


@functools.cache
def sources() -> dict[str, Path]:
    """Every module of the package by its name, the plug-in folders included."""
    found = {}
    for folder, name in (("prbench", "prbench"), ("algorithms", "prbench.algorithms"), ("datasets", "prbench.datasets")):
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            found[".".join([name, *(part for part in parts if part != "__init__")])] = path
    return found


@functools.cache
def tree(module: str) -> ast.Module:
    return ast.parse(sources()[module].read_text("utf-8"))


def imports(module: str, *, top_only: bool = False) -> Iterator[str]:
    """The absolute names of what a module imports, ``if TYPE_CHECKING`` blocks included unless ``top_only``."""
    package = module if sources()[module].name == "__init__.py" else module.rpartition(".")[0]
    for node in _executed(tree(module)) if top_only else ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def _executed(body: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when a module is imported."""
    for node in ast.iter_child_nodes(body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        yield from _executed(node)


def part(module: str) -> str:
    """The package below prbench that a module or an imported name belongs to."""
    return module.split(".")[1] if "." in module else ""


def modules(*packages: str) -> list[str]:
    return [module for module in sources() if part(module) in packages]


def test_the_source_is_where_this_test_looks() -> None:
    assert {part(module) for module in sources()} >= set(ALLOWED)
    assert Path(str(prbench.__file__)).resolve() == sources()["prbench"].resolve()


@pytest.mark.parametrize("package", ALLOWED)
def test_arrows_run_one_way(package: str) -> None:
    wrong = [
        f"{module} imports {name}"
        for module in modules(package)
        for name in imports(module)
        if name.startswith("prbench.") and part(name) not in {package, "errors", "hints", "shipped", *ALLOWED[package]}
        if not (package == "cli" and name == "prbench.__version__")
    ]
    if package in ("reporting", "running", "skeletons"):
        wrong = [line for line in wrong if not line.endswith("prbench.__version__")]
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {module: {_module_of(name) for name in imports(module)} - {module, ""} for module in sources()}
    while leaves := {module for module, needed in graph.items() if not needed}:
        graph = {module: needed - leaves for module, needed in graph.items() if module not in leaves}
    needed_by = {name for needed in graph.values() for name in needed}
    assert {module for module in graph if module in needed_by} == set()


def _module_of(name: str) -> str:
    """The module that an imported name belongs to, or is; empty for one of another project."""
    while name and name not in sources():
        name = name.rpartition(".")[0]
    return name


def test_errors_is_a_leaf() -> None:
    assert [name for name in imports("prbench.errors") if name.startswith("prbench")] == []


def test_the_framework_names_no_plug_in() -> None:
    framework = [module for module in sources() if part(module) not in ("algorithms", "datasets")]
    wrong = [f"{m} imports {n}" for m in framework for n in imports(m) if part(n) in ("algorithms", "datasets")]
    assert wrong == []
    packages = ("prbench.algorithms.", "prbench.datasets.")
    named = [
        f"{module}: {node.value}"
        for module in framework
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(packages)
    ]
    assert named == []


def test_plug_ins_reach_their_own_kind_by_relative_imports() -> None:
    wrong = [
        f"{module} imports {node.module}"
        for module in modules("algorithms", "datasets")
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ImportFrom) and not node.level and str(node.module).startswith(f"prbench.{part(module)}")
    ]
    assert wrong == []


def test_private_names_stay_in_their_package() -> None:
    wrong = []
    for module in sources():
        package = module if sources()[module].name == "__init__.py" else module.rpartition(".")[0]
        for name in imports(module):
            owner, _, last = name.rpartition(".")
            private = next(
                (i for i, word in enumerate(name.split(".")) if word.startswith("_") and not word.endswith("__")), None
            )
            if name.startswith("prbench.") and private is not None:
                home = ".".join(name.split(".")[:private])
                if not (package == home or package.startswith(f"{home}.") or home == module):
                    wrong.append(f"{module} imports {owner}.{last}")
    assert wrong == []


def test_the_command_line_imports_nothing_heavy() -> None:
    wrong = [
        f"{module} imports {name}"
        for module in [*modules("cli"), "prbench", "prbench.errors"]
        for name in imports(module, top_only=True)
        if name.split(".")[0] in HEAVY
    ]
    assert wrong == []


@pytest.mark.parametrize("module", ["torch", "pandas", "matplotlib", "scipy", "numpy", "h5py", "numba"])
def test_importing_the_package_imports_nothing_heavy(module: str) -> None:
    assert module not in _loaded_by("import prbench")


@pytest.mark.parametrize("module", ["pandas", "matplotlib", "skimage", "h5py"])
def test_solving_on_numpy_loads_no_tables_or_pictures(module: str) -> None:
    code = "import numpy as np, prbench;prbench.solve('er[iterations=2]', prbench.FarField(np.ones((8, 8))), backend='numpy')"
    assert module not in _loaded_by(code)


@functools.cache
def _loaded_by(code: str) -> frozenset[str]:
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return frozenset(run.stdout.split())


def test_what_is_public_can_be_reached() -> None:
    for name in prbench.__all__:
        assert getattr(prbench, name) is not None
    assert set(dir(prbench)) == set(prbench.__all__)
    with pytest.raises(AttributeError, match=r"'prbench'.*'nothing'"):
        _ = prbench.nothing


def test_the_measurement_of_every_task_is_public() -> None:
    from prbench.core import Measurement

    homes = {path.parent.name for path in (ROOT / "prbench" / "tasks").glob("*/__init__.py")}
    assert {module.rpartition(".")[2] for module in prbench.MEASUREMENTS.values()} == homes
    for name in prbench.MEASUREMENTS:
        assert issubclass(getattr(prbench, name), Measurement)
        assert name in prbench.__all__


def calls(module: str) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_nothing_that_is_read_can_run_code() -> None:
    serial = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
    wrong = [f"{m} imports {n}" for m in sources() for n in imports(m) if n.split(".")[0] in serial]
    for module in sources():
        for name, call in calls(module):
            arguments = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
            last = name.rpartition(".")[2]
            if arguments.get("allow_pickle") == "True":
                wrong.append(f"{module}: {name}(allow_pickle=True)")
            if name in ("yaml.load", "yaml.unsafe_load", "yaml.full_load", "eval", "os.system", "read_pickle"):
                wrong.append(f"{module}: {name}")
            if name == "torch.load" and arguments.get("weights_only") != "True":
                wrong.append(f"{module}: torch.load without weights_only")
            if last in ("run", "Popen", "call", "check_output") and arguments.get("shell") == "True":
                wrong.append(f"{module}: {name}(shell=True)")
    assert wrong == []


def test_arrays_are_loaded_without_pickles_on_purpose() -> None:
    wrong = [
        module
        for module in sources()
        for name, call in calls(module)
        if name in ("np.load", "numpy.load")
        and {k.arg: ast.unparse(k.value) for k in call.keywords}.get("allow_pickle") != "False"
    ]
    assert wrong == []


def test_no_error_is_swallowed() -> None:
    wrong = [
        f"{module}:{node.lineno}"
        for module in sources()
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and all(isinstance(line, ast.Pass | ast.Continue) for line in node.body)
    ]
    assert wrong == []


def test_files_can_be_read_at_one_sitting() -> None:
    paths = [*sources().values(), *(ROOT / "tests").rglob("*.py")]
    long = {str(path.relative_to(ROOT)): lines for path in paths if (lines := path.read_text("utf-8").count("\n")) > LIMIT}
    assert long == {}


def test_every_module_says_what_it_is() -> None:
    assert [module for module in sources() if not ast.get_docstring(tree(module))] == []


def test_solvers_keep_out_of_clocks_files_and_global_randomness() -> None:
    banned = {"time", "logging", "pathlib", "os", "random", "io", "shutil", "tempfile"}
    solvers = [module for module in modules("algorithms") if not module.endswith(".adapter")]  # which other programs run
    wrong = [f"{m} imports {n}" for m in solvers for n in imports(m) if n.split(".")[0] in banned]
    own = ("np.random.", "numpy.random.", "torch.manual_seed", "print", "open")
    wrong += [
        f"{module} calls {name}"
        for module in solvers
        for name, _ in calls(module)
        if name.startswith(own) and name != "np.random.Generator"
    ]
    assert wrong == []
