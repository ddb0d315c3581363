"""The kinds of plug-ins that the catalogue shows."""

from __future__ import annotations

from typing import Literal

Kind = Literal["solver", "dataset", "metric"]
KINDS: tuple[Kind, ...] = ("solver", "dataset", "metric")
