from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prbench.core import format_name, parse_name, split_names
from prbench.errors import UsageError

NAMES = st.from_regex(r"[a-z0-9][a-z0-9@._-]{0,20}", fullmatch=True)
KEYS = st.from_regex(r"[a-z_][a-z0-9_]{0,12}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text("()[]{},='\"\\ ab1*+", max_size=12)


@given(NAMES, st.dictionaries(KEYS, TEXTS, max_size=4))
def test_whatever_text_is_formatted_is_parsed_back(name: str, params: dict[str, str]) -> None:
    assert parse_name(format_name(name, params)) == (name, params)


@given(st.floats(allow_nan=False))
def test_a_float_is_parsed_back_exactly(value: float) -> None:
    _, params = parse_name(format_name("a", {"x": value}))
    assert float(params["x"]) == value


@given(st.integers(-(10**300), 10**300))
def test_an_integer_is_parsed_back_exactly(value: int) -> None:
    assert parse_name(format_name("a", {"x": value}))[1] == {"x": str(value)}


@pytest.mark.parametrize(("value", "spelled"), [(None, "none"), (True, "true"), (False, "false"), (0.8, "0.8"), (16.0, "16")])
def test_values_are_spelled_as_a_user_types_them(value: object, spelled: str) -> None:
    assert format_name("a", {"x": value}) == f"a[x={spelled}]"


@given(st.lists(st.tuples(NAMES, st.dictionaries(KEYS, TEXTS, max_size=3)), min_size=1, max_size=4))
def test_a_list_of_names_is_split_into_them(items: list[tuple[str, dict[str, str]]]) -> None:
    spelled = [format_name(name, params) for name, params in items]
    assert split_names(",".join(spelled)) == spelled


@pytest.mark.parametrize(
    ("text", "name", "params"),
    [
        ("hio-er", "hio-er", {}),
        (" hio-er[ beta = 0.8 , starts=16 ] ", "hio-er", {"beta": "0.8", "starts": "16"}),
        ("hio-er[recipe=5*(20*ER+180*HIO)+20*ER]", "hio-er", {"recipe": "5*(20*ER+180*HIO)+20*ER"}),
        ("file[path='a,b].cxi']", "file", {"path": "a,b].cxi"}),
        ('file[path="it\'s.cxi"]', "file", {"path": "it's.cxi"}),
        ("er[]", "er", {}),
    ],
)
def test_the_grammar_of_the_documentation(text: str, name: str, params: dict[str, str]) -> None:
    assert parse_name(text) == (name, params)


@pytest.mark.parametrize(
    "text",
    ["", "-a", "HIO", "a b", "a[b", "a[b=1]]", "a]", "a[b]", "a[=1]", "a[B=1]", "a[b=1,b=2]", "a[b='x]", "a[b=(1]", "x" * 5000],
)
def test_what_cannot_be_read_is_refused_in_one_short_line(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_name(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


@given(st.text(max_size=60) | st.text("a[]=,'\"() 1", max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(UsageError):
        name, params = parse_name(text)
        assert parse_name(format_name(name, params)) == (name, params)


PATHS = ["a,b.cxi", "scan [1]/p.npy", "it's.h5::/entry/data", r"C:\data\new.h5", 'say "x", y=1.tif', "a=b.npy", "("]


@pytest.mark.parametrize("path", PATHS)
def test_paths_of_any_spelling_come_back(path: str) -> None:
    spelled = format_name("file", {"path": path, "mask": path})
    assert parse_name(spelled) == ("file", {"path": path, "mask": path})


def test_windows_paths_may_be_quoted_as_they_are() -> None:
    assert parse_name(r"file[path='C:\data\new.h5']") == ("file", {"path": r"C:\data\new.h5"})


def test_a_comma_without_quotes_is_explained() -> None:
    with pytest.raises(UsageError, match=r"'b\.cxi'.*file\[path='a,b\.cxi'\]"):
        parse_name("file[path=a,b.cxi]")
