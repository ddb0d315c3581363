"""What the command line costs before it does anything: processor seconds of a process, its start included.

Limits: 0.5 s for ``prbench list``, 0.25 s for ``prbench --help`` and for a completion in the shell.
"""

import os
import resource
import subprocess
import sys

import pytest

COMMANDS = {
    "help": (["--help"], {}),
    "list": (["list"], {}),
    "completion of a command": ([], {"_PRBENCH_COMPLETE": "bash_complete", "COMP_WORDS": "prbench l", "COMP_CWORD": "1"}),
    "completion of a name": ([], {"_PRBENCH_COMPLETE": "bash_complete", "COMP_WORDS": "prbench show hio", "COMP_CWORD": "2"}),
}


def processor_seconds(arguments: list[str], variables: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = "import sys; sys.argv[0] = 'prbench'; from prbench.cli import main; main()"
    subprocess.run([sys.executable, "-c", code, *arguments], env=os.environ | variables, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


@pytest.mark.parametrize("command", COMMANDS)
def test_processor_time_of_a_command(benchmark, command):
    arguments, variables = COMMANDS[command]
    spent = []
    benchmark.pedantic(lambda: spent.append(processor_seconds(arguments, variables)), rounds=7, warmup_rounds=1)
    benchmark.extra_info.update(least_processor_s=min(spent), median_processor_s=sorted(spent)[len(spent) // 2])
