"""What the command line costs before it does anything: processor seconds of a process, its start included.

Limits: 0.5 s for ``prbench list``, 0.25 s for ``prbench --help`` and for a completion in the shell. And what ``prbench run``
costs from outside, all six tasks: under 4 minutes where an FFT pair of 256x256 takes 0.4 ms.
"""

import os
import resource
import subprocess
import sys
import time

import pytest
from _timing import one_thread
from kernels import fft_pair

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


def pair_seconds(pairs: int = 200) -> float:
    """Processor seconds of an FFT pair of 256x256 on one thread."""
    pair = fft_pair((256, 256))
    with one_thread():
        pair()
        begin = time.process_time()
        for _ in range(pairs):
            pair()
        return (time.process_time() - begin) / pairs


def test_a_whole_run_beside_an_fft_pair(benchmark, tmp_path):
    """The built-in matrix into an empty folder, workers included; a pair is timed before and after."""
    spent, pairs = [], [pair_seconds()]
    benchmark.pedantic(lambda: spent.append(processor_seconds(["run", "--out", str(tmp_path)], {})), rounds=1)
    pairs.append(pair_seconds())
    pair = sum(pairs) / 2
    benchmark.extra_info.update(processor_s=spent[0], fft_pair_s=pair, fft_pairs=spent[0] / pair)
