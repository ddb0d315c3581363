"""How to install what is missing, in words that work in a checkout and outside one."""

from __future__ import annotations

from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]


def install_hint(extra: str) -> str:
    """The command that installs an extra of prbench: with the checkout's exact versions where prbench runs from a checkout."""
    if (_ROOT / "pyproject.toml").is_file() and (_ROOT / "constraints.txt").is_file():
        return f"pip install -c {_ROOT / 'constraints.txt'} -e '{_ROOT}[{extra}]'"
    return f"pip install 'prbench[{extra}]'"
