import numpy as np
import pandas as pd
import pytest

from prbench.analysis.comparison import BETTER, TOO_FEW, UNDECIDED, WORSE, compare_results, compare_solvers
from prbench.errors import UsageError
from prbench.reporting.comparisons import as_markdown


def records(factor=1.0, samples=12, seeds=2, solver="hio", rng_seed=0, cost=1.0):
    """Errors that vary a hundredfold between problems and by a few per cent between runs."""
    rng = np.random.default_rng(rng_seed)
    sample, seed = (a.ravel() for a in np.meshgrid(np.arange(samples), np.arange(seeds), indexing="ij"))
    difficulty = 10 ** np.random.default_rng(99).normal(-2, 1, samples)[sample]
    return pd.DataFrame(
        {
            "task": "far-field",
            "solver": solver,
            "dataset": "crystal2d",
            "split": "test",
            "sample": sample,
            "seed": seed,
            "status": "ok",
            "sa_nmse": factor * difficulty * np.exp(0.05 * rng.normal(size=len(sample))),
            "latency_fft": cost * 100 * np.exp(0.1 * rng.normal(size=len(sample))),
        }
    )


def row(found, measure="quality"):
    rows = found.rows[found.rows["measure"] == measure]
    assert len(rows) == 1
    return rows.iloc[0]


def test_a_small_change_is_found_though_problems_differ_a_hundredfold():
    found = row(compare_results(records(), records(0.9, rng_seed=1)))
    assert found["verdict"] == BETTER
    assert found["change_low"] < 0.9 < found["change_high"] < 1
    assert found["change"] == pytest.approx(0.9, abs=0.05)
    assert found["effect"] > 0.9
    assert found["superiority"] > 0.9
    assert (found["units"], found["pairs"], found["unit"]) == (12, 24, "sample")


def test_swapping_the_sides_swaps_the_verdict():
    a, b = records(), records(1.3, rng_seed=1, cost=2)
    there, back = compare_results(a, b), compare_results(b, a)
    assert (row(there)["verdict"], row(back)["verdict"]) == (WORSE, BETTER)
    assert (row(there, "cost")["verdict"], row(back, "cost")["verdict"]) == (WORSE, BETTER)
    assert row(there)["change"] == pytest.approx(1 / row(back)["change"])
    assert row(there)["effect"] == pytest.approx(-row(back)["effect"])
    assert row(there)["p"] == pytest.approx(row(back)["p"])


def test_equal_results_show_no_difference():
    found = compare_results(records(), records())
    assert set(found.rows["verdict"]) == {UNDECIDED}
    assert row(found)["change"] == 1
    assert row(found)["p"] == 1


def test_noise_alone_is_rarely_a_verdict():
    wrong = [row(compare_results(records(), records(rng_seed=s + 1)))["verdict"] != UNDECIDED for s in range(60)]
    assert np.mean(wrong) <= 0.1


def test_few_pairs_are_said_to_be_few():
    found = compare_results(records(samples=5), records(0.1, samples=5))
    assert set(found.rows["verdict"]) == {TOO_FEW}


def test_of_a_single_sample_the_seeds_are_the_units():
    found = row(compare_results(records(samples=1, seeds=10), records(0.5, samples=1, seeds=10, rng_seed=1)))
    assert (found["unit"], found["units"], found["verdict"]) == ("seed", 10, BETTER)


def test_more_seeds_of_the_same_samples_make_nothing_surer():
    one, many = records(seeds=1), pd.concat([records(seeds=1).assign(seed=s) for s in range(5)])
    a = row(compare_results(one, one.assign(sa_nmse=one["sa_nmse"] * np.linspace(0.8, 1.1, 12))))
    b = row(compare_results(many, many.assign(sa_nmse=many["sa_nmse"] * np.tile(np.linspace(0.8, 1.1, 12), 5))))
    for name in ("p", "change", "change_low", "change_high", "effect", "units"):
        assert a[name] == pytest.approx(b[name])


def test_failures_count_as_worst_and_two_as_a_tie():
    a, b = records(), records(0.9, rng_seed=1)
    b.loc[b["sample"] < 10, ["status", "sa_nmse"]] = ["crashed", np.nan]
    found = row(compare_results(a, b))
    assert found["verdict"] == WORSE
    assert found["second_failed"] == 20
    assert np.isinf(found["change"])
    assert np.isinf(found["second_median"])
    cost = row(compare_results(a, b), "cost")
    assert (cost["units"], cost["verdict"]) == (2, TOO_FEW)
    both = row(compare_results(b, b))
    assert both["change"] == 1
    assert both["verdict"] == UNDECIDED


def test_only_pairs_are_compared_and_the_rest_is_counted():
    a, b = records(), records(rng_seed=1)
    found = row(compare_results(a[a["sample"] > 1], b[b["sample"] < 9]))
    assert (found["pairs"], found["first_only"], found["second_only"]) == (14, 6, 4)


def test_what_never_ran_is_left_out():
    a, b = records(), records(rng_seed=1)
    b.loc[b["sample"] < 3, "status"] = "interrupted"
    assert row(compare_results(a, b))["pairs"] == 18


def test_scores_where_higher_is_better_are_subtracted(monkeypatch):
    from prbench.analysis import comparison
    from prbench.analysis.goals import Goal

    goal = Goal("psnr", "higher")
    monkeypatch.setattr(comparison, "goals", lambda task: (goal,))
    monkeypatch.setattr(comparison, "choose_goal", lambda task, known: goal)
    a = records().assign(psnr=np.linspace(10, 30, 24))
    found = row(compare_results(a, a.assign(psnr=a["psnr"] + 2)))
    assert (found["scale"], found["verdict"]) == ("difference", BETTER)
    assert found["change"] == pytest.approx(2)


def test_a_family_of_many_rows_needs_more_evidence():
    a = pd.concat([records(samples=7, seeds=1).assign(dataset=f"d{i}") for i in range(5)])
    b = a.assign(sa_nmse=a["sa_nmse"] * np.where(a["dataset"] == "d0", 0.5, 1))
    alone = compare_results(*(x[x["dataset"] == "d0"] for x in (a, b)))
    assert row(alone)["verdict"] == BETTER
    quality = compare_results(a, b).rows.query("measure == 'quality'")
    assert set(quality["verdict"]) == {UNDECIDED}
    assert (quality["p_holm"] >= quality["p"]).all()


def test_a_least_ratio_keeps_small_sure_changes_quiet():
    a, b = records(), records(0.9, rng_seed=1)
    assert row(compare_results(a, b, least=1.05))["verdict"] == BETTER
    assert row(compare_results(a, b, least=1.5))["verdict"] == UNDECIDED


def test_solvers_of_one_folder_are_compared_with_the_first():
    frame = pd.concat([records(), records(0.5, solver="raar[beta=0.8]", rng_seed=1), records(2, solver="er", rng_seed=2)])
    found = compare_solvers(frame, ["hio", "raar", "er"])
    verdicts = found.rows.query("measure == 'quality'").set_index("second")["verdict"].to_dict()
    assert verdicts == {"raar[beta=0.8]": BETTER, "er": WORSE}
    assert found.first == "hio"


def test_one_solver_of_each_folder():
    found = compare_results(records(), records(0.5, solver="mine", rng_seed=1), ["hio", "mine"], names=("old", "new"))
    assert (found.first, found.second, row(found)["verdict"]) == ("old", "new", BETTER)


def test_other_metrics_are_compared_beside_the_one_that_ranks_each_in_its_own_direction():
    a, b = (one.assign(psnr=30 - 10 * np.log10(one["sa_nmse"])) for one in (records(), records(0.5, rng_seed=1)))
    found = compare_results(a, b, metrics=["psnr", "sa_nmse"]).rows.query("measure == 'quality'").set_index("metric")
    assert list(found.index) == ["sa_nmse", "psnr"]
    assert set(found["verdict"]) == {BETTER}
    assert found["better"].to_dict() == {"sa_nmse": "lower", "psnr": "higher"}
    assert found.loc["psnr", "change"] == pytest.approx(-10 * np.log10(found.loc["sa_nmse", "change"]), abs=0.1)
    with pytest.raises(UsageError, match=r"\bniqe\b.*`prbench rescore`"):
        compare_results(a, b, metrics=["niqe"])
    with pytest.raises(UsageError, match="nice"):
        compare_results(a, b, metrics=["nice"])


def test_nothing_compared_is_an_error():
    a = records()
    with pytest.raises(UsageError, match=r"\bfirst .*\bhio\b.*\bsecond .*\braar\b.*--solver"):
        compare_results(a, a.assign(solver="raar"))
    with pytest.raises(UsageError, match=r"\bcompared: .*: crystal2d; .*: cell2d\b"):
        compare_results(a, a.assign(dataset="cell2d"))
    with pytest.raises(UsageError, match="compared: "):
        compare_results(a, a.assign(status="skipped"))
    with pytest.raises(UsageError, match="compared: "):
        compare_results(a, a.assign(split="tune"))
    with pytest.raises(UsageError, match=r"\bsolver 'er'.*: hio\b"):
        compare_solvers(a, ["hio", "er"])
    with pytest.raises(UsageError, match=r"\bhio, hio\b|\bgot hio\b"):
        compare_solvers(a, ["hio", "hio"])


def test_two_records_of_one_cell_are_told_apart_by_where_they_ran_or_refused():
    a = pd.concat([records().assign(backend="numpy"), records(rng_seed=1).assign(backend="torch")])
    assert row(compare_results(a, a))["pairs"] == 48
    with pytest.raises(UsageError, match=r"^hio on crystal2d, sample 0, seed 0: "):
        compare_results(pd.concat([records(), records()]), records())
    frame = pd.concat([records(solver="raar[beta=0.8]"), records(solver="raar[beta=0.9]"), records()])
    with pytest.raises(UsageError, match=r"\bsolvers 'raar'.*raar\[beta=0\.8\].*raar\[beta=0\.9\]"):
        compare_solvers(frame, ["hio", "raar"])


def test_a_difference_too_small_to_name_is_no_verdict():
    """0.25 against 0.25: the second is lower by 1e-5 on each of 30 samples."""
    first = records(samples=30, seeds=1).assign(sa_nmse=0.25 + 0.01 * np.random.default_rng(0).random(30))
    second = first.assign(sa_nmse=first["sa_nmse"] - 1e-5)
    found = row(compare_results(first, second))
    assert (found["verdict"], found["worth_naming"], found["smallest"], found["p"]) == (UNDECIDED, False, 0.0001, 1)
    assert row(compare_results(first, first.assign(sa_nmse=first["sa_nmse"] - 1e-3)))["verdict"] == BETTER


def test_few_small_differences_among_many_ties_are_no_verdict():
    first = records(samples=200, seeds=1).assign(sa_nmse=0.25)
    second = first.assign(sa_nmse=np.where(first["sample"] < 8, 0.2495, 0.25))
    found = row(compare_results(first, second))
    assert found["p"] < 0.05
    assert found["verdict"] == UNDECIDED


def test_where_success_is_a_tiny_error_tiny_errors_are_told_apart():
    first = records(samples=12, seeds=1).assign(task="random", dataset="gaussian-random", sa_nmse=1e-6)
    assert row(compare_results(first, first.assign(sa_nmse=1e-12)))["verdict"] == BETTER


def test_conditions_that_differ_between_the_sides_are_said():
    alike = compare_results(
        records().assign(precision="single", backend="torch"), records().assign(precision="single", backend="torch")
    )
    assert set(alike.rows["differing"]) == {""}
    one = records().assign(precision="single", backend="torch", time_limit_s=np.nan)
    other = records().assign(precision="double", backend="torch", time_limit_s=np.nan)
    assert set(compare_results(one, one).rows["differing"]) == {""}
    assert set(compare_results(one, other).rows["differing"]) == {"precision (single; double)"}
    limited = compare_results(one, one.assign(time_limit_s=2.0))
    assert set(limited.rows["differing"]) == {"time_limit_s (none; 2.0)"}
    assert "precision (single; double)" in as_markdown(compare_results(one, other))
