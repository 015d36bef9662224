"""What would have to change to flip an answer: each candidate is supposed, judged, and told only where it flips (R15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from icalsync.core import terms_changed as terms
from icalsync.core.evidence import NOT_CHOSEN, Case, Touch, strongest_first
from icalsync.core.masking import MASK
from icalsync.core.model import Busyness, Facts, Participation, Policy, Reason, Status, Transparency, Verdict
from icalsync.core.naming import named
from icalsync.core.remedies import Remedy, remedy, together
from icalsync.core.supposing import Supposed
from icalsync.core.wording import span
from icalsync.messages import say

_ROUNDS: Final = 12
"""How many things a combination may name."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that may be done: the world with it, and its sentences; ``customer`` is None where it is nothing for the customer."""

    world: Supposed
    remedy: Remedy
    customer: str | None = None
    """One or more whole sentences; with a capital and a full stop each, so that any of them can stand beside any other."""
    steps: int = 1
    """How many things have to be done."""

    @property
    def says(self) -> str:
        """What would have to be, with the command that does it."""
        return self.remedy.in_full


def would_change(case: Case) -> tuple[Change, ...]:
    """Every single thing that flips the answer; where none does alone, one combination that does; empty where nothing can."""
    world = Supposed.as_it_is(case)
    offered = case.judgement.offered
    candidates = _taking(case, world) if offered else _freeing(case, world)
    found: dict[str, Change] = {}
    for change in candidates:
        if change.world.judge(case).offered is not offered:
            found.setdefault(change.says, change)
    if found or offered:
        return tuple(found.values())
    together = _together(case, world)
    return () if together is None else (together,)


def _together(case: Case, world: Supposed) -> Change | None:
    """The first remedy of what speaks against the slot, again and again, until it is offered."""
    steps: list[Change] = []
    for _ in range(_ROUNDS):
        judged = world.judge(case)
        if judged.offered:
            told = list(dict.fromkeys(one.customer for one in steps))
            customer = " ".join(filter(None, told)) if all(told) else None
            return Change(world, together([one.remedy for one in steps]), customer, len(told))
        step = next((one for one in _freeing(case, world) if one.world != world), None)
        if step is None:
            return None
        steps.append(step)
        world = step.world
    return None


def _freeing(case: Case, world: Supposed) -> Iterator[Change]:
    """What speaks against a slot, taken away piece by piece."""
    because = set(world.judge(case).because)
    if "PAST" in because:
        return
    for touch in strongest_first(world.touches, case.slot):
        if touch.blocks and touch.interval is not None and touch.interval.overlaps(case.padded):
            yield from _without(case, world, touch)
    if "UNKNOWN" in because:
        yield Change(replace(world, unknown="warn"), _policy(case, "unknown", "warn"))
    for found, hours in terms.eased(case, world, because):
        yield Change(replace(world, hours=hours), found)
    if "DAILY_LIMIT" in because:
        yield from _one_booking_less(case, world)


def _one_booking_less(case: Case, world: Supposed) -> Iterator[Change]:
    for booked in world.booked:
        if terms.same_day(case, booked):
            left = replace(world, booked=tuple(one for one in world.booked if one != booked))
            yield Change(left, remedy("day", span=span(booked.start, booked.end, case.zone)))


def _without(case: Case, world: Supposed, touch: Touch) -> Iterator[Change]:
    """What takes one blocking thing away."""
    left = world.without(lambda one: one.event == touch.event and one.blocks)
    facts = _facts(case, touch)
    if touch.kind == "coverage":
        kind = "unplaced" if _state(case, touch) == "unreadable" else "pull"
        yield Change(left, remedy(kind, **facts), say("explain.customer.change.pull", **facts))
    elif touch.kind != "external":
        yield Change(left, remedy(touch.kind, **facts), say(f"explain.customer.change.{touch.kind}", **facts))
    elif touch.drifted:
        yield Change(left, remedy("drift", **facts))
    elif touch.verdict.reason is Reason.UNREADABLE:
        yield Change(left, remedy("unreadable", **facts), say("explain.customer.change.unreadable", **facts))
    else:
        yield from _without_event(case, world, touch, left)
    if touch.source is not None and touch.source.blocks:
        yield Change(_unchosen(world, touch.source.calendar_id), remedy(_unchoosing(touch), **facts))


def _without_event(case: Case, world: Supposed, touch: Touch, left: Supposed) -> Iterator[Change]:
    facts = _facts(case, touch)
    free = world.marked(touch.event, lambda facts: replace(facts, transparency=Transparency.TRANSPARENT))
    markable = not any(one.blocks for one in free.touches if one.event == touch.event)
    key = "event" if markable else "event_hard"
    yield Change(left, remedy(key, **facts), say(f"explain.customer.change.{key}", **facts))
    if touch.facts is not None and touch.facts.participation in {
        Participation.NEEDS_ACTION,
        Participation.TENTATIVE,
        Participation.ACCEPTED,
    }:
        declined = world.marked(touch.event, lambda facts: replace(facts, participation=Participation.DECLINED))
        yield Change(declined, remedy("decline", **facts), say("explain.customer.change.decline", **facts))
    yield from _by_policy(case, world, touch, "free")


def _by_policy(case: Case, world: Supposed, touch: Touch, choice: str) -> Iterator[Change]:
    """The policy that decides about an event's reason, the other way round."""
    reason, calendar_id = touch.verdict.reason, touch.source.calendar_id if touch.source else None
    if reason in {Reason.UNANSWERED, Reason.TENTATIVE, Reason.TRAVEL}:
        name = reason.value.lower()
        yield Change(world.under(None, partial(_with, name=name, value=choice)), _policy(case, name, choice))
    if touch.facts is not None and touch.facts.all_day and calendar_id is not None:
        for value in ("never",) if choice == "free" else ("as_marked", "always"):
            changed = world.under(calendar_id, partial(_with, name="all_day", value=value))
            yield Change(changed, _policy(case, "all_day", value, calendar_id))


def _with(policy: Policy, *, name: str, value: Any) -> Policy:
    return replace(policy, **{name: value})


def _policy(case: Case, name: str, value: str, calendar_id: str | None = None) -> Remedy:
    where = f" --calendar {calendar_id}" if calendar_id else ""
    about = {"calendar_id": calendar_id, "sub_account": case.sub_account, "user": case.user_id}
    return remedy("policy", name=name, value=value, where=where, **about)


def _unchosen(world: Supposed, calendar_id: str) -> Supposed:
    return world.without(lambda one: one.source is not None and one.source.calendar_id == calendar_id and _of_role(one))


def _of_role(one: Touch) -> bool:
    """Whether it blocks because its calendar is a conflict calendar."""
    return one.blocks and one.kind in {"external", "coverage"} and not one.drifted


def _unchoosing(touch: Touch) -> str:
    return "unchoose_linked" if touch.source is not None and touch.source.linked else "unchoose"


def _state(case: Case, touch: Touch) -> str:
    calendar_id = touch.source.calendar_id if touch.source else None
    return next((row["state"] for row in case.coverage["missing"] if row["calendar_id"] == calendar_id), "")


def _facts(case: Case, touch: Touch) -> dict[str, Any]:
    return {
        "span": span(touch.starts_at, touch.ends_at, case.zone),
        "calendar": named(touch.source.calendar) if touch.source else MASK,
        "calendar_id": touch.source.calendar_id if touch.source else MASK,
        "href": named(touch.href),
        "ref": touch.ref,
        "sub_account": case.sub_account,
        "user": case.user_id,
    }


_MARKS: Final[dict[Reason, Callable[[Facts], Facts]]] = {
    Reason.TRANSPARENT: lambda facts: replace(facts, transparency=Transparency.OPAQUE),
    Reason.CANCELLED: lambda facts: replace(facts, status=Status.CONFIRMED),
    Reason.DECLINED: lambda facts: replace(facts, participation=Participation.ACCEPTED),
}


def _taking(case: Case, world: Supposed) -> Iterator[Change]:
    """What would take a slot that is offered: what was set aside, and anything new."""
    chosen = set()
    for touch in strongest_first(world.touches, case.slot):
        source = touch.source
        if touch.set_aside == NOT_CHOSEN and source is not None and source.not_selectable is None and source.calendar_id not in chosen:
            chosen.add(source.calendar_id)
            told = say("explain.customer.change.choose", **_facts(case, touch))
            yield Change(world.chosen(source.calendar_id), remedy("choose", **_facts(case, touch)), told)
        elif touch.kind == "external" and touch.set_aside in {reason.value for reason in Reason}:
            yield from _taken_by(case, world, touch)
    if "UNKNOWN" in case.judgement.because:
        yield Change(replace(world, unknown="refuse"), _policy(case, "unknown", "refuse"))
    yield Change(_with_a_booking(case, world), _anything(case))


def _taken_by(case: Case, world: Supposed, touch: Touch) -> Iterator[Change]:
    mark = _MARKS.get(touch.verdict.reason)
    if mark is not None:
        told = say(f"explain.customer.change.mark.{touch.verdict.reason.value}", **_facts(case, touch))
        yield Change(world.marked(touch.event, mark), remedy(f"mark.{touch.verdict.reason.value}", **_facts(case, touch)), told)
    yield from _by_policy(case, world, touch, "busy")


def _with_a_booking(case: Case, world: Supposed) -> Supposed:
    return replace(world, touches=(*world.touches, booking(case)))


def booking(case: Case) -> Touch:
    """A booking of the very slot, as it would be seen once it is made."""
    verdict = Verdict(Busyness.BUSY, Reason.OWN_APPOINTMENT)
    return Touch("appointment", case.slot, case.slot.start, case.slot.end, verdict, blocks=True)


def _anything(case: Case) -> Remedy:
    names = ", ".join(say("explain.quoted", text=named(one.calendar)) for one in case.calendars if one.blocks)
    return remedy("any", calendars=names) if names else remedy("any_booking")
