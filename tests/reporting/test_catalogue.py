import re

import pytest

from prbench.catalogue.plugins import KINDS, catalogue, look_up
from prbench.core import plugin_names
from prbench.errors import UsageError
from prbench.metrics.costs import COSTS


def test_everything_installed_is_described():
    entries = catalogue()
    installed = {(kind, name) for kind in KINDS for name in plugin_names(kind)}
    assert {(e.kind, e.name) for e in entries} == installed | {("metric", name) for name in COSTS}
    for entry in entries:
        assert not entry.broken, (entry.name, entry.broken)
        assert entry.summary, entry.name
        assert entry.tasks, entry.name


def test_settings_given_are_checked_and_shown():
    (entry,) = look_up("hio[beta=0.7]")
    beta = next(s for s in entry.settings if s.name == "beta")
    assert beta.value == "0.7"
    assert beta.default != "0.7"
    assert beta.doc
    with pytest.raises(UsageError, match="beta must be in"):
        look_up("hio[beta=7]")


def test_an_unknown_name_comes_with_the_nearest():
    with pytest.raises(UsageError, match=r"did you mean.*hio-er"):
        look_up("hio-err")


def test_every_citation_becomes_balanced_bibtex():
    for entry in catalogue(("solver", "dataset")):
        if re.search(r"\d{4}", entry.cite):
            assert len(re.findall(r"@\w+\{", entry.bibtex)) >= 1
            assert entry.bibtex.count("{") == entry.bibtex.count("}")


def test_a_plug_in_that_cannot_be_imported_says_so(monkeypatch):
    from prbench.catalogue import plugins as module

    monkeypatch.setattr(module, "plugin_names", lambda kind: ["broken"] if kind == "solver" else [])
    monkeypatch.setattr(module, "load_plugin", lambda _kind, _name: 1 / 0)
    (entry,) = module.catalogue(("solver",))
    assert "ZeroDivisionError" in entry.broken
