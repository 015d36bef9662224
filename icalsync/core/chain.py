"""The evidence of one thing that touches a slot: what it is, which occurrence, whose clock, which lines, and which run brought it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from icalsync.core.evidence import ANOTHER_USER, EXCLUDED, MOVED_AWAY, Case, Touch
from icalsync.core.explanation import Step
from icalsync.core.instances import instant_of
from icalsync.core.masking import mask
from icalsync.core.model import Busyness, Reason
from icalsync.core.naming import named
from icalsync.core.wording import Told, age, both, clock_time, in_words, moment, numbered, offset, span, word
from icalsync.core.zones import iana_name
from icalsync.messages import say

_CHOICES: Final = (Reason.UNANSWERED, Reason.TENTATIVE, Reason.TRAVEL, Reason.ALL_DAY)
"""Reasons that a policy may free."""


def chain(touch: Touch, case: Case, number: int) -> Iterator[Step]:
    """Its steps in order; ``number`` tells the things of one explanation apart."""
    yield _event(touch, case, number)
    if touch.owner is not None:
        return
    if touch.saying.recurring or touch.saying.changed:
        yield _recurrence(touch, case, number)
    if touch.kind == "external" and touch.set_aside not in {MOVED_AWAY, EXCLUDED}:
        yield _zone(touch, case, number)
    if touch.saying.lines:
        lines = touch.saying.lines
        yield Step("lines", say("explain.lines", lines="\n".join(f"    {line}" for line in lines)), {"event": number, "lines": lines})
    if touch.kind == "external":
        yield _arrival(touch, case, number)


def why(touch: Touch) -> str:
    """The rule that decided about it, as a clause."""
    if touch.set_aside in {"NOT_CHOSEN", "OWN_COPY", ANOTHER_USER, MOVED_AWAY, EXCLUDED}:
        own = f" ({rule(touch)})" if touch.set_aside == "NOT_CHOSEN" and touch.verdict.busyness is Busyness.FREE else ""
        return say(f"explain.aside.{touch.set_aside}", owner=touch.owner) + own
    return rule(touch)


def rule(touch: Touch) -> str:
    """Which of the busy rules matched (design.md §1), as a clause."""
    reason = touch.verdict.reason
    freed = reason in _CHOICES and touch.verdict.busyness is Busyness.FREE
    key = f"explain.{'freed' if freed else 'rule'}.{reason.value}"
    return say(key, code=touch.saying.rejected, address=_address(touch))


def _address(touch: Touch) -> str:
    return named(touch.saying.own_address) or say("explain.no_own_address")


def what(touch: Touch) -> Told:
    """What it is, in two or three words."""
    if touch.kind == "external":
        travel = touch.facts is not None and touch.facts.travel
        return both("explain.what.travel" if travel else "explain.what.external")
    return both(f"explain.what.{touch.kind}", ref=numbered(touch.ref or "?"))


def title_of(touch: Touch, case: Case) -> str:
    """The title, masked as long as nobody revealed it or may see our own; nothing of another user's booking (R11, R18)."""
    text = touch.saying.title
    if touch.owner is not None or touch.saying.foreign:
        return mask(text)
    return text if case.revealed or (case.own_titles and touch.kind == "appointment") else mask(text)


def _event(touch: Touch, case: Case, number: int) -> Step:
    key = "explain.event.other" if touch.owner else f"explain.event.{touch.kind}"
    told = {
        "span": span(touch.starts_at, touch.ends_at, case.zone),
        "what": what(touch),
        "title": " " + say("explain.quoted", text=named(title_of(touch, case))) if touch.saying.title else "",
        "calendar": named(touch.source.calendar) if touch.source else "?",
        "busyness": word(touch.verdict.busyness.value),
        "why": why(touch),
        "owner": touch.owner,
        "effect": say("explain.blocks" if touch.blocks else "explain.sets_aside"),
    }
    where = Told(say("explain.in_integration", integration=touch.source.integration_id) if touch.source else "", "")
    sentence, guests = both(key, f"{key}.page" if touch.owner else None, integration=where, **told), _invited(touch)
    return Step.of("event", Told(sentence.cli + guests.cli, sentence.page + guests.page), _event_facts(touch, case, number))


def _invited(touch: Touch) -> Told:
    """Whether the user is among the guests, where there are any and that did not decide already."""
    if not touch.saying.attendees or touch.verdict.reason is Reason.DECLINED or touch.owner is not None:
        return Told("", "")
    key, how = "explain.invited" if touch.saying.own_address else "explain.not_invited", Told(say("explain.how.addresses"), "")
    sentence = both(key, address=_address(touch), how=how)
    return Told(f" {sentence.cli}", f" {sentence.page}")


def _event_facts(touch: Touch, case: Case, number: int) -> dict[str, Any]:
    source, arrival = touch.source, touch.arrival
    brought = arrival.ended_at if arrival else touch.known_from
    return {
        "event": number,
        "kind": touch.kind,
        "blocks": touch.blocks,
        "busyness": touch.verdict.busyness.value,
        "reason": touch.verdict.reason.value,
        "set_aside": touch.set_aside,
        "starts_at": touch.starts_at,
        "ends_at": touch.ends_at,
        "all_day": touch.saying.timing == "date",
        "title": title_of(touch, case) or None,
        "calendar_id": source.calendar_id if source else None,
        "calendar": source.calendar if source else None,
        "integration_id": source.integration_id if source else None,
        "href": touch.href,
        "uid": touch.uid,
        "recurrence_id": touch.recurrence_id,
        "ref": touch.ref,
        "user_id": touch.owner or case.user_id,
        "participation": touch.facts.participation.value if touch.facts else None,
        "own_address": touch.saying.own_address,
        "known_from": touch.known_from,
        "run_id": arrival.run_id if arrival else None,
        "brought_at": brought,
        "age": None if brought is None else age(case.present - brought),
        "age_seconds": None if brought is None else max(0, int((case.present - brought).total_seconds())),
    }


def _recurrence(touch: Touch, case: Case, number: int) -> Step:
    begins = touch.ends_at if touch.facts is not None and touch.facts.travel else touch.starts_at
    original = instant_of(touch.recurrence_id, case.zone) if touch.recurrence_id else begins
    facts = {"event": number, "rule": touch.saying.rrule, "exception": touch.saying.changed, "original_starts_at": original}
    told = say("explain.series", rule=touch.saying.rrule) if touch.saying.rrule else say("explain.series_of_dates")
    if touch.set_aside == MOVED_AWAY:
        where = None if touch.interval is None else begins
        key = "explain.moved_away" if where else "explain.moved_out"
        says = say(key, original=moment(original, case.zone), now=moment(where, case.zone) if where else "", series=told)
        return Step("recurrence", says, {**facts, "moved_from": original, "moved_to": where})
    if touch.set_aside == EXCLUDED:
        return Step("recurrence", say("explain.excluded", original=moment(original, case.zone), series=told), facts)
    if touch.saying.changed and original != begins:
        says = say("explain.moved", original=moment(original, case.zone), now=moment(begins, case.zone), series=told)
        return Step("recurrence", says, {**facts, "moved_from": original})
    key = "explain.exception" if touch.saying.changed else "explain.by_rule"
    return Step("recurrence", say(key, original=moment(original, case.zone), series=told), {**facts, "moved_from": None})


def _zone(touch: Touch, case: Case, number: int) -> Step:
    """How the time as written became the user's."""
    begins = touch.ends_at if touch.facts is not None and touch.facts.travel else touch.starts_at
    tzid = touch.saying.time_zone
    facts: dict[str, Any] = {"event": number, "time_zone": tzid, "user_zone": case.zone, "utc": begins}
    shared = {"user_zone": case.zone, "user_offset": offset(begins, case.zone), "now": moment(begins, case.zone), "tzid": named(tzid)}
    if touch.saying.timing in {"date", "floating"} or tzid is None:
        key = {"date": "explain.zone.date", "floating": "explain.zone.floating"}.get(touch.saying.timing, "explain.zone.unknown")
        return Step("zone", say(key, **shared, utc=_utc(begins)), facts)
    written = iana_name(tzid)
    if written is None or touch.saying.defined_zone:
        return Step("zone", say("explain.zone.defined", **shared, utc=_utc(begins)), facts)
    facts |= {"wall_time": moment(begins, written), "offset": offset(begins, written)}
    key = "explain.zone.utc" if written == "UTC" else "explain.zone.same" if written == case.zone else "explain.zone.instant"
    return Step("zone", say(key, **shared, wall=facts["wall_time"], offset=facts["offset"], utc=_utc(begins)), facts)


def _utc(instant: datetime) -> str:
    return clock_time(instant, "UTC")


def _arrival(touch: Touch, case: Case, number: int) -> Step:
    source, arrival = touch.source, touch.arrival
    clean = source.last_clean_at if source else None
    facts = {"event": number, "run_id": arrival.run_id if arrival else None, "known_from": touch.known_from, "last_clean_at": clean}
    told = both("explain.never_clean")
    if clean:
        told = both("explain.clean", at=moment(clean, case.zone), ago=in_words(age(case.present - clean)))
    known = touch.known_from or case.present
    if arrival is None:
        ago = in_words(age(case.present - known))
        return Step.of("run", both("explain.no_run", known=moment(known, case.zone), ago=ago, clean=told), facts)
    lasting = age(case.present - arrival.ended_at)
    shared = {"ended": moment(arrival.ended_at, case.zone), "ago": in_words(lasting), "clean": told}
    sentence = both("explain.run", "explain.run.page", run=arrival.run_id, purpose=arrival.purpose, **shared)
    facts |= {"purpose": arrival.purpose, "ended_at": arrival.ended_at, "age": lasting}
    return Step.of("run", sentence, facts)
