"""Answers as frames: one time zone per column, categorical reasons, coverage as columns (design.md §6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from icalsync.app import asking
from icalsync.app.parts import Parts

CATEGORICAL: Final = ("source", "reason", "busyness")


def busy(parts: Parts, question: asking.Question) -> pd.DataFrame:
    """Rows of the view ``busy`` that touch the window, with the coverage of each user as columns ``complete`` and ``as_of``."""
    frame = parts.answers.busy(question.keys, question.window.start, question.window.end, question.known_at)
    frame = in_zone(clipped(frame, question), question.zone)
    covered_of = {key: asking.summary(rows) for key, rows in asking.by_user(asking.coverage_rows(parts, question)).items()}
    covered = [covered_of.get(key, asking.summary(())) for key in zip(frame["sub_account"], frame["user_id"], strict=True)]
    frame["complete"] = pd.Series([c["complete"] for c in covered], dtype="bool", index=frame.index)
    as_of = pd.to_datetime(pd.Series([c["as_of"] for c in covered], dtype="object", index=frame.index), utc=True)
    frame["as_of"] = as_of.dt.as_unit("us").dt.tz_convert(question.zone)  # no rows would be [s] otherwise
    return frame.astype(dict.fromkeys(CATEGORICAL, "category"))


def clipped(frame: pd.DataFrame, question: asking.Question) -> pd.DataFrame:
    """Time that is not covered has no bounds of its own: it is shown as far as was asked. Events stay whole."""
    bare = frame["source"] == "coverage"
    start, end = pd.Timestamp(question.window.start), pd.Timestamp(question.window.end)
    starts = frame["starts_at"].mask(bare & (frame["starts_at"] < start), start)
    return frame.assign(starts_at=starts, ends_at=frame["ends_at"].mask(bare & (frame["ends_at"] > end), end))


def in_zone(frame: pd.DataFrame, zone: str) -> pd.DataFrame:
    """The frame with every instant column in one zone."""
    return frame.assign(
        **{name: frame[name].dt.tz_convert(zone) for name in frame.columns if isinstance(frame[name].dtype, pd.DatetimeTZDtype)}
    )


def slots(rows: Sequence[Mapping[str, Any]], zone: str) -> pd.DataFrame:
    """``asking.slot_rows`` as a frame: ``starts_at``, ``ends_at``, ``users``, and coverage as ``complete``, ``as_of``, ``missing``."""
    frame = pd.DataFrame(
        {
            "starts_at": pd.Series([row["starts_at"] for row in rows], dtype="datetime64[us, UTC]"),
            "ends_at": pd.Series([row["ends_at"] for row in rows], dtype="datetime64[us, UTC]"),
            "users": pd.Series([row["users"] for row in rows], dtype="object"),
            "complete": pd.Series([row["coverage"]["complete"] for row in rows], dtype="bool"),
            "as_of": pd.Series([row["coverage"]["as_of"] for row in rows], dtype="datetime64[us, UTC]"),
            "missing": pd.Series([row["coverage"]["missing"] for row in rows], dtype="object"),
        }
    )
    return in_zone(frame, zone)
