"""What must hold of this package's plug-ins besides the laws of their kinds."""

import itertools

import pytest

from prbench.core import load_plugin, plugin_names
from prbench.core.references import cited
from prbench.testing.laws import USERS_OWN

EVERY = [(kind, name) for kind in ("solver", "dataset") for name in plugin_names(kind)]


def test_plug_ins_of_one_kind_do_not_share_a_class():
    for kind in ("solver", "dataset"):
        classes = [load_plugin(kind, name) for name in plugin_names(kind)]
        assert all(a is not b for a, b in itertools.combinations(classes, 2))


@pytest.mark.parametrize(("kind", "name"), EVERY, ids=lambda text: text)
def test_its_references_have_complete_entries(kind, name):
    plugin = load_plugin(kind, name)
    if kind == "dataset" and plugin.info.cite == USERS_OWN:
        pytest.skip("a user's file has its own source")
    entries = cited(plugin.info.cite, plugin.plugin_name, plugin.info.bibtex)
    assert len(entries) == len(plugin.info.cite.split(";"))
    for entry in entries:
        assert entry.missing == (), entry.key
