"""What every registered solver and dataset must say of itself."""

import dataclasses
import inspect
import itertools
from importlib.metadata import entry_points

import pytest

from prbench.core import (
    Dataset,
    DirectSolver,
    IterativeSolver,
    Solver,
    build_plugin,
    load_plugin,
    parse_name,
    plugin_names,
    setting_defaults,
    setting_infos,
    task_names,
)
from prbench.core.references import cited
from prbench.errors import UsageError

EVERY = [(kind, name) for kind in ("solver", "dataset") for name in plugin_names(kind)]


@pytest.fixture(params=EVERY, ids=[f"{kind}-{name}" for kind, name in EVERY])
def plugin(request):
    return load_plugin(*request.param)


@pytest.fixture
def kind(request, plugin) -> str:
    return "dataset" if issubclass(plugin, Dataset) else "solver"


def test_it_is_a_frozen_dataclass_of_its_kind(plugin, kind):
    assert dataclasses.is_dataclass(plugin)
    assert plugin.__dataclass_params__.frozen
    assert issubclass(plugin, Dataset if kind == "dataset" else Solver)
    if kind == "solver":
        assert issubclass(plugin, IterativeSolver | DirectSolver)
        assert set(plugin.libraries) <= {"numpy", "torch", "cupy"}
        assert plugin.libraries
    assert not inspect.isabstract(plugin)
    hash(plugin())


def test_its_name_is_its_entry_points(plugin, kind):
    points = [p for p in entry_points(group=f"prbench.{kind}s") if p.load() is plugin]
    assert [p.name for p in points] == [plugin.plugin_name] == [plugin.info.name]
    assert parse_name(plugin.plugin_name) == (plugin.plugin_name, {})


def test_it_says_where_it_comes_from(plugin):
    info = plugin.info
    assert info.task in task_names()
    assert info.licence
    assert info.tags
    assert info.cite
    assert "\n" not in info.cite


def test_a_published_method_can_be_found(plugin, kind):
    if kind == "dataset" and plugin.info.cite == "the file's own":
        pytest.skip("a user's file has its own source")
    assert any(mark in plugin.info.cite for mark in ("doi:", "arXiv:", "http")), plugin.info.cite


def test_its_references_have_complete_entries(plugin, kind):
    if kind == "dataset" and plugin.info.cite == "the file's own":
        pytest.skip("a user's file has its own source")
    entries = cited(plugin.info.cite, plugin.plugin_name, plugin.info.bibtex)
    assert len(entries) == len(plugin.info.cite.split(";"))
    for entry in entries:
        assert entry.missing == (), entry.key


def test_it_is_described_on_its_own(plugin):
    own = plugin.__dict__.get("__doc__") or ""
    first = own.partition("\n\n")[0].strip()
    assert len(first) > 20
    assert not first.startswith(f"{plugin.__name__}(")


def test_a_dataset_tells_the_shapes_it_makes(plugin, kind):
    if kind == "solver":
        pytest.skip("the measurement decides a solver's shapes")
    words = ("pixel", "shape", "(", "2D", "3D")
    assert any(word in (plugin.__doc__ or "") for word in words)


def test_its_settings_are_described_and_their_defaults_admissible(plugin):
    fields = {field.name for field in dataclasses.fields(plugin)}
    infos = setting_infos(plugin)
    assert fields == set(infos)
    for name, info in infos.items():
        assert info.doc, name
        assert "\n" not in info.doc
        assert not info.doc.endswith(".")
        default = setting_defaults(plugin)[name]
        if info.choices is not None:
            assert default in info.choices
        if info.range is not None:
            low, high = info.range
            assert low < high, name
            assert not info.log or low > 0, name
            assert default is None or low <= default <= high or default == 0, f"{name}: {default} is outside {info.range}"
    assert plugin().spelled() == plugin.plugin_name


def test_the_ends_of_every_range_are_admissible(plugin):
    for name, info in setting_infos(plugin).items():
        for end in info.range or ():
            plugin.from_params({name: str(end)})


def test_values_outside_the_admissible_interval_are_refused(plugin):
    for name, info in setting_infos(plugin).items():
        if info.valid is None:
            continue
        low, high = (float(end) for end in info.valid[1:-1].split(","))
        for beyond in (low - 1, high + 1):
            if abs(beyond) < float("inf"):
                with pytest.raises(UsageError, match=f"{name} must be"):
                    plugin.from_params({name: beyond})


def test_an_unknown_setting_is_refused_with_the_known_ones(plugin):
    with pytest.raises(UsageError, match="has no setting 'no_such_thing'; its settings are: "):
        plugin.from_params({"no_such_thing": 1})


def test_its_spelling_builds_it_again(plugin, kind):
    example = plugin.from_params(plugin.example)
    again = build_plugin(kind, example.spelled())
    assert again == example
    assert again.params() == example.params()


def test_plug_ins_of_one_kind_do_not_share_a_class():
    for kind in ("solver", "dataset"):
        classes = [load_plugin(kind, name) for name in plugin_names(kind)]
        assert all(a is not b for a, b in itertools.combinations(classes, 2))
