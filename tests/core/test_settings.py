import re
from dataclasses import FrozenInstanceError, dataclass
from typing import ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prbench.core import Settings, parse_name, register, setting, setting_defaults, setting_infos
from prbench.errors import UsageError


@dataclass(frozen=True)
class Example(Settings):
    plugin_name: ClassVar[str] = "example"

    beta: float = setting(0.9, valid="(0, 2]", range=(0.5, 1.0), doc="strength")
    steps: int = setting(10, valid="[1, inf)", doc="steps")
    area: float | None = setting(None, valid="(0, 1)", doc="area")
    fast: bool = setting(False, doc="fast")
    shape: Literal["round", "square"] = setting("round", doc="shape")
    text: str = setting("", doc="text")


@pytest.mark.parametrize(
    ("given_", "found"),
    [
        ({"beta": "0.8"}, 0.8),
        ({"beta": 1}, 1.0),
        ({"steps": "16"}, 16),
        ({"steps": 16.0}, 16),
        ({"steps": "1e3"}, 1000),
        ({"steps": str(2**62 + 1)}, 2**62 + 1),
        ({"steps": 10**400}, 10**400),
        ({"area": "none"}, None),
        ({"area": "0.5"}, 0.5),
        ({"area": None}, None),
        ({"fast": "true"}, True),
        ({"fast": "False"}, False),
        ({"shape": "square"}, "square"),
        ({"text": "none"}, "none"),
        ({"text": "7"}, "7"),
    ],
)
def test_values_become_the_declared_type(given_: dict[str, object], found: object) -> None:
    (name,) = given_
    value = Example.from_params(given_).params()[name]
    assert value == found
    assert type(value) is type(found)


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ({"beta": 3.0}, r"example: beta .*\(0, 2\].*\b3\.0"),
        ({"beta": "0"}, r"example: beta .*\(0, 2\].*\b0\.0"),
        ({"steps": 0}, r"example: steps .*\[1, inf\).*\b0"),
        ({"area": 1}, r"example: area .*\(0, 1\).*\b1\.0"),
        ({"steps": "2.5"}, r"example: steps .*\bint\b.*'2\.5'"),
        ({"steps": "inf"}, r"example: steps .*\bint\b.*'inf'"),
        ({"steps": True}, r"example: steps .*\bint\b.*\bTrue"),
        ({"steps": None}, r"example: steps .*\bnone"),
        ({"beta": "nan"}, r"example: beta .*\bfloat\b.*'nan'"),
        ({"beta": 10**400}, rf"example: beta .*\bfloat\b.*\b{10**400!r}"),
        ({"area": "wide"}, r"example: area .*\bfloat\b.*\bnone\b.*'wide'"),
        ({"fast": 1}, r"example: fast .*\bbool\b.*\b1"),
        ({"text": 7}, r"example: text .*\bstr\b.*\b7"),
        ({"seed": 1}, r"example .*'seed'.*\bbeta, steps, area, fast, shape, text"),
    ],
)
def test_what_is_not_admissible_is_told_with_its_limit(given_: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        Example.from_params(given_)
    assert re.fullmatch(told, str(caught.value))


def test_a_choice_is_told_with_the_others() -> None:
    with pytest.raises(UsageError, match=r"shape .*\bround, square\b.*'oval'$"):
        Example.from_params({"shape": "oval"})


def test_choices_are_those_of_the_annotation() -> None:
    @dataclass(frozen=True)
    class Literals(Settings):
        one: Literal["a", "b"] = setting("a", doc="one")
        none_too: Literal["a", "b"] | None = setting(None, doc="or none")
        listed: str = setting("a", choices=("a", "c"), doc="listed")
        free: str | None = setting(None, doc="any text")

    choices = {name: info.choices for name, info in setting_infos(Literals).items()}
    assert choices == {"one": ("a", "b"), "none_too": ("a", "b", None), "listed": ("a", "c"), "free": None}
    assert Literals.from_params({"none_too": "none"}).none_too is None
    assert Literals.from_params({"none_too": "b"}).none_too == "b"
    with pytest.raises(UsageError, match=r"none_too .*\ba, b\b.*\bnone\b.*'c'"):
        Literals.from_params({"none_too": "c"})


def test_choices_other_than_the_annotation_s_are_an_error() -> None:
    @dataclass(frozen=True)
    class Twice(Settings):
        one: Literal["a", "b"] = setting("a", choices=("a", "c"), doc="one")

    with pytest.raises(UsageError, match=r"Twice: one .*\('a', 'c'\).*\('a', 'b'\)"):
        setting_infos(Twice)


def test_construction_checks_as_well() -> None:
    with pytest.raises(UsageError, match=r"beta .*\(0, 2\].*\b3\.0"):
        Example(beta=3.0)


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Example().beta = 1.0  # type: ignore[misc]


def test_the_defaults_are_left_out_of_the_spelling_and_stand_in_the_params() -> None:
    assert Example().spelled() == "example"
    assert Example().params() == setting_defaults(Example)
    assert list(Example().params()) == list(setting_infos(Example))
    assert Example(steps=5, beta=1.0).spelled() == "example[beta=1,steps=5]"


@dataclass(frozen=True)
class Renamed(Settings):
    plugin_name: ClassVar[str] = "renamed"

    energy: float = setting(2.0, valid="(0, 10]", doc="energy", was="e", also={"wavelength": lambda w: 8.0 / w})
    ratio: float | None = setting(None, doc="ratio", was="gamma", also={"inverse": lambda w: 1 / w})


@pytest.mark.parametrize(
    ("given_", "found"),
    [
        ({"e": "3"}, {"energy": 3.0, "ratio": None}),
        ({"wavelength": "4"}, {"energy": 2.0, "ratio": None}),
        ({"gamma": 7, "wavelength": 8}, {"energy": 1.0, "ratio": 7.0}),
        ({"gamma": "none"}, {"energy": 2.0, "ratio": None}),
        ({"inverse": None}, {"energy": 2.0, "ratio": None}),
    ],
)
def test_other_names_of_a_setting_are_read(given_: dict[str, object], found: dict[str, object]) -> None:
    made = Renamed.from_params(given_)
    assert made.params() == found
    name, read = parse_name(made.spelled())
    assert name == "renamed"
    assert Renamed.from_params(read) == made
    assert not {"e", "gamma", "wavelength", "inverse"} & set(read)


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ({"e": 1, "energy": 2}, r": e\b.*\benergy\b.*\benergy\b"),
        ({"wavelength": 1, "e": 2}, r": wavelength\b.*\be\b.*\benergy\b"),
        ({"wavelength": 0}, r"wavelength\b(?!.*float).*\b0"),
        ({"wavelength": "red"}, r"wavelength .*\bfloat\b.*\bnone\b.*'red'"),
        ({"wavelength": 0.1}, r"energy .*\(0, 10\].*\b80\.0"),
        ({"f": 1}, "'f'.*energy, ratio"),
    ],
)
def test_other_names_are_checked_as_the_setting_is(given_: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Renamed.from_params(given_)


@dataclass(frozen=True)
class WithPresets(Renamed):
    plugin_name: ClassVar[str] = "with-presets"
    presets: ClassVar[dict[str, dict[str, object]]] = {"bright": {"energy": 7.0, "ratio": 0.5}, "dim": {"energy": 0.1}}


@pytest.mark.parametrize(
    ("given_", "found"),
    [
        ({"preset": "bright"}, {"energy": 7.0, "ratio": 0.5}),
        ({"preset": "dim"}, {"energy": 0.1, "ratio": None}),
        ({"preset": "bright", "energy": 2}, {"energy": 2.0, "ratio": 0.5}),
        ({"ratio": "none", "preset": "bright"}, {"energy": 7.0, "ratio": None}),
        ({"preset": "bright", "wavelength": 4}, {"energy": 2.0, "ratio": 0.5}),
    ],
)
def test_a_preset_gives_what_nothing_else_does(given_: dict[str, object], found: dict[str, object]) -> None:
    made = WithPresets.from_params(given_)
    assert made.params() == found
    _, read = parse_name(made.spelled())
    assert "preset" not in read
    assert WithPresets.from_params(read) == made


def test_an_unknown_preset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"^with-presets: preset .*\bbright, dim\b.*'dark'"):
        WithPresets.from_params({"preset": "dark"})
    with pytest.raises(UsageError, match=r"'preset'.*energy, ratio"):
        Renamed.from_params({"preset": "bright"})


def test_a_preset_that_is_not_made_of_settings_is_refused_at_registration() -> None:
    @dataclass(frozen=True)
    class Misspelled(WithPresets):
        presets: ClassVar[dict[str, dict[str, object]]] = {"bright": {"enregy": 7.0}}

    with pytest.raises(UsageError, match="'enregy'"):
        register("misspelled", task="far-field")(Misspelled)


SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "beta": st.floats(0, 2, exclude_min=True),
        "steps": st.integers(1, 2**70),
        "area": st.none() | st.floats(0, 1, exclude_min=True, exclude_max=True),
        "fast": st.booleans(),
        "shape": st.sampled_from(["round", "square"]),
        "text": st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    },
)


@given(SETTINGS)
def test_the_spelling_builds_the_same_settings(params: dict[str, object]) -> None:
    made = Example.from_params(params)
    name, read = parse_name(made.spelled())
    assert name == "example"
    assert Example.from_params(read) == made
    assert hash(Example.from_params(read)) == hash(made)
