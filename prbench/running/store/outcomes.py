"""How every record of a store ended, in about 20 bytes each."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa


class Outcomes(Mapping[str, tuple[str, str]]):
    """Status and code id by key: filled by :meth:`add` and :meth:`add_table`, looked up after :meth:`sorted`."""

    def __init__(self) -> None:
        self._keys = bytearray()
        self._which = array("I")
        self._pairs: dict[tuple[str, str], int] = {}
        self._high = np.empty(0, ">u8")
        self._low = np.empty(0, ">u8")
        self._order = np.empty(0, np.int64)
        self._names: list[tuple[str, str]] = []

    def add(self, key: str, status: str, code_id: str) -> None:
        """Note one record; a key is 32 hexadecimal digits."""
        self._keys += bytes.fromhex(key)
        self._which.append(self._pairs.setdefault((status, code_id), len(self._pairs)))

    def add_table(self, table: pa.Table) -> None:
        """Note the rows of a table with the columns ``key``, ``status`` and, of newer ones, ``code_id``."""
        codes = table["code_id"].to_pylist() if "code_id" in table.column_names else [""] * len(table)
        for key, status, code in zip(table["key"].to_pylist(), table["status"].to_pylist(), codes, strict=True):
            self.add(key, status, code or "")

    def sorted(self) -> Self:
        """The same object, ready to be looked up."""
        halves = np.frombuffer(bytes(self._keys), ">u8").reshape(-1, 2)
        self._order = np.lexsort((halves[:, 1], halves[:, 0]))
        self._high, self._low = halves[self._order, 0].astype(np.uint64), halves[self._order, 1].astype(np.uint64)
        self._keys = bytearray()
        self._names = list(self._pairs)
        return self

    def _find(self, key: str) -> int | None:
        try:
            high, low = np.frombuffer(bytes.fromhex(key), ">u8").astype(np.uint64)
        except ValueError:
            return None
        at = int(np.searchsorted(self._high, high))
        while at < len(self._high) and self._high[at] == high:
            if self._low[at] == low:
                return at
            at += 1
        return None

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._find(key) is not None

    def __getitem__(self, key: str) -> tuple[str, str]:
        """Status and code id.

        Raises:
            KeyError: where there is no such record.
        """
        at = self._find(key)
        if at is None:
            raise KeyError(key)
        return self._names[self._which[int(self._order[at])]]

    def __len__(self) -> int:
        return len(self._high)

    def __iter__(self) -> Iterator[str]:
        return (f"{int(high):016x}{int(low):016x}" for high, low in zip(self._high, self._low, strict=True))
