import subprocess
import sys
from pathlib import Path

import pytest

from prbench.core import build_plugin, load_plugin, plugin_names, register
from prbench.errors import UsageError

ONE_FILE = '''
from dataclasses import dataclass

from prbench.core import DirectSolver, FarField, Reconstruction, register, setting


@register("nothing", task="far-field", cite="nobody")
@dataclass(frozen=True)
class Nothing(DirectSolver[FarField]):
    """Zeros."""

    level: float = setting(0.0, valid="[0, 1]", doc="of the zeros")

    def solve(self, y, rng):
        return Reconstruction(object=y.backend.zeros(y.object_shape, y.backend.complex) + self.level)
'''


@pytest.mark.parametrize(("wrong", "right"), [("hio-re", "hio-er"), ("rarr", "raar"), ("difference_map", "difference-map")])
def test_a_misspelled_name_is_answered_with_the_nearest(wrong: str, right: str) -> None:
    with pytest.raises(UsageError, match=rf"solver '{wrong}'.*\b{right}\b"):
        build_plugin("solver", wrong)


def test_a_name_like_no_other_is_answered_with_the_way_to_the_list() -> None:
    with pytest.raises(UsageError, match=r"dataset 'zzzzzz'.*`prbench list`"):
        build_plugin("dataset", "zzzzzz")


def test_a_solver_is_no_dataset() -> None:
    with pytest.raises(UsageError, match="dataset 'hio-er'"):
        load_plugin("dataset", "hio-er")


def test_a_setting_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^hio: beta\b"):
        build_plugin("solver", "hio[beta=0.8]", {"beta": 0.7})
    assert build_plugin("solver", "hio[beta=0.8]", {"iterations": 5}).params()["iterations"] == 5


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(UsageError, match=r"task 'farfield'.*deblur, far-field"):
        register("a", task="farfield")


def test_names_are_sorted_and_listing_them_imports_no_plug_in() -> None:
    assert plugin_names("solver") == sorted(plugin_names("solver"))
    code = (
        "import sys; from prbench.core import plugin_names; print(plugin_names('solver'));"
        "print([m for m in sys.modules if m.startswith(('prbench.algorithms', 'prbench.datasets'))])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names, imported = run.stdout.splitlines()
    assert "hio-er" in names
    assert imported == "[]"


def test_a_file_of_ones_own_is_a_plug_in(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(ONE_FILE)
    solver = build_plugin("solver", f"{file}:Nothing[level=0.5]")
    assert solver.spelled() == "nothing[level=0.5]"
    assert solver == build_plugin("solver", f"{file}:Nothing", {"level": 0.5})


def test_a_file_that_failed_once_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("raise RuntimeError('line1\\nline2')")
    with pytest.raises(UsageError, match="RuntimeError: line1 line2") as caught:
        build_plugin("solver", f"{file}:Nothing")
    assert "\n" not in str(caught.value)
    file.write_text(ONE_FILE + "\n# longer, so that no cached byte code of the first text stands for it\n")
    assert build_plugin("solver", f"{file}:Nothing").spelled() == "nothing"
