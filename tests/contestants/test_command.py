"""Programs that are not Python: started by a command, asked by the protocol alone."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
import standin

import prbench
from prbench.contestants.checking import check_contestant
from prbench.contestants.environments import program_call
from prbench.contestants.folders import declaration_of
from prbench.contestants.link import PROTOCOL, BadAnswer
from prbench.contestants.solver import end_programs
from prbench.errors import MissingDependency, UsageError
from prbench.tasks.far_field.conformance import conformance

OCTAVE = Path(__file__).parents[2] / "docs" / "examples" / "octave-hio" / "contestant.toml"


def test_hybrid_input_output_in_octave_passes_its_check():
    if shutil.which("octave-cli") is None:
        pytest.skip("octave-cli is not on this machine")
    lines = list(check_contestant(str(OCTAVE)))
    end_programs()
    assert [line.verdict for line in lines] == ["ok", "ok"]


def test_a_command_may_run_the_runner_in_a_python_of_its_own(tmp_path):
    path = Path(standin.write(tmp_path))
    command = f'[command]\nrun = ["{sys.executable}", "{{runner}}", "{{adapter}}", "{{channel}}", "0"]\n[settings]'
    path.write_text(path.read_text().replace("[settings]", command))
    solution = prbench.solve(str(path), conformance()[0].problem.measurement)
    end_programs()
    assert solution.status == "ok"
    assert solution.cost.iterations == 20


def test_a_program_that_is_not_there_is_told(tmp_path):
    path = Path(standin.write(tmp_path))
    path.write_text(path.read_text().replace("[settings]", '[command]\nrun = ["no-such-program"]\n[settings]'))
    with pytest.raises(MissingDependency, match="no-such-program"):
        program_call(declaration_of(str(path)))


def test_another_protocol_is_refused(tmp_path):
    path = Path(standin.write(tmp_path))
    script = path.parent / "speak.sh"
    script.write_text('read -r line < "$1/requests"\necho \'{"protocol": 2, "version": "1"}\' > "$1/answers"\nsleep 3600\n')
    command = f'[command]\nrun = ["sh", "{script}", "{{channel}}"]\n[settings]'
    path.write_text(path.read_text().replace("[settings]", command))
    with pytest.raises(BadAnswer, match=rf"protocol 2\b.*\b{PROTOCOL}\b") as caught:
        prbench.solve(str(path), conformance()[0].problem.measurement)
    assert not isinstance(caught.value, UsageError)
    assert "\n" not in str(caught.value)
    end_programs()
