"""Files of the repository that come with the wheel: stored matrices, baselines, exact versions and the changelog.

In a checkout they are links to where they are kept; built distributions hold the files.
"""

from __future__ import annotations

from pathlib import Path

_HOME = Path(__file__).parent
BASELINES = _HOME / "baselines"
"""Folder of what ``prbench check`` compares with."""
MATRICES = _HOME / "matrices"
"""Folder of the matrices of stored results."""
CONSTRAINTS = _HOME / "constraints.txt"
"""Exact versions of all dependencies, for ``pip install -c``."""
CHANGELOG = _HOME / "CHANGELOG.md"
