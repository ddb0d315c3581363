"""The list of accepted changes for the worse."""

import dataclasses
import json

import pytest
from gate_cells import cells

from prbench.errors import PrbenchError
from prbench.gate.accepted import Accepted, accept, expired, read_accepted
from prbench.gate.regression import compare_versions

ENTRY = {"solver": "hio", "what": "ffts", "up_to": 1.3, "baseline": "far-field@1a2b3c4d", "why": "one more projection"}


def dearer():
    """A head that takes a quarter more FFTs."""
    return compare_versions(cells(), cells(ffts=125), stored=False)


def entry(**changes):
    return Accepted(**{**ENTRY, **changes})


def test_an_accepted_cost_passes_and_the_reason_is_kept():
    assert not dearer().passes
    found = accept(dearer(), [entry()], "far-field@1a2b3c4d")
    assert found.passes
    assert {finding.accepted for finding in found.findings if finding.what == "ffts"} == {"one more projection"}


@pytest.mark.parametrize(
    "changes", [{"up_to": 1.2}, {"what": "operators"}, {"solver": "raar"}, {"baseline": "far-field@00000000"}]
)
def test_nothing_else_passes(changes):
    assert not accept(dearer(), [entry(**changes)], "far-field@1a2b3c4d").passes


def test_what_has_no_ratio_is_accepted_by_its_value():
    head = [*cells(7), {**cells()[7], "status": "time_limit"}]
    found = compare_versions(cells(), head, stored=False)
    assert accept(found, [entry(what="status", up_to="time_limit")], ENTRY["baseline"]).passes
    assert not accept(found, [entry(what="status", up_to="diverged")], ENTRY["baseline"]).passes
    assert not accept(found, [entry(what="status", up_to=5)], ENTRY["baseline"]).passes


def test_an_entry_expires_with_the_next_baseline():
    assert expired([entry()], ["far-field@1a2b3c4d", "random@00000000"]) == ()
    assert expired([entry()], ["far-field@ffffffff"]) == (entry(),)


def test_a_list_is_read_and_one_that_is_not_there_accepts_nothing(tmp_path):
    path = tmp_path / "accepted.yaml"
    assert read_accepted(path) == ()
    path.write_text("# nothing yet\n")
    assert read_accepted(path) == ()
    path.write_text(json.dumps([ENTRY]))
    assert [dataclasses.asdict(found) for found in read_accepted(path)] == [ENTRY]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{a: 1}", "list.*solver, what, up_to, baseline, why.*dict"),
        ("[{solver: hio}]", "entry 1 .*solver, what, up_to, baseline, why"),
        (json.dumps([{**ENTRY, "why": ""}]), "entry 1: why .*''"),
        (json.dumps([ENTRY, {**ENTRY, "up_to": 0.9}]), r"entry 2: up_to .*0\.9"),
        (json.dumps([{**ENTRY, "up_to": True}]), "entry 1: up_to .*True"),
        (json.dumps([{**ENTRY, "baseline": "far-field"}]), "entry 1: baseline .*`prbench check`.*'far-field'"),
        ("[", r"accepted\.yaml .*YAML"),
    ],
)
def test_what_is_no_list_is_one_line(content, message, tmp_path):
    path = tmp_path / "accepted.yaml"
    path.write_text(content)
    with pytest.raises(PrbenchError, match=message) as caught:
        read_accepted(path)
    assert len(str(caught.value).splitlines()) == 1
