"""The same slot in a world that differs in one thing, judged by the same function (R15): what an explanation may claim would change it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from icalsync.core.busy import verdict
from icalsync.core.evidence import ANOTHER_USER, EXCLUDED, MOVED_AWAY, NOT_CHOSEN, OWN_COPY, Case, Touch
from icalsync.core.hours import OpeningHours
from icalsync.core.interval import Interval
from icalsync.core.model import Facts, Policy
from icalsync.core.slots import BusyRow, Judgement, judge

_ELSEWHERE = (OWN_COPY, ANOTHER_USER, MOVED_AWAY, EXCLUDED)


@dataclass(frozen=True, slots=True)
class Supposed:
    """What a judgement of one slot depends on."""

    touches: tuple[Touch, ...]
    hours: OpeningHours
    unknown: Literal["refuse", "warn"]
    booked: tuple[Interval, ...]

    @classmethod
    def as_it_is(cls, case: Case) -> Supposed:
        """The world as it was known."""
        return cls(case.touches, case.person.hours, case.person.unknown, case.person.appointments)

    def judge(self, case: Case) -> Judgement:
        """``core.slots.judge`` in this world."""
        rows = tuple(
            BusyRow(one.interval, one.verdict.busyness, one.kind, one.verdict.reason)
            for one in self.touches
            if one.blocks and one.interval is not None
        )
        person = replace(case.person, busy=rows, hours=self.hours, unknown=self.unknown, appointments=self.booked)
        return judge(person, case.slot.start, case.slot.length, case.asked_at)

    def without(self, gone: Callable[[Touch], bool]) -> Supposed:
        """Without some of what touches the slot; an appointment that goes counts for the daily limit no more."""
        left = tuple(one for one in self.touches if not gone(one))
        cancelled = [one.interval for one in self.touches if gone(one) and one.blocks and one.kind == "appointment"]
        return replace(self, touches=left, booked=tuple(one for one in self.booked if one not in cancelled))

    def under(self, calendar_id: str | None, change: Callable[[Policy], Policy]) -> Supposed:
        """Under another policy, for one calendar or all of them: verdicts anew, by the one pure function."""
        return replace(self, touches=tuple(_under(one, calendar_id, change) for one in self.touches))

    def marked(self, event: tuple[str | None, ...], change: Callable[[Facts], Facts]) -> Supposed:
        """With one occurrence marked otherwise, its time of travel included."""
        return replace(self, touches=tuple(_marked(one, event, change) for one in self.touches))

    def chosen(self, calendar_id: str) -> Supposed:
        """With one more conflict calendar."""
        return replace(self, touches=tuple(_chosen(one, calendar_id) for one in self.touches))


def _marked(one: Touch, event: tuple[str | None, ...], change: Callable[[Facts], Facts]) -> Touch:
    if one.facts is None or one.event != event or one.set_aside in _ELSEWHERE:
        return one
    return _judged(one, facts=change(one.facts))


def _under(one: Touch, calendar_id: str | None, change: Callable[[Policy], Policy]) -> Touch:
    if one.policy is None or one.set_aside in _ELSEWHERE:
        return one
    if calendar_id is not None and (one.source is None or one.source.calendar_id != calendar_id):
        return one
    return _judged(one, policy=change(one.policy))


def _judged(one: Touch, *, facts: Facts | None = None, policy: Policy | None = None) -> Touch:
    """The touch with its verdict under other facts or another policy; a changed copy of a booking blocks whatever they are (R11)."""
    facts, policy = facts or one.facts, policy or one.policy
    if facts is None or policy is None or one.drifted:
        return one
    found = verdict(facts, policy)
    blocks = found.blocks and one.interval is not None and one.source is not None and one.source.blocks
    aside = None if blocks else NOT_CHOSEN if one.set_aside == NOT_CHOSEN else found.reason.value
    return replace(one, facts=facts, policy=policy, verdict=found, blocks=blocks, set_aside=aside)


def _chosen(one: Touch, calendar_id: str) -> Touch:
    if one.source is None or one.source.calendar_id != calendar_id or one.set_aside != NOT_CHOSEN:
        return one
    return _judged(replace(one, source=replace(one.source, blocks=True), set_aside=None))
