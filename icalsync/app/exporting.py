"""Writing answers to files: CSV that no spreadsheet runs as formulas (D34), Parquet, JSON; busy time as iCalendar.

Names of files come from the person, or are made of a view's name alone: never from a UID, an href or a title (S9, S10).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import uuid4

import pandas as pd

from icalsync.app import asking
from icalsync.app.parts import Parts
from icalsync.core.freebusy import free_busy
from icalsync.core.naming import unturned
from icalsync.errors import InvalidInput
from icalsync.messages import say

FORMATS: Final = ("csv", "parquet", "json")
DIALECTS: Final = ("plain", "excel-de")
"""``plain``: comma, point, ISO 8601. ``excel-de``: as a German Excel opens it: semicolon, decimal comma, byte order mark, its own dates."""
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def export(
    parts: Parts, view: str, output: Path, where: str | None, form: str | None = None, dialect: str = "plain", *, reveal: bool = False
) -> dict[str, Any]:
    """Write the rows of a public view to ``output``; the ending of its name says the format, unless ``form`` does.

    A directory gets a file named after the view. Replaces the file whole or not at all. Raises ``UnknownView``, ``QueryRefused`` for a
    ``where`` that is no plain condition, ``InvalidInput`` for another format, dialect or place.
    """
    form = check_output(output, form)
    frame = parts.answers.view(view, where, reveal=reveal)
    path = output / f"{view}.{form}" if output.is_dir() else output
    write_frame(parts, frame, path, form, dialect)
    return {"view": view, "output": str(path), "rows": len(frame)}


def check_output(output: Path, form: str | None, formats: tuple[str, ...] = FORMATS) -> str:
    """The format to write; ``InvalidInput`` for a place or a format that cannot be."""
    if any(not character.isprintable() for character in str(output)):
        raise InvalidInput(what="the output file", value=str(output), why="its name holds control characters")
    form = form or output.suffix.lower().removeprefix(".")
    if form not in formats:
        endings = ", ".join(f".{each}" for each in formats)
        raise InvalidInput(what="the output file", value=str(output), why=f"its name must end in {endings}, or the format be given")
    if not output.parent.is_dir():
        raise InvalidInput(what="the output file", value=str(output), why="its directory does not exist")
    return form


def write_frame(parts: Parts, frame: pd.DataFrame, output: Path, form: str, dialect: str = "plain") -> None:
    """A frame as a file of that format. ``InvalidInput`` where it cannot be written, or for another dialect."""
    if dialect not in DIALECTS:
        raise InvalidInput(what="the dialect", value=dialect, why=f"choose one of {', '.join(DIALECTS)}")
    if dialect != "plain" and form != "csv":
        raise InvalidInput(what="the dialect", value=dialect, why="it is for CSV")
    with replacing(output) as path:
        if form == "csv":
            _write_csv(frame, path, dialect)
        elif form == "json":
            path.write_text(json.dumps([jsonable(row) for row in records(frame)], ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        else:
            parts.answers.write_parquet(frame, path)


def as_bytes(parts: Parts, frame: pd.DataFrame, form: str, dialect: str = "plain") -> bytes:
    """A frame as the content of a file of that format, for those who hand it on. ``InvalidInput``."""
    with TemporaryDirectory(prefix="icalsync-") as directory:
        path = Path(directory, f"frame.{form}") if form in FORMATS else Path(directory, "frame")
        write_frame(parts, frame, path, check_output(path, form), dialect)
        return path.read_bytes()


def write_bytes(content: bytes, output: Path) -> None:
    """Any content as a file, whole or not at all."""
    with replacing(output) as path:
        path.write_bytes(content)


def _write_csv(frame: pd.DataFrame, path: Path, dialect: str) -> None:
    safe = safe_for_spreadsheets(frame)
    if dialect == "excel-de":
        german = safe.assign(**{name: _german(safe[name]) for name in safe.columns})
        german.to_csv(path, index=False, sep=";", decimal=",", encoding="utf-8-sig", date_format="%d.%m.%Y %H:%M:%S", lineterminator="\r\n")
    else:
        safe.to_csv(path, index=False, date_format="%Y-%m-%dT%H:%M:%S%z", lineterminator="\r\n")


def _german(column: Any) -> Any:
    """Yes and no as a German Excel knows them; an instant as the wall time of its column's zone, because Excel knows no zones."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.dt.tz_localize(None)
    if column.dtype == "object" and all(value is None or isinstance(value, float) for value in column):
        return column.astype("float64")
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.astype("object").map({True: "WAHR", False: "FALSCH"}, na_action="ignore")
    return column


@contextmanager
def replacing(output: Path) -> Iterator[Path]:
    """A sibling file that takes the place of ``output`` once it is written whole."""
    path = output.with_name(f".icalsync-{uuid4().hex}")
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
    """Text that a spreadsheet would run gets a leading apostrophe (OWASP ASVS 1.2.10); none holds marks that turn its direction."""
    safe = frame.copy()
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name]) and not pd.api.types.is_datetime64_any_dtype(safe[name].dtype):
            safe[name] = safe[name].astype("object").map(_plain, na_action="ignore")
    return safe


def _plain(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = unturned(value)  # first, because a mark may stand before what begins a formula
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


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


def busy_calendar(parts: Parts, question: asking.Question) -> bytes:
    """The question's one user's busy time as VFREEBUSY (RFC 5545 §3.6.4)."""
    (user,) = question.users
    person = asking.persons(parts, question)[0]
    name = f"{user['sub_account']}/{user['user_id']}"
    return free_busy(person.busy, question.window, name=name, made_at=parts.clock.now(), remark=say("export.unknown"))


def export_busy_calendar(parts: Parts, question: asking.Question, output: Path) -> dict[str, Any]:
    """The same as a file; ``sub_account``, ``user_id``, ``output``."""
    check_output(output, "ics", ("ics",))
    path = output / "busy.ics" if output.is_dir() else output
    write_bytes(busy_calendar(parts, question), path)
    (user,) = question.users
    return {"sub_account": user["sub_account"], "user_id": user["user_id"], "output": str(path)}
