import pytest
from click.testing import CliRunner

from prbench.cli import app, figures, report
from prbench.reporting.figures import STYLES
from prbench.reporting.html.report import PICTURES
from prbench.running.request.cell import find_plugin, make_cell
from prbench.running.store.folder import Store
from prbench.running.store.record import Record


def invoke(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args], env={"COLUMNS": "100"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    for name, score in (("er", 0.5), ("hio", 0.01)):
        plugins = find_plugin("solver", name), find_plugin("dataset", "crystal2d[size=16]")
        cell = make_cell(*plugins, sample=0, seed=0, backend="numpy")
        done = {"started": "2026-01-01T00:00:00", "ended": "2026-01-01T00:00:01"}
        Store(folder).write(
            Record.of(cell, "ok", metrics={"sa_nmse": score}, cost={"latency_s": 1.0, "latency_fft": 10.0}, **done)
        )
    return folder


def test_a_report_lies_beside_its_results(folder):
    result = invoke("report", folder)
    assert result.exit_code == 0, result.output
    assert str(folder / "report.html") in result.output
    assert "2 records" in result.output
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_references_of_what_was_run_lie_beside_report_and_tables(folder):
    from prbench.core.references import parse_bibtex

    invoke("report", folder)
    invoke("figures", folder, "--format", "png")
    invoke("leaderboard", folder, "--format", "latex", "--bib", folder / "board.bib")
    for path in (folder / "report.bib", folder / "figures" / "references.bib", folder / "board.bib"):
        entries = parse_bibtex(path.read_text(encoding="utf-8"))
        keys = [entry.key for entry in entries]
        assert keys == sorted(set(keys))
        assert {"fienup1982phase", "zhuang2022practical"} <= set(keys)  # of er and hio, and of crystal2d
        assert "luke2005relaxed" not in keys
        assert not any(entry.missing for entry in entries)


def test_a_report_goes_where_it_is_told(folder, tmp_path):
    assert invoke("report", folder, "--out", tmp_path / "x.html", "--pictures", 0).exit_code == 0
    assert (tmp_path / "x.html").is_file()


def test_a_place_that_is_not_there_is_told_in_one_line(folder, tmp_path):
    result = invoke("report", folder, "--out", tmp_path / "nowhere" / "x.html")
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1


def test_figures_lie_beside_their_results(folder):
    result = invoke("figures", folder, "--format", "png", "--style", "talk")
    assert result.exit_code == 0, result.output
    written = {path.name for path in (folder / "figures").iterdir()}
    assert {"far-field-quality.png", "far-field-pareto.png", "far-field-metrics.tex"} <= written
    assert len(result.output.splitlines()) == len(written)


@pytest.mark.parametrize("options", [("--format", "gif"), ("--format", ","), ("--style", "poster"), ("--published", "nowhere")])
def test_a_wrong_option_is_told_in_one_line(folder, options):
    result = invoke("figures", folder, *options)
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1


def test_published_figures_below_the_working_folder_are_found(folder, tmp_path, monkeypatch):
    published = tmp_path / "results" / "published"
    published.mkdir(parents=True)
    (published / "x.csv").write_text("wrong\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = invoke("figures", folder, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "x.csv" in result.stderr


def test_the_command_line_knows_what_the_library_knows():
    options = {option.name: option for option in (*report.command.params, *figures.command.params)}
    assert options["pictures"].default == PICTURES
    assert set(options["style"].type.choices) == set(STYLES)
