"""YAML of strangers is plain values, or refused in one line at once; and so are matrices and clusters made of it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from prbench.core.yaml_text import read_yaml
from prbench.errors import UsageError
from prbench.running.request.spec import Matrix

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
REFUSED = {
    "tag that runs": ("!!python/object/apply:os.system ['touch executed']", "tag"),
    "tag that names": ("solvers: !!python/name:os.system\n", "tag"),
    "tag of one's own": ("solvers: !mine [hio]\n", "tag"),
    "key twice": ("solvers: [hio]\nsolvers: [er]\n", ": solvers .*line 2"),
    "key twice below": ("datasets: [{dataset: a, samples: 1, samples: 2}]\n", ": samples .*line 1"),
    "a billion laughs": (LAUGHS, "aliases"),
    "list in itself": ("&a [*a]", "itself"),
    "mapping in itself": ("a: &a {b: *a}", "itself"),
    "deep": ("a: " + "[" * 200 + "]" * 200, r"\b40\b"),
    "very deep": ("a: " + "[" * 3_000, "m.yaml"),
    "long": ("x" * 1_000_001, r"\b1000001\b.*\b1000000\b"),
    "list as key": ("? [a]\n: 1\n", "unhashable"),
    "no such date": ("a: 2020-13-45\n", "month"),
    "control character": ("a: \x00", "#x0000"),
    "two documents": ("a: 1\n---\nb: 2\n", "document"),
    "merge of no mapping": ("<<: [hio]\n", "merging"),
    "unknown alias": ("a: *b\n", "alias 'b'"),
    "huge integer": ("a: " + "9" * 10_000, "m.yaml"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text, told = REFUSED[case]
    for read in (lambda: read_yaml(text, "m.yaml"), lambda: Matrix.parse(text, "m.yaml")):
        with pytest.raises(UsageError, match=told) as caught:
            read()
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith("m.yaml")
    assert list(tmp_path.iterdir()) == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=15,
)


@given(VALUES)
def test_plain_values_are_read_as_they_were_written(value):
    assert read_yaml(yaml.safe_dump(value), "m.yaml") == value


@given(st.text(max_size=80) | st.text("{}[]&*!:-? \n'\"abc|>#,01", max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        Matrix.parse(text, "m.yaml")
    except UsageError as error:
        assert "\n" not in str(error)  # noqa: PT017 - being read is right as well


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("solvers: [hio]\ndatasets: [crystal2d]\ntime_limit_s: .inf\n", r"\btime_limit_s\b.*\binf\b"),
        (
            "solvers: [hio]\ndatasets: [crystal2d]\nsamples: 1000000\nseeds: 1000000\n",
            r"\b1000000000000\b.*\b10000000\b",
        ),
        ("solvers: [hio]\ndatasets: [crystal2d]\nsamples: [0, -1]\n", "samples"),
        ("solvers: ['hio[beta=0.5,beta=0.6]']\ndatasets: [crystal2d]\n", r"'hio\[beta=0\.5,beta=0\.6\]': 'beta'"),
        ("solvers: [../../etc/passwd]\ndatasets: [crystal2d]\n", r"'\.\./\.\./etc/passwd'"),
        ("solvers: [crystal2d]\ndatasets: [hio]\n", "solver 'crystal2d'"),
    ],
)
def test_entries_that_contradict_or_cannot_be_are_told_in_one_line(text, told):
    with pytest.raises(UsageError, match=told) as caught:
        Matrix.parse(text, "m.yaml").cells()
    assert "\n" not in str(caught.value)


def test_the_same_entry_twice_is_once():
    text = "solvers: [hio, hio, 'hio[beta=0.9]']\ndatasets: [crystal2d, crystal2d]\nsamples: [0, 0]\nbackend: numpy\n"
    assert len(Matrix.parse(text, "m.yaml").cells()) == 1
