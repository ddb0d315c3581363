"""What mypy says of the declarations that plug-ins are made of."""

from pathlib import Path

import pytest

_HEADER = """
from dataclasses import dataclass
from typing import Any, Literal
from prbench import FarField
from prbench.core import IterativeSolver, Reconstruction, Rng, Settings, setting
"""

_SETTINGS = """
@dataclass(frozen=True)
class Declared(Settings):
    value: {annotation} = setting({default}, doc="a value")
"""

_SOLVER = """
@dataclass(frozen=True)
class Stepping(IterativeSolver[{parameters}]):
    def total_iterations(self, y: FarField) -> int:
        return 1

    def init(self, y: FarField, rng: Rng) -> list[int]:
        return [1]

    def step(self, y: FarField, state: {state}) -> list[int]:
        return [1]

    def estimate(self, y: FarField, state: list[int]) -> Reconstruction:
        return Reconstruction()

    def residual(self, y: FarField, state: list[int]) -> float:
        return 0.0
"""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """mypy's errors for each snippet, all checked in one run."""
    from mypy import api

    folder = tmp_path_factory.mktemp("typed")
    for name, text in SNIPPETS.items():
        (folder / f"{name}.py").write_text(_HEADER + text, encoding="utf-8")
    config = folder / "mypy.ini"
    config.write_text(
        "[mypy]\nstrict = True\nfollow_imports = silent\nignore_missing_imports = True\n[mypy-torch.*]\nfollow_imports = skip\n",
        encoding="utf-8",
    )
    files = [str(folder / f"{name}.py") for name in SNIPPETS]
    out, err, _ = api.run(["--config-file", str(config), "--cache-dir", str(folder / "cache"), *files])
    assert not err
    return {name: [line for line in out.splitlines() if Path(line.split(":")[0]).stem == name] for name in SNIPPETS}


GOOD = {
    "number": _SETTINGS.format(annotation="int", default="3"),
    "whole_as_float": _SETTINGS.format(annotation="float", default="3"),
    "optional": _SETTINGS.format(annotation="float | None", default="None"),
    "literal": _SETTINGS.format(annotation='Literal["a", "b"]', default='"a"'),
    "stated": _SOLVER.format(parameters="FarField, list[int]", state="list[int]"),
    "stateless": _SOLVER.format(parameters="FarField", state="list[int]"),
}
BAD = {
    "text_for_number": _SETTINGS.format(annotation="int", default='"many"'),
    "none_for_number": _SETTINGS.format(annotation="int", default="None"),
    "foreign_choice": _SETTINGS.format(annotation='Literal["a", "b"]', default='"c"'),
    "other_state": _SOLVER.format(parameters="FarField, list[int]", state="list[str]"),
}
SNIPPETS = GOOD | BAD


@pytest.mark.parametrize("name", GOOD)
def test_a_sound_declaration_passes(verdicts: dict[str, list[str]], name: str) -> None:
    assert not verdicts[name]


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_declaration_is_an_error(verdicts: dict[str, list[str]], name: str) -> None:
    assert any(": error: " in line for line in verdicts[name])
