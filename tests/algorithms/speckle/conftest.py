"""Moved speckles for tests of trackers; small, so that whole solves take milliseconds."""

import pytest

from prbench.backend import set_threads
from prbench.core import build_plugin


@pytest.fixture(autouse=True)
def one_thread():
    """Kernels run on small images here."""
    from prbench.backend import get_threads

    before = get_threads()
    set_threads(1)
    yield
    set_threads(before)


@pytest.fixture
def moved_speckles():
    """A problem of ``warped-speckle`` on the tuning split, 96 pixels per side unless told otherwise."""

    def make(**settings):
        spelled = ",".join(f"{k}={v}" for k, v in {"size": 96, "images": 6, "photons": "none", **settings}.items())
        return build_plugin("dataset", f"warped-speckle[{spelled}]").problem(0, split="tune")

    return make
