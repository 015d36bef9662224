"""Query results as pandas frames with stable types (DuckDB's own ``df()`` warns, and its types depend on the rows)."""

from __future__ import annotations

from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd

_INTEGERS: Final = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})
_LATEST: Final = np.datetime64("9999-12-31", "us")


def frame_of(result: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """TIMESTAMPTZ → ``datetime64[us, UTC]``, text → ``str``, whole numbers → ``Int64``, others → ``float64``, BOOLEAN → ``boolean``.

    The rest is as NumPy has it.
    """
    kinds = [(column[0], str(column[1])) for column in result.description or ()]
    arrays = result.fetchnumpy()
    columns = {name: _series(arrays[name], kind) for name, kind in kinds}
    return pd.DataFrame(columns, columns=pd.Index([name for name, _ in kinds]))


def _series(values: Any, kind: str) -> pd.Series[Any]:
    missing: Any = np.ma.getmaskarray(values)
    data: Any = np.ma.getdata(values)
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        moments = data.astype("datetime64[us]")
        zone = "UTC" if kind == "TIMESTAMP WITH TIME ZONE" else None
        index = pd.DatetimeIndex(np.where(missing | (moments > _LATEST), np.datetime64("NaT", "us"), moments))
        return pd.Series(index.tz_localize(zone) if zone else index)
    if kind == "BOOLEAN":
        return pd.Series(pd.arrays.BooleanArray(data.astype("bool"), missing))
    if kind in _INTEGERS:
        return pd.Series(pd.arrays.IntegerArray(data.astype("int64"), missing))
    if kind in {"DOUBLE", "FLOAT"} or kind.startswith("DECIMAL"):
        return pd.Series(np.where(missing, np.nan, data.astype("float64")))
    if missing.any():
        data = data.astype(object)
        data[missing] = None
    return pd.Series(data, dtype="str") if kind == "VARCHAR" else pd.Series(data)
