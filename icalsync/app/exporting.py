"""Writing a view to a file: CSV that no spreadsheet runs as formulas (D34), Parquet, JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pandas as pd

from icalsync.app.parts import Parts
from icalsync.errors import InvalidInput

FORMATS: Final = (".csv", ".parquet", ".json")
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\0")


def export(parts: Parts, view: str, output: Path, where: str | None) -> dict[str, Any]:
    """Write the rows of a public view to ``output``; the ending of its name says the format. Replaces the file whole or not at all.

    Raises ``UnknownView``, ``QueryRefused`` for a ``where`` that is no plain condition, ``InvalidInput`` for another ending.
    """
    suffix = output.suffix.lower()
    if suffix not in FORMATS:
        raise InvalidInput(what="the output file", value=str(output), why=f"its name must end in {', '.join(FORMATS)}")
    if not output.parent.is_dir():
        raise InvalidInput(what="the output file", value=str(output), why="its directory does not exist")
    frame = parts.answers.view(view, where)
    with _replacing(output) as path:
        if suffix == ".csv":
            safe_for_spreadsheets(frame).to_csv(path, index=False, date_format="%Y-%m-%dT%H:%M:%S%z", lineterminator="\r\n")
        elif suffix == ".json":
            path.write_text(json.dumps([jsonable(row) for row in records(frame)], ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        else:
            parts.answers.write_parquet(frame, path)
    return {"view": view, "output": str(output), "rows": len(frame)}


@contextmanager
def _replacing(output: Path) -> Iterator[Path]:
    """A sibling file that takes the place of ``output`` once it is written whole."""
    path = output.with_name(f".{output.name}.{uuid4().hex}")
    try:
        path.touch(mode=0o600)
        yield path
        path.chmod(0o600)
        os.replace(path, output)  # noqa: PTH105  # Path.replace says the same, os.replace says it is atomic
    except OSError as error:
        raise InvalidInput(what="the output file", value=str(output), why=str(error.strerror or error)) from error
    finally:
        path.unlink(missing_ok=True)


def safe_for_spreadsheets(frame: pd.DataFrame) -> pd.DataFrame:
    """Text that a spreadsheet would run gets a leading apostrophe (OWASP ASVS 1.2.10)."""
    safe = frame.copy()
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name]) and not isinstance(safe[name].dtype, pd.DatetimeTZDtype):
            safe[name] = safe[name].map(_plain, na_action="ignore")
    return safe


def _plain(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as plain Python values: None for what is missing, aware datetimes."""
    return [{str(name): plain_value(value) for name, value in row.items()} for row in frame.to_dict("records")]


def plain_value(value: Any) -> Any:
    """A cell as plain Python."""
    if isinstance(value, list | tuple):
        return [plain_value(item) for item in value]
    if hasattr(value, "tolist") and not isinstance(value, pd.Timestamp):
        return plain_value(value.tolist())
    if isinstance(value, dict):
        return {key: plain_value(item) for key, item in value.items()}
    if value is None or value is pd.NaT or (not isinstance(value, str) and pd.isna(value)):
        return None
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value


def jsonable(value: Any) -> Any:
    """The same with instants and dates as ISO 8601 text."""
    if isinstance(value, dict):
        return {key: jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
