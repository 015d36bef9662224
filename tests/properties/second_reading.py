"""A second reading of calendar objects, written from RFC 5545's text for these tests, slowly and plainly: it knows none of our code.

It walks day by day from DTSTART and asks of each day whether the rule makes it (§3.3.10), then applies RDATE and EXDATE (§3.8.5) and the
overrides (§3.8.4.4).
"""

# ruff: noqa: DTZ007 - a time without a zone is read as what it is

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FAR = timedelta(days=1500)


def value_of(line: str):
    """A property's date or time: a date, a naive time, or an aware one."""
    head, _, text = line.partition(":")
    if len(text) == 8:
        return datetime.strptime(text, "%Y%m%d").date()
    if text.endswith("Z"):
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    moment = datetime.strptime(text, "%Y%m%dT%H%M%S")
    return moment.replace(tzinfo=ZoneInfo(head.partition("TZID=")[2])) if "TZID=" in head else moment


def lines_named(event: list[str], name: str) -> list[str]:
    """The lines of one property."""
    return [line for line in event if line.split(":")[0].split(";")[0] == name]


def instant(value):
    """Aware times in UTC, the rest as it is."""
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value


def end_of(event: list[str], start):
    """§3.6.1: DTEND, DURATION, or the defaults; days are nominal, hours exact (§3.3.6)."""
    ends, lasts = lines_named(event, "DTEND"), lines_named(event, "DURATION")
    if ends:
        first = value_of(lines_named(event, "DTSTART")[0])
        return instant(start) + (instant(value_of(ends[0])) - instant(first))
    if lasts:
        text = lasts[0].partition(":")[2]
        if text.endswith("D"):
            return instant(start + timedelta(days=int(text[1:-1])))
        return instant(start) + timedelta(minutes=int(text[2:-1]))
    return start + timedelta(days=1) if not isinstance(start, datetime) else instant(start)


def made_by_rule(parts: dict[str, str], first: date, day: date) -> bool:
    """Whether the rule makes the day, its end apart."""
    interval = int(parts.get("INTERVAL", 1))
    if parts["FREQ"] == "DAILY":
        return (day - first).days % interval == 0
    if parts["FREQ"] == "WEEKLY":
        monday, first_monday = day - timedelta(days=day.weekday()), first - timedelta(days=first.weekday())
        wanted = parts.get("BYDAY", DAYS[first.weekday()]).split(",")
        return (monday - first_monday).days // 7 % interval == 0 and DAYS[day.weekday()] in wanted
    if (day.year * 12 + day.month - first.year * 12 - first.month) % interval:
        return False
    if "BYMONTHDAY" in parts:
        return day.day == int(parts["BYMONTHDAY"])
    nth, name = int(parts["BYDAY"][:-2]), parts["BYDAY"][-2:]
    return DAYS[day.weekday()] == name and (day.day + 6) // 7 == nth


def recurrence_set(master: list[str]) -> dict:
    """Instance → its start as written, before overrides."""
    start = value_of(lines_named(master, "DTSTART")[0])
    first = start.date() if isinstance(start, datetime) else start
    parts = dict(part.split("=") for part in lines_named(master, "RRULE")[0].partition(":")[2].split(";"))
    until = value_of("UNTIL:" + parts["UNTIL"]) if "UNTIL" in parts else None
    found: dict = {}
    day = first
    while day < first + FAR and len(found) < int(parts.get("COUNT", 10**9)):
        if made_by_rule(parts, first, day):
            moment = datetime.combine(day, start.time(), tzinfo=start.tzinfo) if isinstance(start, datetime) else day
            if until is not None and instant(moment) > until:
                break
            found[instant(moment)] = moment
        day += timedelta(days=1)
    for line in lines_named(master, "RDATE"):
        found.setdefault(instant(value_of(line)), value_of(line))
    for line in lines_named(master, "EXDATE"):
        found.pop(instant(value_of(line)), None)
    return found


def occurrences(events: list[list[str]]) -> set[tuple]:
    """(start, end, cancelled) of everything the object says within about four years of DTSTART."""
    master, *overrides = events
    found = recurrence_set(master)
    for override in overrides:
        found.pop(instant(value_of(lines_named(override, "RECURRENCE-ID")[0])), None)
    result = {(instant(start), end_of(master, start), False) for start in found.values()}
    for override in overrides:
        start = value_of(lines_named(override, "DTSTART")[0])
        result.add((instant(start), end_of(override, start), "STATUS:CANCELLED" in override))
    return result
