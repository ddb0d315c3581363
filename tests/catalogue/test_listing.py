import json
import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from prbench.catalogue import declarations
from prbench.catalogue import listing as module
from prbench.catalogue.kinds import KINDS
from prbench.catalogue.listing import listing, task_names
from prbench.catalogue.plugins import describe
from prbench.core import plugin_names
from prbench.core import task_names as all_tasks
from prbench.core.families import family_names
from prbench.metrics.costs import COSTS


def test_a_line_says_what_the_imported_plug_in_says() -> None:
    lines = listing()
    installed = {(kind, name) for kind in KINDS for name in plugin_names(kind)}
    assert {(line.kind, line.name) for line in lines} == installed | {("metric", name) for name in COSTS} | {
        ("solver", name) for name in family_names()
    }
    for line in lines:
        entry = describe(line.kind, line.name)
        assert (line.tasks, line.tags, line.summary) == (entry.tasks, entry.tags, entry.summary), line.name
        assert not line.broken
        assert line.summary
    assert set(task_names()) == set(all_tasks())


def test_one_task_lists_only_what_serves_it() -> None:
    lines = listing(("solver",), "deblur")
    assert {line.name for line in lines if "contestant" not in line.tags} == {
        "blind-rl",
        "double-dip-deblur",
        "edges-tv",
        "selfdeblur",
    }
    assert {line.task for line in lines} == {"deblur"}


@pytest.mark.parametrize("heavy", ["torch", "scipy", "pandas", "numba"])
def test_listing_imports_no_plug_in(heavy: str) -> None:
    code = "import sys; from prbench.catalogue.listing import listing; listing(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert heavy not in loaded
    assert not [name for name in loaded if name.startswith(("prbench.algorithms", "prbench.datasets"))]


GOOD = '''
from dataclasses import dataclass
from prbench.core import Solver, register

WHO = "nobody"

@register("mine", task="deblur", cite=f"{WHO} (2020)", tags=("classical", *("own",)))
@dataclass(frozen=True)
class Mine(Solver):
    """A solver of my own.

    More of it.
    """
'''


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stranger's package whose entry point ``mine`` names ``strange.solvers:Mine``."""
    folder = tmp_path / "strange"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("mine", "strange.solvers:Mine", "prbench.solvers")
    tasks = module.entry_points(group="prbench.tasks")
    monkeypatch.setattr(module, "_all_points", lambda: EntryPoints([point, *tasks]))
    for function in ("_path", "_outline", "_bindings", "_is_installed"):
        getattr(declarations, function).cache_clear()
    return folder


def test_a_stranger_s_declaration_is_read_without_running_it(package: Path) -> None:
    (package / "solvers.py").write_text(GOOD)
    (line,) = listing(("solver",))
    assert (line.tasks, line.tags, line.summary) == (("deblur",), ("classical", "own"), "A solver of my own.")


def test_a_name_that_a_package_passes_on_is_followed(package: Path) -> None:
    (package / "inner.py").write_text(GOOD)
    (package / "solvers.py").write_text("from .inner import Mine\n")
    (line,) = listing(("solver",))
    assert line.tags == ("classical", "own")


BROKEN = {
    "no module": (None, "solvers"),
    "no class": ("x = 1\n", " Mine"),
    "no Python": ("class Mine(\n", "SyntaxError"),
    "no dependency": ("import prbench_is_not_there\n" + GOOD, "'prbench_is_not_there'"),
    "not literal": (GOOD.replace('("own",)', "sorted(['own'])"), "RuntimeError"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_plug_in_is_one_line(package: Path, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, told = BROKEN[fault]
    if text is not None:
        (package / "solvers.py").write_text(text)
    monkeypatch.setattr("prbench.catalogue.plugins.load_plugin", lambda *_: __import__("strange"))
    (line,) = listing(("solver",), "off-axis")
    assert told in line.broken
    assert "\n" not in line.broken
    assert json.dumps(line.plain())
