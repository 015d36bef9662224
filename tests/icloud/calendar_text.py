"""iCalendar text as far as the server looks into it: lines, components, and what it changes on the way in and out (RFC 5545 §3.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

UTC_FORM: Final = "%Y%m%dT%H%M%SZ"
_FOLD: Final = re.compile(r"\r?\n[ \t]")
_LINE: Final = re.compile(r"([A-Za-z0-9-]+)((?:;[^=;:]+=(?:\"[^\"]*\"|[^\";:])*)*):(.*)", re.DOTALL)
_PARAMETER: Final = re.compile(r";([^=;:]+)=(\"[^\"]*\"|[^\";:]*)")
_EVENT_BEGINS: Final = re.compile(r"^BEGIN:VEVENT(\r?\n)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Line:
    """One content line, unfolded."""

    name: str
    parameters: dict[str, str]
    value: str


@dataclass(slots=True)
class Component:
    """One component with its own lines and the components inside it."""

    name: str
    lines: list[Line] = field(default_factory=list)
    parts: list[Component] = field(default_factory=list)

    def all(self, *names: str) -> list[Line]:
        """The lines of these names."""
        return [line for line in self.lines if line.name in names]

    def value(self, name: str) -> str | None:
        """The first line's value; None where there is none."""
        lines = self.all(name)
        return lines[0].value if lines else None

    def inside(self, *names: str) -> list[Component]:
        """Direct parts of these names."""
        return [part for part in self.parts if part.name in names]

    def walk(self) -> Iterator[Component]:
        """This component and everything in it."""
        yield self
        for part in self.parts:
            yield from part.walk()


def read(text: str) -> Component:
    """The VCALENDAR in a text; ``ValueError`` where there is none or its components do not close."""
    root = Component("")
    stack = [root]
    for line in content_lines(text):
        if line.name == "BEGIN":
            component = Component(line.value.upper())
            stack[-1].parts.append(component)
            stack.append(component)
        elif line.name == "END":
            if len(stack) == 1 or stack.pop().name != line.value.upper():
                raise ValueError(f"END:{line.value} closes nothing")
        else:
            stack[-1].lines.append(line)
    if len(stack) > 1 or [part.name for part in root.parts] != ["VCALENDAR"] or root.lines:
        raise ValueError("it is no single VCALENDAR")
    return root.parts[0]


def content_lines(text: str) -> Iterator[Line]:
    """Every line of a text, unfolded; ``ValueError`` for what is no content line."""
    for raw in re.split(r"\r?\n", _FOLD.sub("", text)):
        if not raw:
            continue
        match = _LINE.fullmatch(raw)
        if match is None:
            raise ValueError(f"{raw[:40]!r} is no content line")
        parameters = {name.upper(): value.strip('"') for name, value in _PARAMETER.findall(match[2])}
        yield Line(match[1].upper(), parameters, match[3])


def main_components(calendar: Component) -> list[Component]:
    """Everything but time zones."""
    return [part for part in calendar.parts if part.name != "VTIMEZONE"]


def uid_in(text: str) -> str | None:
    """The UID of the first component that has one; None where there is none, or the text cannot be read."""
    try:
        calendar = read(text)
    except ValueError:
        return None
    return next((uid for part in main_components(calendar) if (uid := part.value("UID"))), None)


def stamped(text: str, moment: datetime) -> str:
    """As a REPORT shows it: each VEVENT begins with a DTSTAMP of the time of the read, its own comes second (icloud.md §3.5)."""
    return _EVENT_BEGINS.sub(lambda match: f"{match[0]}DTSTAMP:{moment.strftime(UTC_FORM)}{match[1]}", text)


def rewritten(text: str) -> str:
    """As a server keeps it that rewrites: its own PRODID, an X-APPLE property in each VEVENT, no COLOR (icloud.md §3.5)."""
    text = re.sub(r"^PRODID:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", "PRODID:-//Apple Inc.//iCloud Calendar//EN", text, flags=re.MULTILINE)
    text = re.sub(r"^COLOR:.*\r?\n", "", text, flags=re.MULTILINE)
    return _EVENT_BEGINS.sub(lambda match: f"{match[0]}X-APPLE-CREATOR-IDENTITY:com.apple.calendar{match[1]}", text)


def without_weekly_rules(text: str) -> str:
    """The text without RRULEs that say FREQ=WEEKLY and no BYDAY (icloud.md §3.5)."""
    return re.sub(r"^RRULE:(?=.*FREQ=WEEKLY)(?!.*BYDAY).*\r?\n", "", text, flags=re.MULTILINE)


def emptied(text: str) -> str:
    """As partial calendar-data comes: VEVENTs without properties (icloud.md §3.3)."""
    return re.sub(r"(^BEGIN:VEVENT\r?\n).*?(^END:VEVENT)", r"\1\2", text, flags=re.MULTILINE | re.DOTALL)


def guests(text: str) -> list[tuple[str, bool]]:
    """Attendees of an event that has an organizer, each with whether the server would write to them (RFC 6638 §7.1)."""
    found = []
    for part in main_components(read(text)):
        organizer = part.all("ORGANIZER")
        left_to_client = any(line.parameters.get("SCHEDULE-AGENT", "").upper() in {"CLIENT", "NONE"} for line in organizer)
        for line in part.all("ATTENDEE"):
            agent = line.parameters.get("SCHEDULE-AGENT", "SERVER").upper()
            found.append((line.value, bool(organizer) and not left_to_client and agent == "SERVER"))
    return found


def told(text: str, attendees: set[str]) -> str:
    """The text with ``SCHEDULE-STATUS=1.1`` on the attendees that were written to (icloud.md §3.5)."""
    lines = []
    for raw in _FOLD.sub("", text).splitlines():
        value = raw.partition(":")[2]
        written = raw.upper().startswith("ATTENDEE") and value in attendees and "SCHEDULE-STATUS" not in raw.upper()
        lines.append(raw.replace(":", ";SCHEDULE-STATUS=1.1:", 1) if written else raw)
    return "\r\n".join(lines) + "\r\n"
