"""The gate at work: solvers whose two versions differ by what a variable of the environment says."""

import errno
import json
import os
import re
import sys
import textwrap

import pytest
from click.testing import CliRunner

from prbench.cli.app import app
from prbench.gate.baseline import Baseline
from prbench.gate.measuring import measure
from prbench.gate.probing import Probe
from prbench.gate.regression import compare_versions
from prbench.running.request.spec import Matrix

SOLVER = """
import os
import time
from dataclasses import dataclass
from prbench.core import FarField, IterativeSolver, Reconstruction, register, setting

VARIANT = os.environ.get("VARIANT", "")


@register("gated", task="far-field")
@dataclass(frozen=True)
class Gated(IterativeSolver[FarField]):
    iterations: int = setting(12, doc="steps")

    def total_iterations(self, y):
        return self.iterations

    def init(self, y, rng):
        if VARIANT == "crash":
            os._exit(7)
        if VARIANT == "hoard":
            self.hoard(y)
        return y.random_start(rng, 1)

    def hoard(self, y):
        return sum(y.backend.xp.zeros((1000, *y.shape)) for _ in range(3))

    def step(self, y, g):
        print("a solver may print")
        if VARIANT == "waiting":
            time.sleep(0.004)
        if VARIANT == "slow":
            until = time.process_time() + 0.002
            while time.process_time() < until:
                pass
        if VARIANT == "wasteful":
            y.inverse(y.transform(g))
        g = y.project_modulus(g)
        inner = y.backend.zeros(g.shape, g.dtype)
        half = tuple(slice(0, n // 2) for n in y.shape)
        inner[(0, *half)] = g[(0, *half)]
        return inner

    def estimate(self, y, g):
        found = y.crop(g[0]).copy()
        if VARIANT == "worse":
            found *= 3
        return Reconstruction(object=found)

    def residual(self, y, g):
        return float(y.modulus_error(g)[0])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gate")
    (folder / "gated.py").write_text(SOLVER)
    (folder / "matrix.yaml").write_text(
        textwrap.dedent(f"""
        samples: 8
        backend: numpy
        solvers: ["{folder / "gated.py"}:Gated"]
        datasets: ["crystal2d[size=16]"]
        """)
    )
    return folder


@pytest.fixture(scope="module")
def python_of(folder):
    """An interpreter that runs one version of the solver."""

    def make(variant):
        script = folder / f"python-{variant}"
        script.write_text(f'#!/bin/sh\nVARIANT={variant} exec "{sys.executable}" "$@"\n')
        script.chmod(0o755)
        return str(script)

    return make


@pytest.fixture(scope="module")
def cells(folder):
    return Matrix.read(folder / "matrix.yaml").cells()


@pytest.fixture(scope="module")
def unchanged():
    with Probe() as probe:
        yield probe


def compared(cells, unchanged, python, rounds=2):
    with Probe(python) as probe:
        found = measure(cells, {"base": unchanged, "head": probe}, rounds)
    return compare_versions(found["base"], found["head"], stored=False)


@pytest.mark.parametrize(
    ("variant", "what"),
    [
        ("slow", {"time"}),
        ("waiting", {"wall time"}),
        ("wasteful", {"ffts"}),
        ("worse", {"sa_nmse"}),
        ("hoard", {"allocated_bytes"}),
        ("crash", {"status"}),
    ],
)
def test_a_version_made_slower_or_worse_is_caught(variant, what, cells, unchanged, python_of):
    found = compared(cells, unchanged, python_of(variant))
    assert found.compared == len(cells)
    assert {finding.what for finding in found.regressions} >= what


@pytest.mark.timed
def test_an_unchanged_tree_passes_twenty_times_out_of_twenty(cells, unchanged):
    with Probe() as same:
        for _ in range(20):
            found = measure(cells, {"base": unchanged, "head": same}, 1)
            result = compare_versions(found["base"], found["head"], stored=False)
            assert result.compared == len(cells)
            assert result.regressions == ()


def test_a_crash_is_an_answer_and_the_next_question_has_a_new_process(cells, python_of):
    with Probe(python_of("crash")) as probe:
        for _ in range(2):
            answer = probe.ask(cells[0])
            assert answer["status"] == "crashed"
            assert "code 7" in answer["error"]


def test_a_python_that_is_not_there_is_one_line(folder):
    result = CliRunner().invoke(app, ["check", "--matrix", str(folder / "matrix.yaml"), "--base-python", "/no/such/python"])
    assert result.exit_code == 1
    assert f"/no/such/python: {os.strerror(errno.ENOENT)}" in result.stderr


def test_a_baseline_is_written_read_and_held(folder, monkeypatch):
    path = folder / "baselines" / "gate.json"
    run = CliRunner().invoke
    written = run(app, ["check", "--matrix", str(folder / "matrix.yaml"), "--baseline", str(path), "--update", "--rounds", "1"])
    assert written.exit_code == 0
    assert f"wrote {path}" in written.stderr
    baseline = Baseline.read(path)
    assert len(baseline.cells) == 8
    assert all(cell["status"] == "ok" for cell in baseline.cells)

    held = run(app, ["check", "--baseline", str(path.parent), "--format", "json", "--time-tolerance", "20"])
    report = json.loads(held.stdout)
    assert held.exit_code == 0
    assert report[0]["compared"] == 8
    assert report[0]["regressions"] == 0

    monkeypatch.setenv("VARIANT", "wasteful")
    report_file = folder / "report.md"
    broken = run(app, ["check", "--baseline", str(path), "--format", "markdown", "--out", str(report_file)])
    assert broken.exit_code == 3
    assert "### ❌ gate@" in broken.stdout
    assert "| more | ffts |" in report_file.read_text()

    renewed = run(app, ["check", "--baseline", str(path), "--update"])
    assert renewed.exit_code == 0
    assert run(app, ["check", "--baseline", str(path), "--time-tolerance", "20"]).exit_code == 0


def test_an_accepted_change_passes_until_the_baseline_is_measured_anew(folder, monkeypatch):
    path, accepted = folder / "deliberate.json", folder / "accepted.yaml"
    run = CliRunner().invoke
    check = ["check", "--baseline", str(path), "--accepted", str(accepted), "--format", "json", "--rounds", "1"]
    run(app, ["check", "--matrix", str(folder / "matrix.yaml"), "--baseline", str(path), "--update", "--rounds", "1"])
    name = Baseline.read(path).name

    def accept(up_to, baseline=name):
        entry = {"solver": "*", "what": "ffts", "up_to": up_to, "baseline": baseline, "why": "one-more-projection"}
        accepted.write_text(json.dumps([entry]))

    monkeypatch.setenv("VARIANT", "wasteful")
    accept(2.5)
    passed = run(app, check)
    assert passed.exit_code == 0, passed.output
    findings = json.loads(passed.stdout)[0]["findings"]
    assert {f["accepted"] for f in findings if f["what"] == "ffts"} == {"one-more-projection"}
    accept(1.5)
    assert run(app, check).exit_code == 3
    accept(2.5, baseline="deliberate@00000000")
    void = run(app, check)
    assert void.exit_code == 3
    assert "deliberate@00000000" in void.stderr


def test_nothing_compared_is_a_failure(folder):
    path = folder / "other.json"
    run = CliRunner().invoke
    run(app, ["check", "--matrix", str(folder / "matrix.yaml"), "--baseline", str(path), "--update", "--rounds", "1"])
    data = json.loads(path.read_text())
    for cell in data["cells"]:
        cell["solver"] = "renamed"
    path.write_text(json.dumps(data))
    result = run(app, ["check", "--baseline", str(path)])
    assert result.exit_code == 3
    assert re.search(r"\bcompared\b.*\(\d+ ", result.stdout)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, os.strerror(errno.ENOENT)),
        ("not json", "line 1 column 1"),
        ("[1, 2]", "format 2; `prbench check --update`"),
        (
            '{"format": 1, "matrix": {}, "rounds": 1, "cells": [], "environment": {}, "cpu_class": {}}',
            "format 2; `prbench check --update`",
        ),
        ('{"format": 2, "matrix": {}, "rounds": 0, "cells": [], "environment": {}, "cpu_class": {}}', "b.json: rounds "),
        ('{"format": 2, "matrix": {}, "rounds": 1, "cells": [{}], "environment": {}, "cpu_class": {}}', "b.json: cells "),
    ],
)
def test_what_is_no_baseline_is_one_line(content, message, tmp_path):
    path = tmp_path / "b.json"
    if content is not None:
        path.write_text(content)
    result = CliRunner().invoke(app, ["check", "--baseline", str(path)])
    assert result.exit_code == 2
    assert message in result.stderr
    assert "b.json" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_no_baselines_at_all_is_an_error(tmp_path):
    result = CliRunner().invoke(app, ["check", "--baseline", str(tmp_path)])
    assert result.exit_code == 2
    assert str(tmp_path) in result.stderr
    assert "`prbench check --update" in result.stderr
    assert list(tmp_path.iterdir()) == []
