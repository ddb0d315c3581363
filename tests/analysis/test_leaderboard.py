import numpy as np
import pandas as pd
import pytest

from prbench.analysis import goals, leaderboards
from prbench.errors import UsageError


def records(n=600, seed=0, seeds=2):
    rng = np.random.default_rng(seed)
    solver = rng.choice(["er", "hio-er", "raar[beta=0.8]"], n)
    return pd.DataFrame(
        {
            "key": [f"{i:032x}" for i in range(n)],
            "task": "far-field",
            "solver": solver,
            "dataset": rng.choice(["crystal2d", "crystal2d[size=128]"], n),
            "sample": rng.integers(0, 20, n),
            "seed": rng.integers(0, seeds, n),
            "status": "ok",
            "sa_nmse": 10 ** rng.normal(-2 + (solver == "er"), 0.5, n),
            "r_factor": rng.random(n) / 10,
            "latency_s": rng.random(n),
            "latency_fft": rng.random(n) * 1000,
        }
    )


def one(frame, **where):
    rows = leaderboards(frame)[0].rows
    for key, value in where.items():
        rows = rows[rows[key] == value]
    assert len(rows) == 1
    return rows.iloc[0]


def test_every_solver_stands_once_in_each_dataset_best_first():
    board = leaderboards(records())[0]
    assert not board.rows.duplicated(["dataset", "solver"]).any()
    for _, block in board.rows.groupby("dataset"):
        assert block["rank"].tolist() == [1, 2, 3]
        assert block["median"].is_monotonic_increasing
        assert block["solver"].iloc[-1] == "er"
        assert ((block["median_low"] <= block["median"]) & (block["median"] <= block["median_high"])).all()
        assert ((block["success_low"] <= block["success"]) & (block["success"] <= block["success_high"])).all()


def test_a_crash_counts_as_worst_and_is_counted():
    frame = records()
    before = one(frame, solver="hio-er", dataset="crystal2d")
    mine = (frame["solver"] == "hio-er") & (frame["dataset"] == "crystal2d")
    frame.loc[frame[mine].index[::2], ["status", "sa_nmse"]] = ["crashed", np.nan]
    after = one(frame, solver="hio-er", dataset="crystal2d")
    assert after["failed"] == (mine.sum() + 1) // 2
    assert after["cells"] == before["cells"]
    assert after["median"] > before["median"]
    assert after["success"] < before["success"]
    frame.loc[mine, ["status", "sa_nmse"]] = ["killed", np.nan]
    last = one(frame, solver="hio-er", dataset="crystal2d")
    assert np.isinf(last["median"])
    assert last["rank"] == 3
    assert last["success"] == 0


def test_an_ok_cell_without_a_score_is_a_failure():
    frame = records()
    frame.loc[frame["solver"] == "er", "sa_nmse"] = np.nan
    rows = leaderboards(frame)[0].rows
    er = rows[rows["solver"] == "er"]
    assert (er["failed"] == er["cells"]).all()


def test_a_time_limit_is_scored_as_it_stood():
    frame = records()
    frame["status"] = "time_limit"
    rows = leaderboards(frame)[0].rows
    assert (rows["failed"] == 0).all()
    assert (rows["time_limit"] == rows["cells"]).all()


def test_what_never_ran_is_left_out():
    frame = records()
    added = frame.assign(status="interrupted", sa_nmse=np.nan)
    pd.testing.assert_frame_equal(leaderboards(frame)[0].rows, leaderboards(pd.concat([frame, added]))[0].rows)


def test_repeating_the_same_samples_does_not_narrow_an_interval():
    frame = records(seeds=1).drop_duplicates(["solver", "dataset", "sample"])
    repeated = pd.concat([frame.assign(seed=s) for s in range(10)], ignore_index=True)
    columns = ["median", "median_low", "median_high", "median_level", "success", "success_low", "success_high", "samples"]
    pd.testing.assert_frame_equal(leaderboards(frame)[0].rows[columns], leaderboards(repeated)[0].rows[columns])


def test_the_order_of_the_records_does_not_matter():
    frame = records()
    shuffled = frame.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(leaderboards(frame)[0].rows, leaderboards(shuffled)[0].rows)


def test_without_truth_the_misfit_decides_and_nothing_is_a_success():
    frame = records()
    frame.loc[frame["dataset"] == "crystal2d", "sa_nmse"] = np.nan
    board = leaderboards(frame)[0]
    assert board.goals["crystal2d"].metric == "r_factor"
    assert board.goals["crystal2d[size=128]"].metric == "sa_nmse"
    measured = board.rows[board.rows["dataset"] == "crystal2d"]
    assert measured["success"].isna().all()
    assert measured["median"].equals(measured["r_factor"])


def test_stale_cells_are_counted():
    frame = records()
    frame["stale"] = frame["solver"] == "er"
    rows = leaderboards(frame)[0].rows
    assert (rows["stale"] == rows["cells"].where(rows["solver"] == "er", 0)).all()


def test_missing_cells_are_those_that_others_have():
    frame = records().drop_duplicates(["solver", "dataset", "sample", "seed"])
    full = frame[frame["solver"] == "er"]
    frame = pd.concat([full, full.assign(solver="hio").iloc[:-3], full.assign(solver="raar", status="interrupted").iloc[:1]])
    rows = leaderboards(frame)[0].rows
    assert rows[rows["solver"] == "er"]["missing"].sum() == 0
    assert rows[rows["solver"] == "hio"]["missing"].sum() == 3
    assert set(rows["solver"]) == {"er", "hio"}


def test_ranks_and_the_chance_of_being_best_say_how_sure_the_order_is():
    rows = leaderboards(records())[0].rows
    assert ((rows["rank_low"] <= rows["rank"]) & (rows["rank"] <= rows["rank_high"])).all()
    np.testing.assert_allclose(rows.groupby("dataset")["best"].sum(), 1)
    assert (rows[rows["solver"] == "er"]["rank_low"] > 1).all()
    alone = leaderboards(records()[lambda f: f["sample"] == 0])[0].rows
    assert alone["best"].isna().all()
    assert (alone["rank_high"] == 3).all()


def test_each_task_has_its_own():
    frame = pd.concat([records(), records(seed=1).assign(task="near-field")])
    assert [board.task for board in leaderboards(frame)] == ["far-field", "near-field"]
    assert [board.task for board in leaderboards(frame, "near-field")] == ["near-field"]


def test_refuses_what_has_nothing_to_rank():
    frame = records()
    with pytest.raises(UsageError, match=r"\btask 'speckle'.*\d.*`prbench status`"):
        leaderboards(frame, "speckle")
    with pytest.raises(UsageError, match=r"missing: status$"):
        leaderboards(frame.drop(columns="status"))


def test_a_success_threshold_belongs_to_a_metric_of_the_truth():
    assert goals("far-field")[0].success == 0.05


def test_a_record_that_says_whether_it_is_a_success_is_believed_and_the_others_go_by_the_threshold():
    frame = records()
    frame = frame[frame["status"] == "ok"].assign(sa_nmse=0.01, found=np.nan)
    assert (leaderboards(frame, "far-field")[0].rows["success"] == 1).all()
    solver = frame["solver"] == frame["solver"].iloc[0]
    frame.loc[solver, "found"] = 0.0
    rows = leaderboards(frame, "far-field")[0].rows
    assert ((rows["success"] == 0) == (rows["solver"] == frame["solver"].iloc[0])).all()


def test_the_share_of_exact_answers_stands_beside_success():
    frame = records()
    frame = frame[frame["status"] == "ok"].assign(sa_nmse=1e-5)
    frame.loc[frame["solver"] == frame["solver"].iloc[0], "sa_nmse"] = 5e-4
    rows = leaderboards(frame, "far-field")[0].rows
    assert (rows["success"] == 1).all()
    assert ((rows["exact"] == 0) == (rows["solver"] == frame["solver"].iloc[0])).all()


def test_speckle_is_ranked_by_displacement_and_without_truth_by_what_the_images_say():
    frame = records().rename(columns={"sa_nmse": "displacement_rmse", "r_factor": "stack_residual"})
    frame = frame.assign(task="speckle", images_used=5.0, displacement_outliers=0.01, phase_rmse=0.2)
    frame.loc[frame["solver"] == frame["solver"].iloc[0], "images_used"] = 3.0
    frame.loc[frame["dataset"] == "crystal2d", "displacement_rmse"] = np.nan
    board = leaderboards(frame)[0]
    assert board.goals["crystal2d"].metric == "stack_residual"
    assert board.goals["crystal2d[size=128]"] == goals("speckle")[0]
    assert goals("speckle")[0].success == 0.1
    few = board.rows["solver"] == frame["solver"].iloc[0]
    assert (board.rows.loc[few, "images_used"] == 3).all()
    assert (board.rows.loc[~few, "images_used"] == 5).all()
    assert "r_factor" not in board.rows


def test_measured_data_are_ranked_by_held_out_pixels_where_there_are_some():
    """A support that fills the frame buys a low R; the pixels held out tell."""
    cell = {"task": "far-field", "dataset": "file[path='a.npz']", "seed": 0, "status": "ok"}
    rows = []
    for sample in range(8):
        rows.append({**cell, "solver": "loose", "sample": sample, "r_factor": 0.05, "free_r": 0.4, "support_share": 0.94})
        rows.append({**cell, "solver": "tight", "sample": sample, "r_factor": 0.10, "free_r": 0.12, "support_share": 0.2})
    (board,) = leaderboards(pd.DataFrame(rows))
    assert board.goals["file[path='a.npz']"].metric == "free_r"
    assert board.rows["solver"].tolist() == ["tight", "loose"]
    assert board.rows["support_share"].tolist() == [0.2, 0.94]
    assert "support" in [info.header for info in board.columns]
    (board,) = leaderboards(pd.DataFrame(rows).drop(columns="free_r"))
    assert board.goals["file[path='a.npz']"].metric == "r_factor"


def test_a_column_that_says_the_same_in_every_row_is_left_out_unless_asked_for():
    """Within the smallest difference of the metric that is worth naming: 0.01 of FRC here, and 0.001 of SSIM."""
    frame = records().assign(frc=0.5, ssim=0.5)
    one = frame["solver"] == frame["solver"].iloc[0]
    frame.loc[one, ["frc", "ssim"]] += 0.005
    shown = [info.name for info in leaderboards(frame)[0].columns]
    assert "ssim" in shown
    assert "frc" not in shown
    assert [info.name for info in leaderboards(frame, columns=["frc"])[0].columns] == ["frc"]
    frame.loc[one, "frc"] = np.nan
    assert "frc" in [info.name for info in leaderboards(frame)[0].columns], "an empty row differs from the others"


def test_a_board_of_one_row_shows_all_its_columns():
    frame = records()
    frame = frame[(frame["solver"] == frame["solver"].iloc[0]) & (frame["dataset"] == frame["dataset"].iloc[0])].assign(frc=0.5)
    assert "frc" in [info.name for info in leaderboards(frame)[0].columns]


HARD = [0.001, 0.002, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]


def cells(solver, scores, samples=None, **more):
    samples = range(len(scores)) if samples is None else samples
    cell = {"task": "far-field", "solver": solver, "dataset": "d", "seed": 0, "status": "ok", **more}
    return [{**cell, "sample": sample, "sa_nmse": score} for sample, score in zip(samples, scores, strict=True)]


def test_a_solver_run_on_the_easy_samples_alone_is_not_ranked():
    """It is three times worse on both of the samples that it was run on."""
    rows = leaderboards(pd.DataFrame(cells("complete", HARD) + cells("partial", [0.003, 0.006])))[0].rows
    assert rows["solver"].tolist() == ["complete", "partial"]
    assert rows["rank"].isna().tolist() == [False, True]
    assert rows["rank_low"].isna().tolist() == [False, True]
    assert rows["rank"][0] == 1
    assert rows["reason"].tolist() == ["", "2 of the 8 common samples"]
    assert rows["missing"].tolist() == [0, 6]


def test_solvers_that_lack_a_sample_are_ranked_on_those_that_all_have():
    """The third solver lacks a hard sample; by its own median it would stand before the first."""
    frame = pd.DataFrame(cells("a", HARD) + cells("b", [2 * x for x in HARD]) + cells("c", [1.1 * x for x in HARD[:7]]))
    rows = leaderboards(frame)[0].rows
    assert rows["solver"].tolist() == ["a", "c", "b"]
    assert rows["rank"].tolist() == [1, 2, 3]
    assert rows["median"].tolist() == pytest.approx([0.4, 0.44, 0.8])
    assert rows["samples"].tolist() == [7, 7, 7]
    assert rows["left_out"].tolist() == [1, 0, 1]


def test_below_six_samples_the_values_stand_in_place_of_an_interval():
    rows = leaderboards(pd.DataFrame(cells("a", [0.5, 0.25, 0.125]) + cells("b", [1, 2, np.nan])))[0].rows
    assert rows["values"].tolist() == ["0.125 0.25 0.5", "1 2 inf"]
    assert rows[["median_low", "median_high", "median_level", "success_low", "best"]].isna().all(axis=None)
    rows = leaderboards(pd.DataFrame(cells("a", HARD[2:])))[0].rows
    assert rows["values"][0] == ""
    assert rows[["median_low", "median_high", "median_level"]].to_numpy().tolist() == [[0.3, 0.8, 0.96875]]


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("split", ("test", "tune"), ["split test", "split tune"]),
        ("precision", ("double", "single"), ["precision double", "precision single"]),
        ("time_limit_s", (60.0, np.nan), ["time limit 60 s", "no time limit"]),
        ("sealed", ("not sealed", "sealed"), ["not sealed", "sealed"]),
        ("backend", ("numpy", "torch:cuda"), ["backend numpy", "backend torch:cuda"]),
        ("device_class", ("NVIDIA H200", "cpu"), ["device NVIDIA H200", "device cpu"]),
    ],
)
def test_records_of_other_conditions_stand_on_other_boards(column, values, words):
    better = pd.DataFrame(cells("a", HARD) + cells("b", [2 * x for x in HARD])).assign(**{column: values[0]})
    worse = pd.DataFrame(cells("a", [3 * x for x in HARD]) + cells("b", HARD)).assign(**{column: values[1]})
    frame = pd.concat([better, worse], ignore_index=True)
    boards = leaderboards(frame)
    assert [board.rows["conditions"].unique().tolist() for board in boards] == [[word] for word in words]
    assert [board.title for board in boards] == [f"far-field, {word}" for word in words]
    assert [board.rows["solver"].tolist() for board in boards] == [["a", "b"], ["b", "a"]]
    assert len({board.slug for board in boards}) == 2
    assert [len(board.records(frame)) for board in boards] == [16, 16]
    pd.testing.assert_frame_equal(
        boards[0].rows.drop(columns="conditions"), leaderboards(better)[0].rows.drop(columns="conditions")
    )


def test_a_place_that_belongs_to_the_solver_parts_nothing():
    """One solver has no implementation for torch: the run gave it numpy, and it is compared with the others."""
    frame = pd.DataFrame(cells("a", HARD, backend="torch") + cells("b", HARD, backend="numpy"))
    (board,) = leaderboards(frame)
    assert board.conditions == {}
    assert board.title == board.slug == "far-field"
