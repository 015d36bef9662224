"""What the demo prints: plain tables, times in each user's own zone, titles never (R18)."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from icalsync.core.interval import Interval, merged
from icalsync.demo.cast import PEOPLE, Person
from icalsync.demo.flavours import WORKING_DAYS

if TYPE_CHECKING:
    from icalsync.app import App
    from icalsync.demo.place import Place


def next_working_day(today: date) -> date:
    """The first day after ``today`` that is no Saturday or Sunday."""
    day = today + timedelta(days=1)
    while day.weekday() not in WORKING_DAYS:
        day += timedelta(days=1)
    return day


def free(app: App, day: date) -> Iterator[str]:
    """Who is free on ``day``: one line per user, in half hours, each in their own zone."""
    yield f"Who is free on {day:%A %d %B %Y} (half hours, each in their own time zone):"
    rows = [(p.sub_account, p.user_id, p.name, p.time_zone, _free_times(app, p, day)) for p in PEOPLE]
    yield from table(("sub-account", "user", "name", "time zone", "free"), rows)


def _free_times(app: App, person: Person, day: date) -> str:
    frame = app.slots(person.sub_account, [person.user_id], day, day + timedelta(days=1), length="30m")
    slots = [
        Interval(starts.to_pydatetime(), ends.to_pydatetime()) for starts, ends in zip(frame["starts_at"], frame["ends_at"], strict=True)
    ]
    return "  ".join(f"{_clock(part.start, person)}-{_clock(part.end, person)}" for part in merged(slots)) or "not at all"


def busy(app: App, person: Person, day: date) -> Iterator[str]:
    """What blocks a user's time from ``day`` on for two days, and why; by calendar, without titles."""
    until = day + timedelta(days=2)
    last = until - timedelta(days=1)
    yield f"What blocks {person.name} ({person.sub_account} {person.user_id}) from {day:%d %B} to {last:%d %B}, and why:"
    names = calendar_names(app)
    frame = app.busy(person.sub_account, person.user_id, day, until).sort_values(["starts_at", "ends_at"])
    rows = [
        (
            _moment(row["starts_at"], person),
            _moment(row["ends_at"], person),
            row["busyness"],
            row["reason"],
            names.get(row["calendar_id"], ""),
        )
        for row in frame.to_dict("records")
    ]
    yield from table(("from", "to", "busyness", "reason", "calendar"), rows)


def double_bookings(app: App) -> Iterator[str]:
    """The double bookings found, each with its cause."""
    found = app.view("double_bookings").sort_values("starts_at").to_dict("records")
    yield f"Double bookings found: {len(found)}"
    people = {person.key: person for person in PEOPLE}
    names = calendar_names(app)
    rows = []
    for row in found:
        person = people[row["sub_account"], row["user_id"]]
        both = " and ".join(names.get(row[f"{which}_calendar_id"], "") for which in ("first", "second"))
        rows.append(
            (person.sub_account, person.user_id, _moment(row["starts_at"], person), _moment(row["ends_at"], person), both, row["cause"])
        )
    yield from table(("sub-account", "user", "from", "to", "calendars", "cause"), rows)


def next_steps(place: Place, day: date, *, serving: bool) -> Iterator[str]:
    """Commands that work on the demo's database, with the settings they need; ``serving``: while its server still runs."""
    following = day + timedelta(days=1)
    yield f"The database lies at {place.database} (open to DuckDB, too). Each demo starts it anew."
    yield "Try next, in a shell:"
    for name, value in settings(place).items():
        yield f"  export {name}={shlex.quote(value)}"
    yield f"  icalsync slots ACME anna ben --from {day} --to {following} --length 30m --need any"
    yield f"  icalsync busy NORTH olivia --from {day} --to {following + timedelta(days=3)}"
    yield "  icalsync calendars ACME anna"
    yield "  icalsync policy ACME ben tentative=free unanswered=free"
    yield "  icalsync integrations"
    yield f"  icalsync export double_bookings -o {shlex.quote(str(place.directory / 'double-bookings.csv'))}"
    if serving:
        yield "  icalsync sync"


def settings(place: Place) -> dict[str, str]:
    """The variables under which every command works on the demo."""
    return {
        "ICALSYNC_DATABASE": str(place.database),
        "ICALSYNC_SECRET_KEY_FILE": str(place.key_file),
        "ICALSYNC_ALLOW_PRIVATE_HOSTS": "true",
    }


def calendar_names(app: App) -> dict[str, str]:
    """Display names by calendar id."""
    frame = app.view("calendars")
    return dict(zip(frame["calendar_id"], frame["display_name"], strict=True))


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """Aligned columns, two blanks apart."""
    cells = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    for line in cells:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _clock(moment: datetime, person: Person) -> str:
    return f"{moment.astimezone(ZoneInfo(person.time_zone)):%H:%M}"


def _moment(moment: datetime, person: Person) -> str:
    return f"{moment.astimezone(ZoneInfo(person.time_zone)):%a %d %b %H:%M}"


def totals(report: Mapping[str, int]) -> str:
    """One sync in a line."""
    return f"{report['added']} objects in {report['requests']} requests ({report['bytes'] / 1024:.0f} KiB as sent)"
