"""Memory that is freed is kept for the next who asks."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import numpy as np
from prbench.backend import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        several = [np.ones(1 << 20) for _ in range(4)]  # 8 MiB each
        del several
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

if "keep" in sys.argv and not keep_freed_memory():
    print("cannot")
else:
    faults()
    print(faults())
"""


def told(*arguments):
    return subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True).stdout.strip()


def test_memory_that_was_freed_needs_no_new_pages():
    kept = told("keep")
    if kept == "cannot":
        pytest.skip("the C library has no mallopt")
    assert int(kept) < 500  # 32 MiB are 8192 pages, or 16 where the system gives large ones
    assert int(told()) > 2 * int(kept)
