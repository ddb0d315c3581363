"""What a record answers to: the code that computes, and nothing that only speaks of it."""

import pytest

from prbench.core import build_plugin
from prbench.running import code_id

_SOURCE = '''"""A dataset of pulses."""

from dataclasses import dataclass

import numpy as np

from prbench.core import Dataset, register

LABEL = """
# first line

last line
"""


@register("pulses", task="far-field")
@dataclass(frozen=True)
class Pulses(Dataset):
    """Pulses of one size."""

    size: int = 8

    def make(self, index, seed, split):
        """One pulse."""
        # The middle is at the first sample.
        return np.ones(self.size)  # as many as asked for
'''


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('"""Pulses of one size."""', '"""Pulses\n\n    of one size, µm.\n    """', True),
        ('        """One pulse."""\n', "", True),
        ("        # The middle is at the first sample.\n", "\n\n", True),
        ("# first line", "# another line", False),
        ("\n\nlast line", "\nlast line", False),
        ("np.ones", "np.zeros", False),
        ("size: int = 8", "size: int = 9", False),
    ],
)
def test_remarks_do_not_change_it_and_code_does(tmp_path, old, new, same):
    path = tmp_path / "pulses.py"
    changed = _SOURCE.replace(old, new)
    assert changed != _SOURCE
    assert (_id_of(path, _SOURCE) == _id_of(path, changed)) is same


def _id_of(path, source):
    """As a new process would find it: the source is read again."""
    path.write_text(source)
    cls = type(build_plugin("dataset", f"{path}:Pulses"))
    for kept in vars(code_id).values():
        if hasattr(kept, "cache_clear"):
            kept.cache_clear()
    return code_id.code_id(cls)
