"""Reading a calendar object: bytes in, occurrences or a reason out, and never an exception (R12, issue 3).

What cannot be read is rejected as a whole, because half an object would free the time of the other half.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Final

from icalsync.core.bounds import Limits, Unreadable
from icalsync.core.envelope import envelope
from icalsync.core.ics import Component, Document, parse_document
from icalsync.core.interval import Interval
from icalsync.core.model import Instance, Reading, ReadResult, Rejected, Skipped
from icalsync.core.recurrence import Taken, distinct, occurrences
from icalsync.core.vevent import Vevent, read_vevent
from icalsync.core.vtimezone import Zones, zones_of

__all__ = ["READER", "Limits", "read_object"]

READER: Final = "1"
"""To be raised whenever the same bytes come to mean something else: then what is kept is read again."""
_UID: Final = re.compile(rb"^UID:(.{1,255})$", re.MULTILINE)
_BEGIN_VEVENT: Final = re.compile(rb"^[^A-Za-z0-9\n]{0,8}BEGIN\b[^:\n]{0,80}:[^A-Za-z0-9\n]{0,8}VEVENT\b", re.MULTILINE | re.IGNORECASE)
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
        return _without_events(document, raw)
    zones = zones_of(document.zones)
    try:
        if document.misplaced is not None:
            raise Unreadable("INCOMPLETE", f"a VEVENT inside a {document.misplaced}")  # noqa: TRY301 - told like every other reason
        return _read(document.events, zones, window, limits, flags)
    except Unreadable as error:
        return _rejected(error.reason, error.detail, document.events, zones, limits)
    except _FAULTS as error:
        return _rejected("UNEXPECTED", type(error).__name__, document.events, zones, limits)


def _without_events(document: Document, raw: bytes) -> ReadResult:
    """Nothing to read, and nothing wrong; unless the bytes hold a VEVENT that did not become one, folded or framed as it may be."""
    if _BEGIN_VEVENT.search(raw.replace(b"\0", b"").replace(b"\r", b"\n")):
        return Rejected("INCOMPLETE", "a BEGIN:VEVENT that begins no component", uid=_uid_in(raw))
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
    starts, ends = envelope(components, zones, limits)
    return Rejected(reason, detail, uid=uid, starts=starts, ends=ends)
