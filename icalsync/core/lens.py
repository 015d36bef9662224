"""A calendar object as one user sees it: in the user's zone, with the user's own addresses (design.md §4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from icalsync.core.clocks import IanaZone, across_gap
from icalsync.core.model import Attendee, Event, EventTime, Facts, Instance, Participation, Reading, Rejected
from icalsync.core.zones import EARLIEST, start_of_day, to_utc

_BINDING: Final = (Participation.ACCEPTED, Participation.TENTATIVE, Participation.NEEDS_ACTION, Participation.DECLINED)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence, or the time of travel before one, as instants of one user (UTC, half-open), with the facts for its verdict."""

    component: int
    """Index into ``Reading.events``; -1 for an object that cannot be read."""
    recurrence_id: str | None
    starts: EventTime
    ends: EventTime
    starts_at: datetime
    ends_at: datetime
    facts: Facts


def instants(starts: EventTime, ends: EventTime, zone: str) -> tuple[datetime, datetime]:
    """The event's times as instants (UTC): floating and all-day ones are read in ``zone``, the user's own (D24, D25).

    A floating event that has a length keeps one, also where clocks jump over its start (D22, R12).
    """
    starts_at, ends_at = _instant(starts, zone), _instant(ends, zone)
    if starts_at >= ends_at and isinstance(starts, datetime) and isinstance(ends, datetime) and starts.tzinfo is None and starts < ends:
        return across_gap(starts, ends, IanaZone(zone))
    return starts_at, ends_at


def _instant(value: EventTime, zone: str) -> datetime:
    if not isinstance(value, datetime):
        return start_of_day(value, zone)
    return to_utc(value, zone) if value.tzinfo is None else value


def is_local(starts: EventTime) -> bool:
    """Whether the time depends on whose zone it is read in: floating or all-day."""
    return not isinstance(starts, datetime) or starts.tzinfo is None


def normal_address(text: str) -> str:
    """An e-mail address as it is compared: lower case, without ``mailto:`` and blanks."""
    plain = text.strip().strip('"').strip().lower()
    return plain.removeprefix("mailto:").strip().strip("<>")


def participation(attendees: Iterable[Attendee], own: Collection[str]) -> Participation:
    """How the user with the addresses ``own`` (lower case) takes part; NONE where none of them is invited (case 6).

    Where several of them are, the most binding answer wins: ACCEPTED, TENTATIVE, NEEDS-ACTION, DECLINED; so only a refusal on all
    frees the time.
    """
    answers = {attendee.participation for attendee in attendees if attendee.address in own}
    return next((answer for answer in _BINDING if answer in answers), Participation.NONE)


def occurrences(reading: Reading, zone: str, own: frozenset[str]) -> list[Occurrence]:
    """Every instance as the user sees it; time of travel is a row of its own, before the row it leads to (case 24)."""
    facts = [_facts(event, own) for event in reading.events]
    result = []
    for instance in reading.instances:
        starts_at, ends_at = instants(instance.starts, instance.ends, zone)
        seen = facts[instance.component]
        seen = replace(seen, zero_length=starts_at >= ends_at) if seen.zero_length is not (starts_at >= ends_at) else seen
        if instance.travel:
            result.append(_travelling(instance, starts_at, seen))
        result.append(
            Occurrence(
                instance.component,
                instance.recurrence_id,
                instance.starts,
                instance.ends,
                starts_at,
                max(starts_at, ends_at),
                seen,
            )
        )
    return result


def _facts(event: Event, own: frozenset[str]) -> Facts:
    return Facts(
        transparency=event.transparency,
        status=event.status,
        participation=participation(event.attendees, own),
        cdo=event.cdo,
        all_day=not isinstance(event.starts, datetime),
    )


def _travelling(instance: Instance, starts_at: datetime, facts: Facts) -> Occurrence:
    leaves = _before(instance.starts, instance.travel) if isinstance(instance.starts, datetime) else instance.starts
    return Occurrence(
        instance.component,
        instance.recurrence_id,
        leaves,
        instance.starts,
        _before(starts_at, instance.travel),
        starts_at,
        replace(facts, travel=True),
    )


def _before(moment: datetime, travel: timedelta) -> datetime:
    earliest = EARLIEST if moment.tzinfo is not None else EARLIEST.replace(tzinfo=None)
    return moment - travel if moment - earliest > travel else earliest


def rejected_occurrence(rejected: Rejected, zone: str) -> Occurrence | None:
    """The time an object that cannot be read takes, as UNKNOWN (R12); None where its time cannot be told either."""
    starts, ends = rejected.starts, rejected.ends
    if starts is None or ends is None:
        return None
    starts_at, ends_at = instants(starts, ends, zone)
    if starts_at >= ends_at:
        ends_at = starts_at + timedelta(minutes=1)
    return Occurrence(-1, None, starts, ends, starts_at, ends_at, Facts(readable=False, all_day=not isinstance(starts, datetime)))
