"""Records as one table: the rows of results, and the Parquet file that holds a hundred thousand of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from prbench.errors import one_line

from .record import Record

if TYPE_CHECKING:
    import pandas as pd

TABLE = "records.parquet"
HEAD = ("key", "task", "solver", "dataset", "sample", "seed", "status")
SPEC = ("split", "backend", "device_class", "precision", "time_limit_s", "threads")
COST = (
    "latency_s",
    "latency_fft",
    "fft_pair_s",
    "ffts",
    "operators",
    "iterations",
    "peak_memory_host",
    "peak_memory_device",
    "repeats",
    "parameters",
    "flops",
)
TAIL = ("problem_id", "code_id", "environment", "started", "ended", "error", "warnings")
_TEXT, _TIME, _FOLDERS = "_record", "_file_time_ns", b"prbench.folders"


def row_of(record: Record) -> dict[str, Any]:
    """A record as one flat row: :data:`HEAD`, :data:`SPEC`, one column a metric, :data:`COST`, :data:`TAIL`."""
    cell, error = record.cell, record.error
    return {
        **record.head(),
        **{name: getattr(cell, name) for name in SPEC if name != "threads"},
        "threads": record.threads,
        **record.metrics,
        **{name: record.cost.get(name) for name in COST},
        "problem_id": record.problem.get("id", ""),
        "code_id": record.code_id,
        "environment": record.environment,
        "started": record.started,
        "ended": record.ended,
        "warnings": "\n".join(record.warnings),
        "error": f"{error.get('type', '')}: {one_line(error.get('message', ''))}" if error else "",
    }


def in_order(columns: Sequence[str]) -> list[str]:
    """Columns as a reader expects them: what it is, where it ran, the scores by name, what it cost, the rest."""
    named = (*HEAD, *SPEC, *COST, *TAIL)
    scores = sorted(name for name in columns if name not in named)
    return [name for name in (*HEAD, *SPEC, *scores, *COST, *TAIL) if name in columns]


def frame_of(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a data frame with the columns of :func:`row_of`, also where there are none."""
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=None if rows else [*HEAD, *SPEC, *COST, *TAIL])
    floating = [name for name in frame.columns if name in (*COST, "time_limit_s") or name not in (*HEAD, *SPEC, *TAIL)]
    return frame.astype(dict.fromkeys(floating, "float64"))


def write_table(
    file: IO[bytes],
    texts: Mapping[str, str],
    times: Mapping[str, int],
    folders: Mapping[str, int],
    frame: pd.DataFrame | None = None,
) -> None:
    """Write records as Parquet.

    Args:
        file: to write to.
        texts: the JSON of every record by key.
        times: when the file of each was last changed, in nanoseconds.
        folders: the same of the folders that the files are in.
        frame: their rows, by key, where they are known; read from the texts otherwise.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    keys = sorted(texts)
    if frame is None:
        frame = frame_of([row_of(Record.from_json(texts[key])) for key in keys])
    table = pa.Table.from_pandas(frame[in_order(list(frame.columns))], preserve_index=False)
    table = table.append_column(_TEXT, pa.array([texts[key] for key in keys], pa.string()))
    table = table.append_column(_TIME, pa.array([times[key] for key in keys], pa.int64()))
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _FOLDERS: json.dumps(folders).encode()})
    pq.write_table(table, file, compression="zstd")


class Table:
    """The Parquet file of a store, or nothing where there is none; a file replaced meanwhile is read to its end."""

    def __init__(self, path: Path) -> None:
        self._file: Any = None
        if path.exists():
            import pyarrow.parquet as pq

            self._file = pq.ParquetFile(path)

    @cached_property
    def folders(self) -> dict[str, int]:
        """When each folder of records had last changed at the time the table was made."""
        if self._file is None:
            return {}
        return cast("dict[str, int]", json.loads((self._file.schema_arrow.metadata or {}).get(_FOLDERS, b"{}")))

    def times(self, keys: set[str] | None) -> dict[str, int]:
        """When the file of each record had last changed, of all where ``keys`` is None."""
        return self._column(_TIME, keys)

    def texts(self, keys: Sequence[str] | set[str] | None) -> dict[str, str]:
        """The JSON of records by key."""
        return self._column(_TEXT, keys)

    def outcomes(self, keys: set[str] | None) -> dict[str, tuple[str, str]]:
        """Status and code id of records by key, of all where ``keys`` is None."""
        codes = self._column("code_id", keys)
        return {key: (status, codes[key]) for key, status in self._column("status", keys).items()}

    def _column(self, name: str, keys: Sequence[str] | set[str] | None) -> dict[str, Any]:
        if self._file is None or (keys is not None and not keys):
            return {}
        read = self._file.read(columns=["key", name])
        pairs = zip(read["key"].to_pylist(), read[name].to_pylist(), strict=True)
        return dict(pairs) if keys is None else {key: value for key, value in pairs if key in keys}

    def frame(self, keys: set[str] | None, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None) -> pd.DataFrame:
        """The table's rows of ``keys`` (of all where None) and further ``rows``, sorted by key."""
        import pandas as pd

        parts = [frame_of(rows)] if rows or self._file is None else []
        if self._file is not None and keys != set():
            known = [name for name in self._file.schema_arrow.names if name not in (_TEXT, _TIME)]
            part = self._file.read(columns=known if columns is None else [n for n in known if n in {"key", *columns}]).to_pandas()
            parts.append(part if keys is None else part[part["key"].isin(keys)])
        whole = pd.concat(parts, ignore_index=True) if parts else frame_of([])
        added = {name: float("nan") for name in COST if name not in whole}  # by a later version than the table's
        whole = whole.assign(**added).sort_values("key", ignore_index=True)
        if columns is None:
            whole["warnings"] = whole["warnings"].fillna("") if "warnings" in whole else ""
        return whole[in_order(list(whole.columns)) if columns is None else list(columns)]
