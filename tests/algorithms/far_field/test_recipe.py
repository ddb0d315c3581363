import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

import prbench
from prbench.algorithms.far_field._recipe import _MAX_STEPS, fit_to_length, parse_recipe
from prbench.algorithms.far_field._updates import UPDATES
from prbench.errors import UsageError

KNOWN = tuple(UPDATES)
LEAVES = st.tuples(st.integers(1, 9), st.sampled_from(KNOWN))
TREES = st.recursive(LEAVES, lambda inner: st.tuples(st.integers(1, 4), st.lists(inner, min_size=1, max_size=3)), max_leaves=8)
BLOCKS = st.lists(st.tuples(st.sampled_from(KNOWN), st.integers(1, 9)), min_size=1, max_size=5).map(tuple)


def spell(tree) -> str:
    count, what = tree
    inner = what if isinstance(what, str) else f"({'+'.join(map(spell, what))})"
    return inner if count == 1 else f"{count}*{inner}"


def unroll(tree) -> list[str]:
    count, what = tree
    return ([what] if isinstance(what, str) else [step for part in what for step in unroll(part)]) * count


def steps_of(blocks) -> list[str]:
    return [name for name, count in blocks for _ in range(count)]


@given(TREES)
def test_a_recipe_is_the_sequence_it_spells(tree):
    blocks = parse_recipe(spell(tree), KNOWN)
    assert steps_of(blocks) == unroll(tree)
    assert all(a[0] != b[0] for a, b in itertools.pairwise(blocks))


@given(TREES)
def test_spaces_and_case_do_not_matter(tree):
    text = spell(tree)
    loose = text.lower().replace("+", " + ").replace("*", " * ").replace("(", "( ")
    assert parse_recipe(loose, KNOWN) == parse_recipe(text, KNOWN)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "early"),
        ("5*", "early"),
        ("ER+", "early"),
        ("HIO ER", ": .*'ER'; "),
        ("2*(ER", "parenthesis"),
        ("ER)", r": .*'\)'; "),
        ("ABC", ": 'ABC' .*ER, HIO"),
        ("20ER", ": .*'20ER'; "),
        ("-1*ER", r": .*'-1\*ER'; "),
        ("1.5*ER", r": .*'1\.5\*ER'; "),
        ("0*ER", rf"steps|\b1 .*\b{_MAX_STEPS}\b"),
        ("0*(ER+HIO)", rf"steps|\b1 .*\b{_MAX_STEPS}\b"),
        ("99999999999*ER", rf"\b1 .*\b{_MAX_STEPS}\b"),
        ("9999999*(9999999*ER)", rf"\b1 .*\b{_MAX_STEPS}\b"),
        ("999999*(999999*(999999*(ER+HIO)))", rf"\b1 .*\b{_MAX_STEPS}\b"),
    ],
)
def test_what_is_no_recipe_is_refused_in_one_line(text, told):
    with pytest.raises(UsageError, match=told) as caught:
        prbench.get_solver("hio-er", recipe=text)
    assert "\n" not in str(caught.value)


@given(st.text("0123456789*+()EHRIO ", max_size=24))
def test_any_text_is_read_or_refused(text):
    try:
        blocks = parse_recipe(text, KNOWN)
    except UsageError:
        return
    assert all(name in KNOWN and steps >= 1 for name, steps in blocks)


def test_nesting_without_end_is_refused():
    assert parse_recipe("(" * 20 + "ER" + ")" * 20, KNOWN) == (("ER", 1),)
    with pytest.raises(UsageError, match="nested"):
        parse_recipe("(" * 3000 + "ER" + ")" * 3000, KNOWN)


def test_what_adds_nothing_is_left_out():
    assert parse_recipe("ER+0*HIO+ER", KNOWN) == (("ER", 2),)


@given(BLOCKS, st.integers(1, 60))
def test_a_fitted_recipe_has_the_length_asked_for_and_ends_the_same(blocks, length):
    fitted = fit_to_length(blocks, length)
    steps, ending = steps_of(fitted), blocks[-1]
    assert len(steps) == length
    assert all(count >= 1 for _, count in fitted)
    kept = min(ending[1], length)
    assert steps[-kept:] == [ending[0]] * kept
    if len(blocks) > 1:
        assert fitted[-1] == (ending[0], kept)


@given(BLOCKS, st.integers(1, 60))
def test_a_fitted_recipe_repeats_what_comes_before_its_end(blocks, length):
    steps, body = steps_of(fit_to_length(blocks, length)), steps_of(blocks[:-1])
    start = steps[: max(0, length - blocks[-1][1])]
    if body:
        assert start == (body * (length // len(body) + 1))[: len(start)]


@given(BLOCKS)
def test_without_a_length_a_recipe_is_as_it_is(blocks):
    assert fit_to_length(blocks, None) == blocks
    assert steps_of(fit_to_length(blocks, len(steps_of(blocks)))) == steps_of(blocks)


def test_the_solver_makes_the_recipes_updates_in_order():
    solver = prbench.get_solver("hio-er", recipe="2*(2*ER+HIO)+RAAR")
    expected = ["ER", "ER", "HIO", "ER", "ER", "HIO", "RAAR"]
    assert [solver.update(k) for k in range(7)] == [UPDATES[name] for name in expected]
    with pytest.raises(IndexError):
        solver.update(7)
