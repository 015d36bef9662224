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
    frame, coverage = asking.busy_and_coverage(parts, question)
    covered_of = {key: asking.summary(rows) for key, rows in asking.by_user(coverage).items()}
    frame = in_zone(clipped(frame, question), question.zone)
    nothing = asking.summary(())
    covered = [
        covered_of.get(key, nothing) for key in zip(*(frame[name].to_numpy(object) for name in ("sub_account", "user_id")), strict=True)
    ]
    return frame.assign(
        **{name: pd.Categorical(frame[name]) for name in CATEGORICAL},
        complete=pd.Series([each["complete"] for each in covered], dtype="bool", index=frame.index),
        as_of=_moments([each["as_of"] for each in covered], question.zone),
    )


def merged(parts: Parts, question: asking.Question) -> pd.DataFrame:
    """What is taken of the window, each moment of a user once: ``sub_account``, ``user_id``, ``starts_at``, ``ends_at``, ``busyness``.

    ``busyness`` is BUSY, whatever kind of it, or UNKNOWN where nothing but what is not known takes the time. By user and start.
    """
    taken = parts.heat.taken(question.keys, question.window, question.known_at)
    covered = asking.by_user(asking.coverage_rows(parts, question))
    known = [asking.summary(covered.get(key, ())) for key in question.keys]
    account = pd.Categorical([account for account, _ in question.keys])
    return pd.DataFrame(
        {
            "sub_account": account.take(taken.user),
            "user_id": pd.Categorical.from_codes(taken.user, pd.Index([user_id for _, user_id in question.keys])),
            "starts_at": pd.DatetimeIndex(taken.start).tz_localize("UTC").tz_convert(question.zone),
            "ends_at": pd.DatetimeIndex(taken.end).tz_localize("UTC").tz_convert(question.zone),
            "busyness": pd.Categorical.from_codes(taken.unknown, pd.Index(["BUSY", "UNKNOWN"])),
            "complete": pd.Index([each["complete"] for each in known], dtype="bool").take(taken.user),
            "as_of": _moments([each["as_of"] for each in known], question.zone).take(taken.user),
        }
    )


def _moments(values: Sequence[Any], zone: str) -> pd.DatetimeIndex:
    """Aware moments, or None, in one zone; the unit does not depend on whether there are any."""
    return pd.DatetimeIndex(pd.Series(values, dtype="datetime64[us, UTC]")).tz_convert(zone)


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
