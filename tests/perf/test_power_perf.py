"""How often verdicts, ranks and the gate find a difference that is there, and claim one that is not, in 2 000 studies each."""

import numpy as np
from kernels_power import EFFECTS, FACTORS, REPEATS, drifts, markdown, markdown_drifts, rows

from prbench.analysis.statistics import LEVEL
from prbench.gate.evidence import ALPHA_PAIRS

CHANCE = 3 / np.sqrt(REPEATS)
"""Six standard deviations of a share of one half."""


def test_verdicts_and_ranks_claim_little_and_find_much(benchmark):
    """The table goes into docs/statistics.md."""
    found = benchmark.pedantic(lambda: list(rows()), rounds=1)
    benchmark.extra_info["repeats"] = REPEATS
    print(markdown(found))  # noqa: T201 - shown by pytest -s
    for row in found:
        assert row.found[EFFECTS.index(0.0)] <= 1 - LEVEL + CHANCE / 4, row
        assert (np.diff(row.found) >= 0).all(), row
        if row.samples >= 20:
            assert row.found[EFFECTS.index(2.0)] > 0.95, row


def test_the_gate_claims_little_and_finds_much(benchmark):
    """The table goes into docs/gate.md."""
    found = benchmark.pedantic(lambda: list(drifts()), rounds=1)
    benchmark.extra_info["repeats"] = REPEATS
    print(markdown_drifts(found))  # noqa: T201
    for row in found:
        assert row.found[FACTORS.index(1.0)] <= ALPHA_PAIRS + CHANCE / 4, row
        assert (np.diff(row.found) >= 0).all(), row
        if row.spread <= 0.1:
            assert row.found[FACTORS.index(1.5)] > 0.95, row
