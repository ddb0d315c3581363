import pandas as pd

from prbench.analysis import leaderboards
from prbench.analysis.overview import leaders


def frame(*rows):
    kept = ("task", "solver", "dataset", "sample", "sa_nmse")
    return pd.DataFrame([{**dict(zip(kept, row, strict=True)), "seed": 0, "status": "ok"} for row in rows])


def test_the_leader_is_first_on_most_datasets():
    rows = [("far-field", "a", data, sample, 0.1) for data in ("x", "y", "z") for sample in range(8)]
    rows += [
        ("far-field", "b", data, sample, value) for data, value in (("x", 0.2), ("y", 0.3), ("z", 0.01)) for sample in range(8)
    ]
    (leader,) = leaders(leaderboards(frame(*rows)))
    assert (leader.task, leader.solver, leader.firsts, leader.datasets) == ("far-field", "a", 2, 3)
    assert (leader.dataset, leader.value, leader.goal.metric) == ("x", 0.1, "sa_nmse")
    assert leader.others == 0


def test_it_says_who_cannot_be_told_apart():
    rows = [
        ("far-field", solver, "x", sample, 0.1 + 0.01 * (sample + k) % 0.03)
        for k, solver in enumerate("ab")
        for sample in range(6)
    ]
    (leader,) = leaders(leaderboards(frame(*rows)))
    assert leader.others == 1


def test_there_is_one_leader_per_task():
    rows = [(task, "a", "x", 0, 0.5) for task in ("far-field", "random")]
    assert [leader.task for leader in leaders(leaderboards(frame(*rows)))] == ["far-field", "random"]


def test_boards_of_one_task_are_told_by_their_conditions():
    rows = frame(*[("far-field", "a", "x", sample, 0.5) for sample in range(4)])
    rows["split"] = ["tune", "tune", "test", "test"]
    assert sorted(leader.title for leader in leaders(leaderboards(rows))) == ["far-field, split test", "far-field, split tune"]
