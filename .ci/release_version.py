"""Fail unless a tag, the version and a dated heading of the changelog are the same: ``release_version.py v1.2.3``."""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def problems(tag: str) -> list[str]:
    """What does not agree with the tag, one line each."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    code = re.search(r'^__version__ = "(.+)"$', (ROOT / "prbench" / "__init__.py").read_text("utf-8"), re.MULTILINE)
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    wanted = {
        f"tag {tag!r} is not v{version}": tag == f"v{version}",
        f"prbench.__version__ is not {version}": code is not None and code[1] == version,
        f"CHANGELOG.md has no heading '## {version} (YYYY-MM-DD)'": re.search(
            rf"^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)$", changes, re.MULTILINE
        )
        is not None,
        f"CITATION.cff is not of version {version}": f"\nversion: {version}\n" in citation,
    }
    return [line for line, holds in wanted.items() if not holds]


if __name__ == "__main__":
    wrong = problems(sys.argv[1])
    sys.exit("\n".join(wrong) if wrong else 0)
