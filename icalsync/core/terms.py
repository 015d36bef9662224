"""The terms a slot is judged by besides busy time: opening hours and their grid, buffers, notice, horizon, daily limit, coverage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from icalsync.core.durations import format_duration
from icalsync.core.evidence import Case, Source
from icalsync.core.explanation import Step
from icalsync.core.hours import openings
from icalsync.core.interval import Interval
from icalsync.core.naming import named
from icalsync.core.slots import Person, slots
from icalsync.core.wording import Told, age, both, clock_time, day, in_words, moment
from icalsync.core.zones import to_zone
from icalsync.messages import knows, say

_UNSEEN: Final = ("SUBSCRIBED", "NO_READ_ACCESS", "GONE")
"""Why a collection that may hold events cannot be read (R10)."""


def terms(case: Case) -> Iterator[Step]:
    """The steps ``hours``, ``buffers``, ``notice`` and ``limits``, always all four, in this order."""
    hours = case.person.hours
    yield _hours(case)
    before, after = format_duration(hours.buffer_before), format_duration(hours.buffer_after)
    facts = {
        "buffer_before": before,
        "buffer_after": after,
        "from": case.hours.get("buffer_before_from"),
        "met": "BUFFER" not in _codes(case),
    }
    none = None if hours.buffer_before or hours.buffer_after else "explain.no_buffers"
    yield Step.of("buffers", both("explain.buffers", none, before=in_words(before), after=in_words(after)), facts)
    yield _notice(case)
    yield _limits(case)


def _notice(case: Case) -> Step:
    ahead = case.slot.start - case.asked_at
    notice = format_duration(case.person.hours.notice)
    facts = {"notice": notice, "asked_at": case.asked_at, "met": not {"NOTICE", "PAST"} & _codes(case)}
    tense = ".past" if ahead < timedelta() else ""
    told = {"asked": moment(case.asked_at, case.zone), "ahead": in_words(age(abs(ahead)))}
    none = None if case.person.hours.notice else f"explain.no_notice{tense}"
    return Step.of("notice", both(f"explain.notice{tense}", none, notice=in_words(notice), **told), facts)


def _codes(case: Case) -> set[str]:
    return set(case.judgement.because)


def _hours(case: Case) -> Step:
    local = to_zone(case.slot.start, case.zone).date()
    ranges = case.person.hours.on(local)
    exceptional = any(one.first <= local <= one.last for one in case.person.hours.exceptions)
    around = Interval(case.slot.start - timedelta(days=1), case.slot.end + timedelta(days=1))
    opened = [one for one in openings(case.person.hours, case.zone, around) if to_zone(one.start, case.zone).date() == local]
    shown = ", ".join(f"{clock_time(one.start, case.zone)}–{clock_time(one.end, case.zone)}" for one in opened) or say("explain.closed")
    before, after = starts_around(case.person, case.slot.start, case.slot.length)
    facts: dict[str, Any] = {
        "open": [{"starts_at": one.start, "ends_at": one.end} for one in opened],
        "exception": exceptional,
        "from": case.hours.get("exceptions_from" if exceptional else "weekly_from"),
        "slot_step": format_duration(case.person.hours.slot_step or case.slot.length),
        "start_before": before,
        "start_after": after,
        "met": not {"CLOSED", "OFF_GRID"} & _codes(case),
    }
    key = "explain.hours.exception" if exceptional else "explain.hours"
    says, grid = say(key, day=day(local), hours=shown if ranges or opened else say("explain.closed")), _grid(case, before, after)
    return Step.of("hours", Told(f"{says} {grid.cli}".strip(), f"{says} {grid.page}".strip()), facts)


def _grid(case: Case, before: datetime | None, after: datetime | None) -> Told:
    if "OFF_GRID" not in _codes(case):
        return Told("", "")
    step = format_duration(case.person.hours.slot_step or case.slot.length)
    around = [moment(one, case.zone) for one in (before, after) if one is not None]
    return both("explain.off_grid", step=in_words(step), around=say("explain.or").join(around))


def starts_around(person: Person, at: datetime, length: timedelta) -> tuple[datetime | None, datetime | None]:
    """The nearest starts of the grid before and after ``at`` within a day where a slot of that length fits the opening hours."""
    hours = replace(person.hours, notice=timedelta(), horizon=None, daily_limit=None, buffer_before=timedelta(), buffer_after=timedelta())
    bare = replace(person, hours=hours, busy=(), appointments=())
    near = timedelta(days=1)
    window = Interval(at - near, at + near + length)
    starts = [slot.interval.start for slot in slots([bare], window, length, "all", at - 2 * near)]
    earlier, later = [one for one in starts if one < at], [one for one in starts if one > at]
    return max(earlier, default=None), min(later, default=None)


def _limits(case: Case) -> Step:
    hours = case.person.hours
    local = to_zone(case.slot.start, case.zone).date()
    booked = sum(to_zone(one.start, case.zone).date() == local for one in case.person.appointments)
    horizon = format_duration(hours.horizon) if hours.horizon is not None else None
    ahead = both("explain.horizon", horizon=in_words(horizon)) if horizon else both("explain.no_horizon")
    limit = hours.daily_limit
    most = say("explain.limit", limit=limit, booked=booked) if limit is not None else say("explain.no_limit", booked=booked)
    facts = {"horizon": horizon, "daily_limit": limit, "booked_that_day": booked, "met": not {"HORIZON", "DAILY_LIMIT"} & _codes(case)}
    return Step.of("limits", Told(f"{ahead.cli} {most}", f"{ahead.page} {most}"), facts)


def unseen(case: Case) -> Iterator[Step]:
    """What is not known of the user's calendars: conflict calendars that are not covered, and calendars nobody can read (R10, R12)."""
    by_id = {source.calendar_id: source for source in case.calendars}
    told = set()
    for row in case.coverage["missing"]:
        told.add(row["calendar_id"])
        name = by_id[row["calendar_id"]].calendar if row["calendar_id"] in by_id else row["calendar_id"]
        key = f"coverage.{row['state']}"
        why = both(key, f"{key}.page" if knows(f"{key}.page") else None)
        sentence = both("explain.not_covered", "explain.not_covered.page", calendar=named(name), why=why, code=row["reason"])
        yield Step.of("coverage", sentence, {**row, "calendar": name, "set_aside": _not_seen(row["state"])})
    for source in case.calendars:
        if source.calendar_id not in told and (step := _unseen(source)) is not None:
            yield step
    if not any(source.blocks for source in case.calendars):
        facts, page = {"set_aside": "NO_CONFLICT_CALENDAR"}, say("explain.no_conflict_calendar", user=case.user_id)
        yield Step("coverage", say("warn.no_conflict_calendar", users=case.user_id), facts, page)


def _not_seen(state: str) -> str:
    return {"unreadable": "UNREADABLE"}.get(state, "NOT_YET_SYNCED")


def _unseen(source: Source) -> Step | None:
    facts = {"calendar_id": source.calendar_id, "calendar": source.calendar, "integration_id": source.integration_id}
    if source.not_selectable in _UNSEEN:
        why = say(f"not_selectable.{source.not_selectable}")
        says = say("explain.unreadable_calendar", calendar=named(source.calendar), why=why)
        return Step("calendar", says, {**facts, "set_aside": source.not_selectable})
    if source.not_selectable is None and not source.blocks and source.state == "never_pulled":
        return Step("calendar", say("explain.never_seen", calendar=named(source.calendar)), {**facts, "set_aside": "NOT_YET_SYNCED"})
    return None
