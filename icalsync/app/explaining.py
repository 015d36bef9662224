"""Why busy, or why free: the question checked, everything gathered in one look at the database, and the core's answer (R15, R16)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from icalsync.app import asking
from icalsync.app.asking import Moment, Question
from icalsync.app.moments import at_one_moment
from icalsync.app.parts import Parts
from icalsync.core import hours as opening
from icalsync.core import lens, quoting
from icalsync.core.evidence import EXCLUDED, Case, Saying, Touch
from icalsync.core.explain import explain
from icalsync.core.explanation import Explanation
from icalsync.core.hours import OpeningHours
from icalsync.core.interval import Interval
from icalsync.core.learning import answer, learned
from icalsync.core.lens import Occurrence
from icalsync.core.model import Event, Reading
from icalsync.core.slots import Person, judge
from icalsync.core.zones import iana_name
from icalsync.errors import InvalidInput, UnknownUser
from icalsync.store import explaining as store
from icalsync.store.agenda import persons
from icalsync.store.explaining import Gathered
from icalsync.store.near_misses import Excluding
from icalsync.store.transaction import Transaction

FINDING: Final = re.compile(r"[0-9a-f]{16,64}")
"""The form of a double booking's id."""
_MARGIN: Final = timedelta(days=2)
"""Around the slot and its buffers: a local day has up to 25 hours, and its bookings count for the daily limit."""
_NO_TIME: Final = timedelta()


@dataclass(frozen=True, slots=True)
class Reveal:
    """Whether titles are shown, and why somebody has to see them."""

    wanted: bool = False
    reason: str | None = None
    own: bool = False
    """Whether the titles of our own bookings are shown in any case, as they are to admins and support (R18)."""

    def check(self) -> None:
        """A reveal needs a reason (R18): ``InvalidInput``."""
        if self.wanted and not (self.reason or "").strip():
            raise InvalidInput(what="the reason", value=self.reason or "", why="titles are revealed only for a reason, which is logged")
        if self.reason is not None and not self.wanted:
            raise InvalidInput(what="the reason", value=self.reason, why="it is for revealing titles; add reveal, or leave it out")


@dataclass(frozen=True, slots=True)
class Slot:
    """Whose slot, as known when, and asked when."""

    question: Question
    """Its window is the slot."""
    asked_at: datetime
    rebooked: str | None = None
    """An appointment that does not stand in its own way."""


def of_slot(
    parts: Parts,
    sub_account: str,
    user: str,
    at: Moment,
    *,
    length: str | timedelta,
    known_at: Moment | None,
    asked_at: Moment | None,
    reveal: Reveal,
) -> Explanation:
    """The explanation of the slot that starts at ``at``, or where a double booking's id is given, at that one's start.

    ``InvalidInput``, ``UnknownSubAccount``, ``UnknownUser``, ``NotFound``, ``BeforeRetention``.
    """
    reveal.check()
    lasting = asking.duration(length)

    def prepared(held: Parts, tx: Transaction) -> Slot:
        rows = asking.people_of(held, sub_account, user)
        zone = asking.answer_zone(held, sub_account, rows)
        start = _start(tx, (rows[0]["sub_account"], rows[0]["user_id"]), at, zone)
        known = asking.known(held, known_at, zone)
        asked = tx.clock_now if asked_at is None else asking.moment(asked_at, zone, "the asked_at")
        return Slot(Question(tuple(rows), Interval(start, start + lasting), zone, known), asked)

    return _explained(parts, prepared, reveal)


def _start(tx: Transaction, who: tuple[str, str], at: Moment, zone: str) -> datetime:
    if isinstance(at, str) and FINDING.fullmatch(at.strip().lower()):
        found: datetime = store.finding(tx, who, at.strip().lower())["starts_at"]
        return found
    return asking.moment(at, zone, "the moment")


def of_appointment(parts: Parts, appointment_id: str, *, who: tuple[str, str] | None, reveal: Reveal) -> Explanation:
    """The same about a booking's slot, asked and known just when it was booked there; the booking itself does not stand in its way.

    ``AppointmentUnknown``, and ``UnknownUser`` where it is another user's than ``who``.
    """
    reveal.check()

    def prepared(held: Parts, tx: Transaction) -> Slot:
        row = store.booked(tx, appointment_id)
        if who is not None and (row["sub_account"].lower(), row["user_id"].lower()) != (who[0].lower(), who[1].lower()):
            raise UnknownUser(name=who[1], sub_account=who[0])
        rows = asking.people_of(held, row["sub_account"], row["user_id"])
        window, before = Interval(row["starts_at"], row["ends_at"]), row["known_from"] - timedelta(microseconds=1)
        question = Question(tuple(rows), window, asking.answer_zone(held, row["sub_account"], rows), before)
        return Slot(question, row["known_from"], rebooked=appointment_id)

    return _explained(parts, prepared, reveal)


def _explained(parts: Parts, prepared: Callable[[Parts, Transaction], Slot], reveal: Reveal) -> Explanation:
    looks = _look(parts, prepared)
    if isinstance(looks, Interval):  # the buffers are expanded too, so that no later question shows them otherwise
        asking.ensure_horizon(parts, looks)
        looks = _look(parts, prepared)
    if isinstance(looks, Interval):
        raise InvalidInput(what="the window", value=str(looks), why="it cannot be expanded")
    case = _complete(parts, replace(looks.case, revealed=reveal.wanted, own_titles=reveal.own), looks.gathered)
    if looks.now is not None:
        now = _complete(parts, *looks.now)
        case = replace(case, learned=learned(case, now, looks.ended), now=(now.judgement, answer(now)))
    if reveal.wanted:
        store.log_reveal(parts.database, parts.actor, _revealed(case), (reveal.reason or "").strip(), sub_account=case.sub_account)
    return explain(case)


@dataclass(frozen=True, slots=True)
class Look:
    """All that one look at the database brought: the case as asked, and, for a past moment, as it is now."""

    case: Case
    gathered: Gathered
    now: tuple[Case, Gathered] | None
    ended: Mapping[int, datetime]


def _look(parts: Parts, prepared: Callable[[Parts, Transaction], Slot]) -> Look | Interval:
    """Everything in one transaction; or the stretch that has to be expanded first."""
    with at_one_moment(parts) as (held, tx):
        slot = prepared(held, tx)
        around, horizon = _around(held, slot.question, _NO_TIME), held.answers.horizon()
        if horizon is None or not horizon.contains(around):
            return around
        case, gathered = _case(held, tx, slot)
        if slot.question.known_at is None:
            return Look(case, gathered, None, {})
        ended = store.vanished(tx, [one.version for one in case.touches if one.version is not None])
        return Look(case, gathered, _case(held, tx, replace(slot, question=replace(slot.question, known_at=None))), ended)


def _hours(parts: Parts, question: Question) -> OpeningHours:
    """The user's opening hours and limits, as asked."""
    user = question.users[0]
    fields = parts.choices.hours(user["sub_account"], user["user_id"], known_at=question.known_at)
    return opening.parse({name: fields[name] for name in opening.FIELDS})


def _around(parts: Parts, question: Question, margin: timedelta) -> Interval:
    """The window with its buffers, and ``margin`` beyond."""
    hours = _hours(parts, question)
    return Interval(question.window.start - hours.buffer_before - margin, question.window.end + hours.buffer_after + margin)


def _revealed(case: Case) -> str:
    """What is about to be seen, for the log: ids and places, no titles."""
    seen = [f"{one.source.calendar_id} {one.href}" for one in case.touches if one.source is not None and one.href and one.saying.title]
    return "; ".join([f"{case.sub_account}/{case.user_id} {case.slot.start.isoformat()}", *dict.fromkeys(seen)])


def _case(held: Parts, tx: Transaction, slot: Slot) -> tuple[Case, Gathered]:
    """Everything about the slot as known at one moment; the person is what slots are made from."""
    question, user = slot.question, slot.question.users[0]
    who, interval = (user["sub_account"], user["user_id"]), slot.question.window
    hours = held.choices.hours(*who, known_at=question.known_at)
    policies = held.choices.policies(*who, known_at=question.known_at)
    person = person_around(held, tx, question, without=slot.rebooked)
    padded = Interval(interval.start - person.hours.buffer_before, interval.end + person.hours.buffer_after)
    present = question.known_at or tx.clock_now
    gathered = store.gather(
        tx, who, person.zone, interval, padded, question.known_at, tx.clock_now if question.known_at is None else present
    )
    touches = tuple(one for one in gathered.touches if slot.rebooked is None or one.ref != slot.rebooked or not one.blocks)
    case = Case(
        sub_account=who[0],
        user_id=who[1],
        name=user["name"],
        slot=interval,
        asked_at=slot.asked_at,
        known_at=question.known_at,
        present=present,
        person=person,
        hours=hours,
        policies=policies,
        judgement=judge(person, interval.start, interval.length, slot.asked_at),
        touches=touches,
        calendars=gathered.calendars,
        coverage=asking.summary(asking.coverage_rows(held, question)),
    )
    return case, gathered


def person_around(held: Parts, tx: Transaction, question: Question, *, without: str | None = None) -> Person:
    """The user as the slot finder sees one, with everything near enough to matter to the window's slots."""
    return persons(tx, question.keys, _around(held, question, _MARGIN), question.known_at, without=without)[0]


def _complete(parts: Parts, case: Case, gathered: Gathered) -> Case:
    """What takes reading texts, done while the file is closed: the lines to quote, and what EXDATE took away."""
    quotes = [_quoted(one, gathered, reveal=case.revealed) for one in case.touches]
    return replace(case, touches=(*quotes, *_taken_out(parts, case, gathered)))


def _quoted(touch: Touch, gathered: Gathered, *, reveal: bool) -> Touch:
    if touch.version is None or touch.version not in gathered.raws:
        return touch
    raw, own = gathered.raws[touch.version]
    saying = touch.saying
    lines = quoting.quoted(raw, touch.component, own, reveal=reveal and not saying.foreign)
    odd = saying.time_zone is not None and (iana_name(saying.time_zone) is None or "TZ_REDEFINED" in saying.flags)
    defined = odd and quoting.defines_zone(raw, touch.component, saying.time_zone or "")
    return replace(touch, saying=replace(saying, lines=lines, defined_zone=defined))


def _taken_out(parts: Parts, case: Case, gathered: Gathered) -> Iterator[Touch]:
    """Occurrences that would be in the slot but for an EXDATE."""
    for each in gathered.excluding:
        here = {(one.version, one.recurrence_id) for one in case.touches}
        result = parts.reader.read(quoting.without_exdates(each.raw), case.slot)
        found = lens.occurrences(result, case.zone, each.own) if isinstance(result, Reading) else []
        for one in found:
            if one.facts.travel or one.starts_at >= one.ends_at or (each.like.version, one.recurrence_id) in here:
                continue
            if Interval(one.starts_at, one.ends_at).overlaps(case.slot) and isinstance(result, Reading):
                yield _excluded(each, result.events[one.component], one, reveal=case.revealed)


def _excluded(each: Excluding, event: Event, one: Occurrence, *, reveal: bool) -> Touch:
    foreign = each.like.saying.foreign
    lines = quoting.quoted(each.raw, one.component, each.own, reveal=reveal and not foreign)
    saying = Saying(event.summary, event.timing.value, event.time_zone, event.rrule, recurring=True, lines=lines, foreign=foreign)
    return replace(
        each.like,
        interval=Interval(one.starts_at, one.ends_at),
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        set_aside=EXCLUDED,
        recurrence_id=one.recurrence_id,
        component=one.component,
        saying=saying,
    )
