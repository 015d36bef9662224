"""Answers: busy time and slots, each with its coverage (R12). Deciding is the core's; this gathers what it needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from icalsync.app.parts import Parts
from icalsync.core.durations import parse_duration
from icalsync.core.interval import Interval
from icalsync.core.model import Reason
from icalsync.core.slots import AROUND, Person, Slot, slots
from icalsync.core.when import parse_moment
from icalsync.errors import InvalidInput, StartAfterEnd

if TYPE_CHECKING:
    import pandas as pd

Moment = datetime | date | str
"""An aware datetime, a date (midnight in the user's zone) or text as the command line takes it."""
Users = str | Sequence[str] | None
"""One user, several, or all of the sub-account."""
Need = Literal["all", "any"] | int

FARTHEST: Final = timedelta(days=3660)
"""How far from now a question may reach: expanding recurrences costs time and space."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question about some users of a sub-account over a window."""

    users: tuple[Mapping[str, Any], ...]
    """Rows of the view ``users``."""
    window: Interval
    zone: str
    """In which the answer's instants are shown."""
    known_at: datetime | None

    @property
    def keys(self) -> list[tuple[str, str]]:
        """(sub-account, user) pairs as the store takes them."""
        return [(user["sub_account"], user["user_id"]) for user in self.users]


def ask(
    parts: Parts, sub_account: str, users: Users, start: Moment, end: Moment, *, known_at: Moment | None = None, tz: str | None = None
) -> Question:
    """The question, checked, with its horizon made sure of; ``UnknownUser``, ``StartAfterEnd``, ``InvalidInput``."""
    question = pose(parts, sub_account, users, start, end, known_at=known_at, tz=tz)
    ensure_horizon(parts, question.window, around=AROUND)
    return question


def pose(
    parts: Parts, sub_account: str, users: Users, start: Moment, end: Moment, *, known_at: Moment | None = None, tz: str | None = None
) -> Question:
    """The question, checked as far as reading goes; ``UnknownUser``, ``StartAfterEnd``, ``InvalidInput``."""
    rows = people_of(parts, sub_account, users)
    zone = tz or answer_zone(parts, sub_account, rows)
    first, last = moment(start, zone, "the start"), moment(end, zone, "the end")
    if first >= last:
        raise StartAfterEnd(start=str(start), end=str(end))
    window = Interval(first, last)
    return Question(tuple(rows), window, zone, known(parts, known_at, zone))


def known(parts: Parts, known_at: Moment | None, zone: str) -> datetime | None:
    """The moment as known at which something is asked; None for the present, which is meant by any moment that is not past yet (R16).

    So a clock that was ahead, and wrote instants that still lie in the future, hides nothing from whoever asks about now.
    """
    asked = None if known_at is None else moment(known_at, zone, "the known_at")
    return None if asked is None or asked >= parts.clock.now() else asked


def people_of(parts: Parts, sub_account: str, users: Users) -> list[dict[str, Any]]:
    """The users' rows, in the order asked for; all of the sub-account for None."""
    if users is None:
        return parts.people.users(sub_account)
    names = [users] if isinstance(users, str) else list(users)
    return parts.people.named(sub_account, list(dict.fromkeys(names)))


def answer_zone(parts: Parts, sub_account: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """The user's zone for one user, the sub-account's for several (design.md §6)."""
    if len(rows) == 1:
        return str(rows[0]["time_zone"])
    return str(parts.people.sub_account(sub_account)["time_zone"])


def moment(value: Moment, zone: str, what: str) -> datetime:
    """A moment in UTC; a naive datetime, a date and a text without a zone are read in ``zone``."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    if not isinstance(value, str | date):
        raise InvalidInput(what=what, value=value, why="a datetime, a date or a text is needed")
    try:
        return parse_moment(value if isinstance(value, str) else value.isoformat(), zone)
    except InvalidInput as error:
        raise InvalidInput(what=what, value=str(value), why=error.facts["why"]) from None


def ensure_horizon(parts: Parts, window: Interval, *, around: timedelta = timedelta()) -> None:
    """Asking outside the expanded horizon extends it (design.md §6), within reason; ``around`` the window too, where buffers look."""
    now = parts.clock.now()
    if window.start < now - FARTHEST or window.end > now + FARTHEST:
        raise InvalidInput(
            what="the window", value=f"{window.start.date()} – {window.end.date()}", why="it reaches more than ten years from now"
        )
    parts.answers.ensure_horizon(_around(window, around), parts.reader.read)


def is_expanded(parts: Parts, window: Interval, *, around: timedelta) -> bool:
    """Whether recurring events are expanded over the window and ``around`` it already."""
    horizon = parts.answers.horizon()
    return horizon is not None and horizon.contains(_around(window, around))


def _around(window: Interval, around: timedelta) -> Interval:
    return Interval(window.start - around, window.end + around)


def coverage_rows(parts: Parts, question: Question) -> list[dict[str, Any]]:
    """Rows of the view ``coverage`` for the question's users; an unreadable object inside the window lowers it too (R12)."""
    rows = parts.answers.coverage(question.keys, question.known_at)
    touched = parts.answers.unreadable(question.keys, question.window, question.known_at)
    return _all_lowered(rows, touched)


def busy_and_coverage(parts: Parts, question: Question) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Busy time that touches the window, and ``coverage_rows``, of one moment."""
    busy, rows = parts.answers.busy_and_coverage(question.keys, question.window, question.known_at)
    found = busy.loc[busy["reason"] == Reason.UNREADABLE.value, ["sub_account", "user_id", "calendar_id"]]
    return busy, _all_lowered(rows, set(found.itertuples(index=False, name=None)))


def _all_lowered(rows: Sequence[dict[str, Any]], touched: Collection[tuple[str, str, str]]) -> list[dict[str, Any]]:
    return [_lowered(row) if (row["sub_account"], row["user_id"], row["calendar_id"]) in touched else row for row in rows]


def _lowered(row: dict[str, Any]) -> dict[str, Any]:
    if row["state"] not in {"ok", "stale"}:
        return row
    return row | {"complete": False, "state": "unreadable", "reason": Reason.UNREADABLE.value}


def by_user(rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Coverage rows by (sub-account, user)."""
    result: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        result.setdefault((row["sub_account"], row["user_id"]), []).append(row)
    return result


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Coverage as one object (design.md §5): ``complete``, ``as_of`` (the oldest clean pull, or None) and what is ``missing``."""
    moments = [row["as_of"] for row in rows if row["as_of"] is not None]
    return {
        "complete": all(row["complete"] for row in rows),
        "as_of": min(moments) if moments and len(moments) == len(rows) else None,
        "missing": [
            {name: row[name] for name in ("sub_account", "user_id", "calendar_id", "state", "reason")}
            for row in rows
            if not row["complete"]
        ],
    }


def find_slots(parts: Parts, question: Question, *, length: str | timedelta, need: Need, asked_at: datetime) -> list[Slot]:
    """Slots by the one judging function of the core (R15)."""
    return slots(persons(parts, question), question.window, duration(length), need, asked_at)


def duration(length: str | timedelta) -> timedelta:
    """A positive length of time."""
    value = parse_duration(length) if isinstance(length, str) else length
    if value <= timedelta(0):
        raise InvalidInput(what="the length", value=str(length), why="it must be longer than nothing")
    return value


def persons(parts: Parts, question: Question) -> list[Person]:
    """Each user as the slot finder sees one: hours, policy and busy time with room for buffers around the window."""
    return parts.answers.persons(question.keys, question.window, question.known_at)


def slot_rows(parts: Parts, question: Question, found: Sequence[Slot]) -> list[dict[str, Any]]:
    """Slots as ``slots --json`` prints them: ``starts_at``, ``ends_at``, ``users``, ``coverage`` of those users."""
    coverage = {user_id: rows for (_, user_id), rows in by_user(coverage_rows(parts, question)).items()}
    known: dict[tuple[str, ...], dict[str, Any]] = {}
    rows = []
    for slot in found:
        if slot.users not in known:
            known[slot.users] = summary([row for user_id in slot.users for row in coverage.get(user_id, ())])
        rows.append(
            {
                "starts_at": slot.interval.start,
                "ends_at": slot.interval.end,
                "users": list(slot.users),
                "coverage": known[slot.users],
            }
        )
    return rows
