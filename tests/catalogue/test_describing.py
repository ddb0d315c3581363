import re

import pytest

from prbench.catalogue.plugins import describe, look_up
from prbench.core import plugin_names
from prbench.errors import UsageError


def test_settings_given_are_checked_and_shown():
    (entry,) = look_up("hio[beta=0.7]")
    beta = next(s for s in entry.settings if s.name == "beta")
    assert beta.value == "0.7"
    assert beta.default != "0.7"
    assert beta.doc
    with pytest.raises(UsageError, match=r"\bbeta .*\(0, 2\].*\b7"):
        look_up("hio[beta=7]")


def test_an_unknown_name_comes_with_the_nearest():
    with pytest.raises(UsageError, match=r"'hio-err'.*\bhio-er\b"):
        look_up("hio-err")


def test_every_citation_becomes_balanced_bibtex():
    for kind in ("solver", "dataset"):
        for name in plugin_names(kind):
            entry = describe(kind, name)
            if re.search(r"\d{4}", entry.cite):
                assert len(re.findall(r"@\w+\{", entry.bibtex)) >= 1
                assert entry.bibtex.count("{") == entry.bibtex.count("}")
