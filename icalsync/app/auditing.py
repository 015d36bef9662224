"""Double bookings with their causes (issue 6): the question checked, the view's rows in one zone, and what each cause says in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import pandas as pd

from icalsync.app import asking, exporting, frames
from icalsync.app.asking import Moment, Users
from icalsync.app.parts import Parts
from icalsync.core.interval import Interval
from icalsync.errors import InvalidInput, StartAfterEnd
from icalsync.messages import say

CATEGORICAL: Final = ("cause", "detail", "first_source", "second_source")
_HOUR: Final = 60
_DAY: Final = 1440


def double_bookings(
    parts: Parts, sub_account: str | None, users: Users, start: Moment | None, end: Moment | None, tz: str | None
) -> pd.DataFrame:
    """Rows of the view ``double_bookings``, with ``says``, and with each user's coverage as ``complete`` and ``as_of``."""
    if sub_account is None and users is not None:
        raise InvalidInput(what="the user", value=str(users), why="say of which sub-account")
    rows = None if sub_account is None else asking.people_of(parts, sub_account, users)
    zone = tz or ("UTC" if sub_account is None or rows is None else asking.answer_zone(parts, sub_account, rows))
    first, last = _bounds(parts, start, end, zone)
    keys = None if rows is None else [(row["sub_account"], row["user_id"]) for row in rows]
    found = frames.in_zone(parts.findings.double_bookings(keys, first, last), zone)
    found["minutes"] = found["minutes"].astype("float64")
    found["says"] = pd.Series(_sentences(found), dtype="str", index=found.index)
    return _covered(found, coverage_of(parts, keys), zone).astype(dict.fromkeys(CATEGORICAL, "category"))


def _bounds(parts: Parts, start: Moment | None, end: Moment | None, zone: str) -> tuple[datetime | None, datetime | None]:
    """Either end may be open; where both are given, the horizon is made sure of."""
    first = None if start is None else asking.moment(start, zone, "the start")
    last = None if end is None else asking.moment(end, zone, "the end")
    if first is not None and last is not None:
        if first >= last:
            raise StartAfterEnd(start=str(start), end=str(end))
        asking.ensure_horizon(parts, Interval(first, last))
    return first, last


def coverage_of(parts: Parts, keys: list[tuple[str, str]] | None) -> list[dict[str, Any]]:
    """Coverage rows of these users' conflict calendars, or of everybody's calendars with a role."""
    if keys is not None:
        return parts.answers.coverage(keys)
    frame = parts.answers.view("coverage")
    return exporting.records(frame)


def _covered(found: pd.DataFrame, rows: list[dict[str, Any]], zone: str) -> pd.DataFrame:
    of = {key: asking.summary(each) for key, each in asking.by_user(rows).items()}
    nothing = asking.summary(())
    covered = [of.get(key, nothing) for key in zip(*(found[name].to_numpy(object) for name in ("sub_account", "user_id")), strict=True)]
    found["complete"] = pd.Series([each["complete"] for each in covered], dtype="bool", index=found.index)
    as_of = pd.to_datetime(pd.Series([each["as_of"] for each in covered], dtype="object", index=found.index), utc=True)
    found["as_of"] = as_of.dt.as_unit("us").dt.tz_convert(zone)
    return found


def _sentences(found: pd.DataFrame) -> list[str]:
    """What each cause says; few differ, so each is made once."""
    told: dict[tuple[Any, ...], str] = {}
    result = []
    columns = (found[name].to_numpy(object) for name in ("cause", "detail", "minutes"))
    for cause, detail, minutes, drifted in zip(*columns, _drifted(found), strict=True):
        lasting = None if pd.isna(minutes) else round(minutes, 1)
        key = (cause, detail, lasting, drifted)
        if key not in told:
            told[key] = says({"cause": cause, "detail": None if pd.isna(detail) else detail, "minutes": lasting, "drifted": drifted})
        result.append(told[key])
    return result


def _drifted(found: pd.DataFrame) -> list[bool]:
    """Whether one side is an event of ours as somebody changed it in the calendar: from outside, and with its appointment's id (R11)."""
    sides = [(found[f"{side}_source"] == "external") & found[f"{side}_ref"].notna() for side in ("first", "second")]
    return (sides[0] | sides[1]).tolist()


def says(row: Mapping[str, Any]) -> str:
    """The cause of a finding with its evidence, as a sentence without titles."""
    key = f"audit.{row['cause']}"
    if row["cause"] == "RULE_LET_IT_THROUGH":
        key = f"{key}.{row['detail']}"
    elif row["cause"] == "EXTERNAL_ONLY" and row.get("drifted"):
        key = f"{key}.DRIFT"
    minutes = row["minutes"]
    if minutes is None:
        return say(key)
    return say(key, lapse=lapse(abs(minutes)), way=say("audit.later" if minutes > 0 else "audit.earlier"), code=row["detail"])


def lapse(minutes: float) -> str:
    """A length of time in words: ``40 seconds``, ``4 minutes``, ``1 h 30 min``, ``3 days``."""
    if minutes < 1:
        return say("lapse.seconds", number=round(minutes * 60))
    whole = round(minutes)
    if whole < _HOUR:
        return say("lapse.minutes" if whole > 1 else "lapse.minute", number=whole)
    if whole < _DAY:
        hours, rest = divmod(whole, _HOUR)
        return say("lapse.hours_minutes" if rest else "lapse.hours", number=hours, rest=rest)
    days = round(minutes / _DAY)
    return say("lapse.days" if days > 1 else "lapse.day", number=days)
