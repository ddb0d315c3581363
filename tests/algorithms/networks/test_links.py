"""Links of a decoder as data: how many there can be, how they are pruned, drawn, read and written."""

import json

import numpy as np
import pytest

from prbench.algorithms.networks.links import POSSIBLE, STAGES, Links, possible_sources
from prbench.errors import BadInput


def test_there_are_ninety_links():
    assert len(POSSIBLE) == len(set(POSSIBLE)) == len(Links.full()) == 90
    assert [len(possible_sources(stage)) for stage in range(1, STAGES + 1)] == [20 - 2 * stage for stage in range(1, STAGES + 1)]
    assert possible_sources(8) == ("E8", "E9", "D9", "G")


def test_all_links_and_those_of_a_u_survive_pruning():
    assert Links.full().pruned() == Links.full()
    assert Links.u_shape().pruned() == Links.u_shape()
    assert len(Links.u_shape()) == 17


@pytest.mark.parametrize(
    ("table", "left"),
    [
        ({"D1": ["E1", "D2"]}, {"D1": ["E1"]}),  # D2 has no sources
        ({"D1": ["E1", "D2"], "D2": ["D3"], "D3": ["D4"]}, {"D1": ["E1"]}),  # nor has what feeds it
        ({"D1": ["E1"], "D4": ["E5"], "D3": ["D4"]}, {"D1": ["E1"]}),  # D1 does not depend on D3
        (  # D3 repeats D5; its users then use D5
            {"D1": ["E1", "D3", "D5"], "D2": ["E3", "D3"], "D3": ["E6", "G"], "D5": ["E6", "G"]},
            {"D1": ["E1", "D5"], "D5": ["E6", "G"]},
        ),
        (
            {"D1": ["E1", "D2", "D5"], "D2": ["E3", "D3"], "D3": ["E6", "G"], "D5": ["E6", "G"]},
            {"D1": ["E1", "D2", "D5"], "D2": ["E3", "D5"], "D5": ["E6", "G"]},
        ),
        (  # D6 adds nothing to D4, which has its sources and feeds its users
            {"D1": ["E2", "D4", "D6"], "D4": ["E6", "E7", "E5"], "D6": ["E6", "E7"]},
            {"D1": ["E2", "D4"], "D4": ["E5", "E6", "E7"]},
        ),
        (  # but where a stage is used elsewhere as well it stays
            {"D1": ["E2", "D2", "D4", "D6"], "D2": ["E2", "D6"], "D4": ["E6", "E7", "E5"], "D6": ["E6", "E7"]},
            {"D1": ["E2", "D2", "D4", "D6"], "D2": ["E2", "D6"], "D4": ["E5", "E6", "E7"], "D6": ["E6", "E7"]},
        ),
        (  # a finer stage within a coarser one stays
            {"D1": ["E2", "D4", "D6"], "D4": ["E6", "E7"], "D6": ["E6", "E7", "E8"]},
            {"D1": ["E2", "D4", "D6"], "D4": ["E6", "E7"], "D6": ["E6", "E7", "E8"]},
        ),
        ({"D1": ["G", "D2"], "D2": ["G"]}, {"D1": ["D2", "G"], "D2": ["G"]}),  # nothing is compared with D1
        ({"D2": ["E3"]}, {}),
    ],
)
def test_pruning_by_hand(table, left):
    assert Links.of(table).pruned().plain() == left


@pytest.mark.parametrize("seed", range(12))
def test_pruning_twice_is_pruning_once_and_every_stage_left_has_a_purpose(seed):
    rng = np.random.default_rng(seed)
    drawn = Links(frozenset(POSSIBLE[n] for n in rng.choice(90, size=rng.integers(5, 60), replace=False)))
    left = drawn.pruned()
    assert left.pruned() == left
    for stage in left.table:
        assert stage == "D1" or left.users(stage)
    for _, source in left.pairs:
        assert source[0] != "D" or source in left.table
    assert len({sources for stage, sources in left.table.items() if stage != "D1"}) == len([d for d in left.table if d != "D1"])


@pytest.mark.parametrize("count", [2, 9, 17, 30, 60])
def test_random_links_are_as_many_as_asked_for_and_whole(count):
    draws = [Links.random(count, n) for n in range(3)]
    assert all(len(links) == count and links.pruned() == links for links in draws)
    assert count < 9 or len(set(draws)) == 3
    assert draws[0] == Links.random(count, 0)


@pytest.mark.parametrize("count", [1, 91])
def test_counts_that_cannot_be_had_are_refused(count):
    with pytest.raises(BadInput, match=rf"\b2 to 90 .*\b{count}\b"):
        Links.random(count, 0)


def test_plain_values_give_back_what_they_were_made_of():
    text = json.dumps({"links": Links.u_shape().plain(), "count": 17})
    assert Links.from_plain(json.loads(text)) == Links.u_shape()


def test_the_authors_layout():
    """Stages and sources from coarse to fine, features beside stages, the pool in the place of the stage before the first."""
    mask = np.zeros((9, 9, 2), bool)
    mask[0, 0, 1] = True  # G to D9
    mask[8, 8, 0] = True  # E1 to D1
    mask[8, 8, 1] = True  # D2 to D1
    mask[7, 1, 1] = True  # D9 to D2
    assert Links.from_plain(mask).plain() == {"D1": ["E1", "D2"], "D2": ["D9"], "D9": ["G"]}
    full = np.stack([np.tril(np.ones((9, 9), bool))] * 2, axis=-1)
    assert Links.from_mask(full) == Links.full()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], r"\"links\".* \[\]$"),
        ({"links": 3}, r"\"links\".* \{'links': 3\}$"),
        ({"links": {"D1": "E1"}}, r"\"links\".* \{'links': \{'D1': 'E1'\}\}$"),
        ({"links": {"D1": ["F"]}}, r"\bF to D1\b"),
        (np.zeros((9, 9)), r"\(9, 9, 2\).*\(9, 9\)"),
    ],
)
def test_other_values_are_refused(content, message):
    with pytest.raises(BadInput, match=message):
        Links.from_plain(content)


@pytest.mark.parametrize("link", [("D3", "E2"), ("D3", "D3"), ("D3", "D1"), ("D10", "G"), ("D1", "F")])
def test_links_that_do_not_exist_are_refused(link):
    with pytest.raises(BadInput, match=rf"link .*\b{link[1]} to {link[0]}\b"):
        Links(frozenset([link]))
