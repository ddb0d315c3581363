import numpy as np
import pandas as pd
import pytest

from prbench.analysis.search_space import Dimension, draw, search_space
from prbench.analysis.sensitivity import DRAW, VARIED, random_settings, sensitivity
from prbench.analysis.sweeps import SweepAxis, parse_axis, sweep_points, sweep_table
from prbench.core import load_plugin, parse_name
from prbench.core.settings import setting_infos
from prbench.errors import UsageError


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("photons=1,10,100", ("1", "10", "100")),
        ("photons=1:1000:4log", ("1.0", "10.0", "100.0", "1000.0")),
        ("beta=0.5:1:3", ("0.5", "0.75", "1.0")),
        ("photons=10,none", ("10", "none")),
        ("photons=10,10,20", ("10", "20")),
    ],
)
def test_values_of_an_axis(text, values):
    assert parse_axis(text).values == values


def test_an_axis_may_say_whose_it_is():
    assert parse_axis("dataset.photons=1,2") == SweepAxis("photons", ("1", "2"), "dataset")
    assert parse_axis("solver.beta=1,2").whose == "solver"


@pytest.mark.parametrize(
    "text", ["photons", "photons=1", "=1,2", "a.b=1,2", "photons=0:10:3log", "photons=10:1:3", "x=1:2:1", "x=a:b:3", "X Y=1,2"]
)
def test_what_is_no_axis_is_refused(text):
    with pytest.raises(UsageError):
        parse_axis(text)


def test_every_solver_meets_every_dataset_at_every_value():
    points = sweep_points(
        ["hio", "raar"], ["crystal2d", "cell2d[size=32]"], [parse_axis("photons=10,100"), parse_axis("beta=0.5,0.9")]
    )
    assert len(points) == len(set(points)) == 16
    first = points[0]
    assert (first.solver_label, first.dataset_label, first.values) == ("hio", "crystal2d", (10.0, 0.5))
    assert parse_name(first.dataset)[1] == {"photons": "10"}
    assert parse_name(first.solver)[1] == {"beta": "0.5"}
    sizes = [p for p in points if p.dataset_label == "cell2d[size=32]"]
    assert {parse_name(p.dataset)[1]["size"] for p in sizes} == {"32"}


def test_a_solver_without_the_setting_stays_as_it_is_and_stands_once():
    points = sweep_points(["hio", "er"], ["crystal2d"], [parse_axis("beta=0.5,0.7,0.9")])
    assert [p.values for p in points if p.solver == "er"] == [(None,)]
    assert len([p for p in points if p.solver_label == "hio"]) == 3


def test_whole_numbers_stay_whole_and_none_is_a_value():
    points = sweep_points(["hio"], ["crystal2d"], [parse_axis("iterations=10:1000:5log")])
    assert [p.values[0] for p in points] == [10, 32, 100, 316, 1000]
    assert all(isinstance(p.values[0], int) for p in points)
    assert [p.values[0] for p in sweep_points(["hio"], ["crystal2d"], [parse_axis("photons=10,none")])] == [10.0, "none"]


@pytest.mark.parametrize(
    ("solvers", "datasets", "axis", "message"),
    [
        (["hio"], ["crystal2d"], "nothing=1,2", r"^crystal2d, hio: .*'nothing'"),
        (["er"], ["crystal2d"], "solver.beta=1,2", r"^er: .*'beta'"),
        (["hio[beta=0.5]"], ["crystal2d"], "beta=0.6,0.7", r"^hio\[beta=0\.5\] .*\bbeta\b"),
        (["hio"], ["crystal2d"], "beta=0.6,7", r"\bbeta .*\(0, 2\].*\b7"),
        (["hio"], ["warped-speckle"], "beta=0.6,0.7", r"\bhio\b.*\bwarped-speckle\b.*\btasks\b"),
        (["umpa"], ["file-of-nothing"], "beta=0.6,0.7", r"\bdataset 'file-of-nothing'"),
    ],
)
def test_what_cannot_be_swept_is_refused(solvers, datasets, axis, message):
    with pytest.raises(UsageError, match=message):
        sweep_points(solvers, datasets, [parse_axis(axis)])


def records(points):
    """One record per point; the error is the value swept over 1000, with a failure at the largest."""
    rows = [{"key": p["key"], "sample": p["sample"], "value": float(p["over.photons"])} for p in points]
    frame = pd.DataFrame(rows).drop_duplicates("key")
    made = {"task": "far-field", "solver": "spelled", "dataset": "spelled", "seed": 0}
    frame = frame.assign(**made, status=np.where(frame["value"] < 1000, "ok", "crashed"), latency_fft=1.0)
    return frame.assign(sa_nmse=np.where(frame["value"] < 1000, frame["value"] / 1000, np.nan))


def points():
    at = [(s, v, i) for s in ("hio", "raar") for v in (10, 100, 1000) for i in range(4)]
    return [{"key": f"{s}{v}{i}", "solver": s, "dataset": "d", "over.photons": v, "sample": i} for s, v, i in at]


def test_a_sweep_keeps_one_goal_where_all_fail_and_the_order_asked():
    found = points()
    table = pd.DataFrame(found).drop(columns="sample")
    goals, rows = sweep_table(records(found), table, ["over.photons"])
    assert goals["d"].metric == "sa_nmse"
    assert rows["metric"].unique().tolist() == ["sa_nmse"]
    assert rows["solver"].tolist() == ["hio"] * 3 + ["raar"] * 3
    assert rows["over.photons"].tolist() == [10, 100, 1000] * 2
    assert rows["median"].tolist() == [0.01, 0.1, np.inf] * 2
    assert rows["success"].tolist() == [1, 0, 0] * 2
    with pytest.raises(UsageError, match=rf"\b{len(found)}$"):
        sweep_table(records(found).assign(status="skipped"), table, ["over.photons"])


def test_the_space_is_what_is_declared_less_what_is_given():
    cls = load_plugin("solver", "hio-er")
    space = {d.name: d for d in search_space(cls, fixed=("starts",))}
    declared = {name for name, info in setting_infos(cls).items() if info.range or info.choices}
    assert set(space) == declared - {"starts"}
    assert [d.name for d in search_space(cls, only=("beta",))] == ["beta"]
    with pytest.raises(UsageError, match=r": recipe\b.*\brange\b.*\bbeta\b"):
        search_space(cls, only=("recipe",))
    with pytest.raises(UsageError, match=r": beta\b(?!.*\brange\b)"):
        search_space(cls, fixed=("beta",), only=("beta",))


def test_values_drawn_stay_in_their_ranges_and_scales():
    log = Dimension("x", 1, 10_000, log=True, integer=True)
    assert log.spread(5) == (1, 10, 100, 1000, 10_000)
    assert Dimension("x", 1, 3, integer=True).spread(50) == (1, 2, 3)
    assert {Dimension("x", choices=("a", None)).at(share) for share in (0, 0.4, 0.6, 1)} == {"a", None}
    cls = load_plugin("solver", "hio-er")
    rng = np.random.default_rng(0)
    space = search_space(cls)
    for _ in range(50):
        point = draw(cls, {}, space, rng)
        for d in space:
            assert d.choices or d.low <= point[d.name] <= d.high
            assert not d.integer or isinstance(point[d.name], int)


def test_random_settings_keep_what_is_given_and_grow_with_their_number():
    few, many = random_settings("hio-er[starts=2]", 3), random_settings("hio-er[starts=2]", 6)
    assert many[:4] == few
    assert few[0][0] == "hio-er[starts=2]"
    assert all(parse_name(spelled)[1]["starts"] == "2" for spelled, _ in many)
    assert len({spelled for spelled, _ in many}) == 7
    assert set(random_settings("hio", 2, ["beta"])[1][1]) == {"beta"}


def test_the_spread_of_quality_and_what_it_follows():
    rng = np.random.default_rng(0)
    beta = np.concatenate([[0.9], rng.uniform(0.5, 1, 40)])
    at = [
        {
            "key": f"{n}-{i}",
            "solver": "hio",
            "dataset": "d",
            DRAW: n,
            "spelled": f"hio[{n}]",
            f"{VARIED}beta": b,
            f"{VARIED}idle": r,
        }
        for n, (b, r) in enumerate(zip(beta, rng.random(41), strict=True))
        for i in range(5)
    ]
    frame = pd.DataFrame({"key": [p["key"] for p in at], "sample": [int(p["key"][-1]) for p in at], "seed": 0, "status": "ok"})
    frame = frame.assign(task="far-field", solver="", dataset="", sa_nmse=[p[f"{VARIED}beta"] / 10 for p in at])
    frame.loc[frame["key"].str.startswith("7-"), ["status", "sa_nmse"]] = ["crashed", np.nan]
    goals, rows, influences = sensitivity(frame, pd.DataFrame(at))
    row = rows.iloc[0]
    assert row["default"] == pytest.approx(0.09)
    assert row["settings"] == 40
    assert row["best"] <= row["low"] <= row["median"] <= row["high"] <= row["worst"] == np.inf
    assert row["success"] == pytest.approx(np.mean(np.delete(beta, [0, 7]) <= 0.5) * 39 / 40)
    assert row["spelled"] == f"hio[{np.argmin(beta)}]"
    assert influences["setting"].tolist() == ["beta", "idle"]
    assert influences["correlation"].iloc[0] > 0.9
    assert goals["d"].metric == "sa_nmse"
