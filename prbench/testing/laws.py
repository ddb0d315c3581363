"""What classes of laws share: the names they are about, and what every solver and dataset must say of itself."""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Any, ClassVar

import pytest

from prbench.core import (
    Dataset,
    DirectSolver,
    IterativeSolver,
    Solver,
    build_plugin,
    load_plugin,
    parse_name,
    setting_defaults,
    setting_infos,
    task_names,
)
from prbench.core.registry import Kind
from prbench.errors import UsageError

SOURCES = ("doi:", "arXiv:", "http")
"""A reference that can be found holds one of these."""
USERS_OWN = "the file's own"
"""The reference of a dataset that reads users' files."""


class Laws:
    """Tests that run for each of :attr:`names`; derive a class from it and name your plug-ins."""

    names: ClassVar[Sequence[str]] = ()
    """The names of the plug-ins, as users type them."""

    def cases(self) -> dict[tuple[str, ...], list[tuple[Any, ...]]]:
        """Values of the arguments that tests take together, by the arguments' names; a test gets the longest that fit."""
        return {("name",): [(name,) for name in self.names]}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test on the cases of its arguments."""
        fitting = [names for names in self.cases() if set(names) <= set(metafunc.fixturenames)]
        if fitting:
            names = max(fitting, key=len)
            values = self.cases()[names]
            metafunc.parametrize(names, values, ids=["-".join(map(str, value)) for value in values])


class DeclarationLaws(Laws):
    """What every solver and every dataset must say of itself."""

    kind: ClassVar[Kind]

    def plugin(self, name: str) -> Any:
        """The class of a name."""
        return load_plugin(self.kind, name)

    def test_it_is_a_frozen_dataclass_of_its_kind(self, name: str) -> None:
        """Settings are immutable, so that they can stand in a run's key."""
        plugin = self.plugin(name)
        assert isinstance(plugin, type)
        assert dataclasses.is_dataclass(plugin)
        assert getattr(plugin, "__dataclass_params__").frozen  # noqa: B009 - known to dataclasses, not to type checkers
        assert issubclass(plugin, Dataset if self.kind == "dataset" else Solver)
        if issubclass(plugin, Solver):
            assert issubclass(plugin, IterativeSolver | DirectSolver)
            assert set(plugin.libraries) <= {"numpy", "torch", "cupy"}
            assert plugin.libraries
        assert not inspect.isabstract(plugin)
        hash(plugin())

    def test_its_name_is_its_entry_points(self, name: str) -> None:
        """The name that ``register`` gives is the one that the package's metadata give."""
        plugin = self.plugin(name)
        points = [point for point in entry_points(group=f"prbench.{self.kind}s") if point.name == name]
        assert [point.load() for point in points] == [plugin]
        assert name == plugin.plugin_name == plugin.info.name
        assert parse_name(name) == (name, {})

    def test_it_says_where_it_comes_from(self, name: str) -> None:
        """A task that exists, a licence, at least one tag, and a reference of one line."""
        info = self.plugin(name).info
        assert info.task in task_names()
        assert info.licence
        assert info.tags
        assert info.cite
        assert "\n" not in info.cite

    def test_its_reference_can_be_found(self, name: str) -> None:
        """By a DOI, an arXiv number or an address."""
        cite = self.plugin(name).info.cite
        if self.kind == "dataset" and cite == USERS_OWN:
            pytest.skip("a user's file has its own source")
        assert any(mark in cite for mark in SOURCES), f"{name}: cite holds none of {', '.join(SOURCES)}: {cite}"

    def test_it_is_described_on_its_own(self, name: str) -> None:
        """By a docstring that it does not inherit."""
        plugin = self.plugin(name)
        first = (plugin.__dict__.get("__doc__") or "").partition("\n\n")[0].strip()
        assert len(first) > 20
        assert not first.startswith(f"{plugin.__name__}(")

    def test_its_settings_are_described_and_their_defaults_admissible(self, name: str) -> None:
        """Every setting has a line of documentation, and a default within its own bounds."""
        plugin = self.plugin(name)
        infos = setting_infos(plugin)
        assert {field.name for field in dataclasses.fields(plugin)} == set(infos)
        for setting, info in infos.items():
            assert info.doc, setting
            assert "\n" not in info.doc
            assert not info.doc.endswith(".")
            default = setting_defaults(plugin)[setting]
            if info.choices is not None:
                assert default in info.choices
            if info.range is not None:
                low, high = map(float, info.range)
                assert low < high, setting
                assert not info.log or low > 0, setting
                inside = default is None or default == 0 or (not isinstance(default, str) and low <= default <= high)
                assert inside, f"{setting}: {default} is outside {info.range}"
        assert plugin().spelled() == plugin.plugin_name

    def test_the_ends_of_every_range_are_admissible(self, name: str) -> None:
        """A search may try them."""
        plugin = self.plugin(name)
        for setting, info in setting_infos(plugin).items():
            for end in info.range or ():
                plugin.from_params({setting: str(end)})

    def test_values_outside_the_admissible_interval_are_refused(self, name: str) -> None:
        """In one line that names the setting."""
        plugin = self.plugin(name)
        for setting, info in setting_infos(plugin).items():
            if info.valid is None:
                continue
            low, high = (float(end) for end in info.valid[1:-1].split(","))
            for beyond in (low - 1, high + 1):
                if math.isfinite(beyond):
                    with pytest.raises(UsageError, match=rf"\b{setting} .*{re.escape(info.valid)}"):
                        plugin.from_params({setting: beyond})

    def test_an_unknown_setting_is_refused_with_the_known_ones(self, name: str) -> None:
        """A misspelled setting must not be ignored."""
        with pytest.raises(UsageError, match="no_such_thing"):
            self.plugin(name).from_params({"no_such_thing": 1})

    def test_a_preset_stands_for_its_settings_and_gives_way_to_others(self, name: str) -> None:
        """What is recorded are the settings, which build the same again; one given beside the preset holds."""
        plugin = self.plugin(name)
        defaults = setting_defaults(plugin)
        for preset, values in plugin.presets.items():
            built = plugin.from_params({"preset": preset})
            assert {key: built.params()[key] for key in values} == dict(values)
            assert build_plugin(self.kind, built.spelled()) == built != plugin()
            for key in values:
                assert plugin.from_params({"preset": preset, key: defaults[key]}).params()[key] == defaults[key]

    def test_its_spelling_builds_it_again(self, name: str) -> None:
        """Records spell a plug-in with its settings, and rebuild it from that."""
        plugin = self.plugin(name)
        example = plugin.from_params(plugin.example)
        again = build_plugin(self.kind, example.spelled())
        assert again == example
        assert again.params() == example.params()
