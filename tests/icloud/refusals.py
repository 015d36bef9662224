"""What iCloud does not take in a PUT (icloud.md §3.5); each rule is a fact with its switch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tests.icloud.calendar_text import Component, main_components

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.icloud.state import Collection
    from tests.icloud.switches import Switches

_STATUSES: Final = {"TENTATIVE", "CONFIRMED", "CANCELLED", "NEEDS-ACTION", "COMPLETED", "IN-PROCESS", "DRAFT", "FINAL"}
_STAMPS: Final = ("DTSTAMP", "CREATED", "LAST-MODIFIED")


def refusal(calendar: Component, collection: Collection, switches: Switches) -> int | None:
    """The status with which a body is refused; None where it is taken."""
    rules: list[tuple[int | None, Callable[[Component, Collection], bool]]] = [
        (switches.journal, _has_journal),
        (switches.wrong_component, _has_wrong_component),
        (switches.method, _has_method),
        (switches.end_required, _has_no_end),
        (switches.status_case, _has_odd_status),
        (switches.local_stamp, _has_local_stamp),
        (switches.timed_due, _has_timed_due),
        (switches.zone_mismatch, _has_mismatched_zone),
        (switches.zone_undefined, _has_undefined_zone),
    ]
    return next((status for status, broken in rules if status is not None and broken(calendar, collection)), None)


def _has_journal(calendar: Component, _: Collection) -> bool:
    return any(part.name == "VJOURNAL" for part in calendar.parts)


def _has_wrong_component(calendar: Component, collection: Collection) -> bool:
    names = {part.name for part in main_components(calendar)}
    allowed = set(collection.components or ("VEVENT", "VTODO"))
    return not names or len(names) > 1 or not names <= allowed


def _has_method(calendar: Component, _: Collection) -> bool:
    return bool(calendar.all("METHOD"))


def _has_no_end(calendar: Component, _: Collection) -> bool:
    return any(not event.all("DTEND", "DURATION") for event in calendar.inside("VEVENT"))


def _has_odd_status(calendar: Component, _: Collection) -> bool:
    return any(line.value not in _STATUSES for part in main_components(calendar) for line in part.all("STATUS"))


def _has_local_stamp(calendar: Component, _: Collection) -> bool:
    return any(not line.value.endswith("Z") for part in main_components(calendar) for line in part.all(*_STAMPS))


def _has_timed_due(calendar: Component, _: Collection) -> bool:
    return any(re.fullmatch(r"\d{8}T.*", line.value) for task in calendar.inside("VTODO") for line in task.all("DUE"))


def _used_zones(part: Component) -> set[str]:
    return {line.parameters["TZID"] for inner in part.walk() for line in inner.lines if "TZID" in line.parameters}


def _defined_zones(calendar: Component) -> set[str]:
    return {zone for part in calendar.inside("VTIMEZONE") if (zone := part.value("TZID"))}


def _has_mismatched_zone(calendar: Component, _: Collection) -> bool:
    recurring = any(part.all("RRULE", "RDATE") for part in main_components(calendar))
    used = {zone for part in main_components(calendar) for zone in _used_zones(part)}
    return recurring and "UTC" in used - _defined_zones(calendar) and "Etc/UTC" in _defined_zones(calendar)


def _has_undefined_zone(calendar: Component, _: Collection) -> bool:
    used = {zone for part in main_components(calendar) for zone in _used_zones(part)}
    return bool(used - _defined_zones(calendar))
