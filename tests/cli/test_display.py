from collections import Counter

import pytest

from prbench.cli.display import LiveDisplay, PlainDisplay, duration, time_left
from prbench.running.engine import RunEvent, RunState


def events(n, statuses):
    state = RunState(total=n, cached=1)
    yield RunEvent("begin", state)
    for status in statuses:
        state.done += 1
        state.statuses = state.statuses + Counter([status])
        state.remaining_s = 75.0
        yield RunEvent("ended", state, cell="er on crystal2d", status=status)  # type: ignore[arg-type]
    yield RunEvent("end", state)


@pytest.mark.parametrize("display", [PlainDisplay, LiveDisplay])
def test_failures_are_told_but_not_all_of_many(display, capsys):
    with display() as shown:
        for event in events(60, ["ok", "crashed"] * 25):
            shown(event)
    err = capsys.readouterr().err
    assert 5 <= err.count("crashed: er on crystal2d") <= 10
    assert "prbench status" in err


def test_plain_lines_count_at_begin_and_end(capsys):
    display = PlainDisplay()
    for event in events(3, ["ok", "killed"]):
        display(event)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("1 of 3: 0 done, 0 failed, 1 cached")
    assert lines[-1].startswith("3 of 3: 1 done, 1 failed, 1 cached")


def test_a_shard_that_helps_others_counts_their_cells(capsys):
    """Its own cells are done: an estimate of 0 s would be wrong for as long as it helps."""
    cell: object = "er on crystal2d"
    state = RunState(total=2, done=2, remaining_s=0.0, running={cell: None}, helped=3)  # type: ignore[dict-item]
    PlainDisplay()(RunEvent("progress", state))
    assert "3 of" in capsys.readouterr().err.partition("cached")[2]
    state.running.clear()
    assert time_left(state) == "about 0 s left"


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"), (7800, "2 h 10 min")])
def test_durations(seconds, text):
    assert duration(seconds) == text
