"""Which processes a solver has left, on systems with and without waitid and the kernel's lists."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from prbench.running.local import children

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture(params=["linux", "no waitid", "no lists"])
def system(request, monkeypatch):
    if request.param == "no waitid":
        monkeypatch.delattr(os, "waitid", raising=False)
    if request.param == "no lists":
        monkeypatch.delattr(os, "waitid", raising=False)
        monkeypatch.setattr(Path, "is_dir", lambda _path: False)
    return request.param


def test_a_process_that_was_left_is_found_and_ended(system):
    spared = children._children()
    left = subprocess.Popen(SLEEP)
    try:
        assert children._children() - spared == {left.pid}
        assert children.end_children(spared)
        assert not children.end_children(spared)
    finally:
        left.kill()
        left.wait()


def test_nothing_left_is_nothing_found(system):
    assert not children.end_children(children._children())
