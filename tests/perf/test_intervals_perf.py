"""Coverage and mean width of every printed interval, in 10 000 studies each."""

import pytest
from kernels_intervals import REPEATS, markdown, rows


def test_every_interval_covers_what_it_says(benchmark):
    """The table goes into docs/statistics.md."""
    found = benchmark.pedantic(lambda: list(rows()), rounds=1)
    benchmark.extra_info["repeats"] = REPEATS
    print(markdown(found))  # noqa: T201 - shown by pytest -s
    assert len(found) == 60
    for row in found:
        assert row.coverage >= row.stated - 0.02, row
        if row.interval in ("median", "change (compare)"):  # exact, of scores without ties
            assert row.coverage == pytest.approx(row.stated, abs=0.01)
