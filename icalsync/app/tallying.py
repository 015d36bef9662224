"""Double bookings counted: of several sub-accounts together, by cause, by week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from icalsync.app import auditing
from icalsync.app.asking import Moment, Users
from icalsync.app.auditing import CATEGORICAL
from icalsync.app.parts import Parts

ELSEWHERE: Final = "elsewhere"
_PERSON: Final = "person"
"""What the view calls the side of a finding that is the same human at another sub-account."""
_HIDDEN: Final = ("calendar_id", "uid", "ref", "known_from", "starts_at", "ends_at")


@dataclass(frozen=True, slots=True)
class Told:
    """Names for what findings are about: of users by sub-account and id, of calendars by id."""

    people: Mapping[tuple[str, str], str]
    calendars: Mapping[str, str]


def findings(
    parts: Parts,
    sub_accounts: Sequence[str],
    user: Users,
    start: Moment | None,
    end: Moment | None,
    told: Told,
) -> pd.DataFrame:
    """Findings of these sub-accounts by start; what lies at another one is ``elsewhere``, without anything of its own."""
    zone = None if len(sub_accounts) == 1 else "UTC"
    if not sub_accounts:
        nobodys = parts.findings.double_bookings([])
        return _finished(nobodys.assign(says="", complete=True, as_of=nobodys["starts_at"]), told)
    found = [auditing.double_bookings(parts, each, user, start, end, zone) for each in sub_accounts]
    frame = pd.concat(found, ignore_index=True) if len(found) > 1 else found[0]
    return _finished(frame, told)


def _finished(frame: pd.DataFrame, told: Told) -> pd.DataFrame:
    """With names, and nothing of the other side of a finding across sub-accounts."""
    for side in ("first", "second"):
        source = frame[f"{side}_source"].astype("object")
        far = source == _PERSON
        frame[f"{side}_source"] = source.mask(far, ELSEWHERE)
        for name in _HIDDEN:
            frame[f"{side}_{name}"] = frame[f"{side}_{name}"].mask(far)
        calendars = [told.calendars.get(each, "") for each in frame[f"{side}_calendar_id"]]
        frame[f"{side}_calendar"] = pd.Series(calendars, dtype="str", index=frame.index)
    people = [told.people.get(key, "") for key in zip(frame["sub_account"], frame["user_id"], strict=True)]
    frame = frame.assign(name=pd.Series(people, dtype="str", index=frame.index))
    ordered = frame.sort_values(["starts_at", "ends_at", "finding_id"], ignore_index=True)
    return ordered.astype(dict.fromkeys(CATEGORICAL, "category"))


def by_cause(found: pd.DataFrame) -> pd.DataFrame:
    """``cause, findings, minutes, share``, the most frequent first."""
    minutes = (found["ends_at"] - found["starts_at"]).dt.total_seconds() / 60
    told = found.assign(cause=found["cause"].astype("str"), lasting=minutes)
    summed = told.groupby("cause", sort=True).agg(findings=("finding_id", "count"), minutes=("lasting", "sum")).reset_index()
    share = summed["findings"] / max(1, len(found))
    return summed.assign(share=share.astype("float64")).sort_values(["findings", "cause"], ascending=[False, True], ignore_index=True)


def trend(found: pd.DataFrame) -> pd.DataFrame:
    """``week, cause, findings``: by the Monday of the week the overlap begins in."""
    days = found["starts_at"].dt.tz_localize(None).dt.normalize()
    week = days - pd.to_timedelta(days.dt.day_of_week, unit="D")
    told = pd.DataFrame({"week": week, "cause": found["cause"].astype("str"), "finding_id": found["finding_id"]})
    counted: Any = told.groupby(["week", "cause"], sort=True).agg(findings=("finding_id", "count"))
    result: pd.DataFrame = counted.reset_index().astype({"findings": "int64"})
    return result
