"""Reading a calendar object: bytes in, occurrences or a reason out, and never an exception (R12, issue 3).

What cannot be read is rejected as a whole, because half an object would free the time of the other half.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from icalsync.core.bounds import Limits, Unreadable
from icalsync.core.ics import Component, Document, parse_document
from icalsync.core.interval import Interval
from icalsync.core.model import EventTime, Instance, Reading, ReadResult, Rejected, Skipped
from icalsync.core.recurrence import Taken, distinct, occurrences
from icalsync.core.vevent import EventTimes, Vevent, read_times, read_vevent
from icalsync.core.vtimezone import Zones, zones_of

__all__ = ["READER", "Limits", "read_object"]

READER: Final = "1"
"""To be raised whenever the same bytes come to mean something else: then what is kept is read again."""
FAR: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""The end of an event whose end nobody can tell: it blocks from its start on, as UNKNOWN."""
_UNTIL: Final = re.compile(r"UNTIL=(\d{4})(\d{2})(\d{2})", re.IGNORECASE | re.ASCII)
_UID: Final = re.compile(rb"^UID:(.{1,255})$", re.MULTILINE)
_FAULTS: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""A fault of ours is no free slot either (R12): the object is rejected, kept and visible."""
_DEFAULT: Final = Limits()


def read_object(raw: bytes, window: Interval, limits: Limits = _DEFAULT) -> ReadResult:
    """What one calendar object means over ``window``.

    A ``Reading`` with all instances of an event that does not recur, and those of a recurring one that touch the window; ``Skipped`` for an
    object without events (C22); ``Rejected`` for everything else, with the time it takes where that can be told. Never raises.
    """
    flags: set[str] = set()
    try:
        document = parse_document(raw, limits, flags)
    except Unreadable as error:
        return Rejected(error.reason, error.detail, uid=_uid_in(raw))
    except _FAULTS as error:
        return Rejected("UNEXPECTED", type(error).__name__, uid=_uid_in(raw))
    if not document.events:
        return _without_events(document)
    zones = zones_of(document.zones)
    try:
        return _read(document.events, zones, window, limits, flags)
    except Unreadable as error:
        return _rejected(error.reason, error.detail, document.events, zones, limits)
    except _FAULTS as error:
        return _rejected("UNEXPECTED", type(error).__name__, document.events, zones, limits)


def _without_events(document: Document) -> ReadResult:
    if document.others or document.zones:
        return Skipped(document.others[0] if document.others else "VTIMEZONE")
    return Rejected("EMPTY", "a calendar without any component")


def _read(components: Sequence[Component], zones: Zones, window: Interval, limits: Limits, flags: set[str]) -> Reading:
    by_uid: dict[str, list[Vevent]] = {}
    for event in sorted((read_vevent(component, zones, limits, flags) for component in components), key=_order):
        by_uid.setdefault(event.uid, []).append(event)
    if len(by_uid) > 1:
        flags.add("SEVERAL_UIDS")
    used: list[Vevent] = []
    taken: list[Taken] = []
    for events in by_uid.values():
        kept = distinct(events, flags)
        used.extend(kept)
        taken.extend(occurrences(kept, window, limits, flags))
    if len(taken) > limits.instances:
        raise Unreadable("BUDGET", f"more than {limits.instances} occurrences")
    numbers = {id(event): number for number, event in enumerate(used)}
    return Reading(
        uid=next(iter(by_uid)),
        events=tuple(event.event for event in used),
        instances=tuple(sorted((_instance(one, numbers) for one in taken), key=_instance_order)),
        recurring=any(event.recurring for event in used),
        flags=tuple(sorted(flags)),
        content_hash=_content_hash(components, zones),
    )


def _order(event: Vevent) -> tuple[str, str, tuple[int, str, str]]:
    """Masters first, then overrides by what they replace; the order in the text means nothing."""
    return event.uid, event.event.recurrence_id or "", event.rank


def _instance(one: Taken, numbers: dict[int, int]) -> Instance:
    return Instance(numbers[id(one.source)], one.recurrence_id, one.starts, one.ends, one.source.travel)


def _instance_order(instance: Instance) -> tuple[str, str, int]:
    return instance.starts.isoformat(), instance.recurrence_id or "", instance.component


def _content_hash(components: Iterable[Component], zones: Zones) -> str:
    """Of every line an answer depends on, in an order of its own; without DTSTAMP, which iCloud changes at each reading (case 25)."""
    texts = sorted(
        "\n".join(
            sorted(
                f"{prop.name};{sorted(prop.parameters.items())}:{prop.value.strip()}"
                for prop in component.properties
                if prop.name not in {"DTSTAMP", "TZID"}
            )
        )
        for component in components
    )
    texts.extend(repr((tzid, zones.definitions[tzid])) for tzid in sorted(zones.used))
    return hashlib.sha256("\n\n".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


def _uid_in(raw: bytes) -> str | None:
    match = _UID.search(raw[:1_000_000].replace(b"\r", b"\n"))
    return None if match is None else match.group(1).decode("utf-8", "replace").strip()


def _rejected(reason: str, detail: str, components: Sequence[Component], zones: Zones, limits: Limits) -> Rejected:
    uid = next((prop.value.strip() for component in components if (prop := component.first("UID")) is not None), None)
    starts, ends = _envelope(components, zones, limits)
    return Rejected(reason, detail, uid=uid, starts=starts, ends=ends)


def _envelope(components: Sequence[Component], zones: Zones, limits: Limits) -> tuple[EventTime | None, EventTime | None]:
    """From the earliest start to the latest end of all components; nothing where one of them cannot be told (or they are of several kinds).

    A recurring event lasts until its rule's UNTIL, else until ``FAR``: no instance of an unreadable series may open a slot.
    """
    spans = []
    for component in components:
        try:
            times = read_times(component, zones, limits)
        except (Unreadable, OverflowError):
            return None, None
        spans.append((times.starts, max(times.ends, _last(component, times), key=_sortable)))
    kinds = {(type(start), getattr(start, "tzinfo", None) is None) for start, _ in spans}
    if len(kinds) != 1:
        return None, None
    return min((start for start, _ in spans), key=_sortable), max((end for _, end in spans), key=_sortable)


def _last(component: Component, times: EventTimes) -> EventTime:
    if times.endless:
        return _like(times.starts, FAR)
    rules = [prop.value for prop in component.every("RRULE")]
    if component.first("RDATE") is None and not rules:
        return times.ends
    limits = [_UNTIL.search(rule) for rule in rules]
    if component.first("RDATE") is not None or not all(limits):
        return _like(times.starts, FAR)
    latest = max((match.groups() for match in limits if match is not None), default=("2200", "01", "01"))
    try:
        bound = datetime(int(latest[0]), int(latest[1]), int(latest[2]), tzinfo=UTC) + timedelta(days=2) + times.longest
    except (ValueError, OverflowError):
        return _like(times.starts, FAR)
    return _like(times.starts, min(bound, FAR))


def _like(value: EventTime, moment: datetime) -> EventTime:
    if not isinstance(value, datetime):
        return moment.date()
    return moment.replace(tzinfo=None) if value.tzinfo is None else moment


def _sortable(value: EventTime | date) -> str:
    return value.isoformat()
