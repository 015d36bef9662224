"""What became known between two moments about one slot: the difference of two cases (R16)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from icalsync.core.chain import what
from icalsync.core.evidence import ANOTHER_USER, Case, Learned, Touch, winning
from icalsync.core.hours import FIELDS
from icalsync.core.model import Busyness, Reason, Verdict
from icalsync.core.policies import DEFAULTS
from icalsync.core.wording import moment, span

_APART: Final = "coverage"
"""Time that is not covered is told by its calendar, not by its rows."""


def learned(then: Case, now: Case, ended: Mapping[int, datetime]) -> tuple[Learned, ...]:
    """What ``now`` knows otherwise than ``then``, in order of when it became known; ``ended``: when versions ceased to hold."""
    found = [*_appeared(then, now), *_vanished(then, now, ended), *_settings(then, now), *_calendars(then, now)]
    return tuple(sorted(found, key=lambda one: (one.at is None, one.at or then.present)))


def answer(case: Case) -> Verdict:
    """How busy the slot is: the winning interval's verdict."""
    winner = winning(case.touches, case.slot)
    return Verdict(Busyness.FREE, Reason.BUSY) if winner is None else winner.verdict


def _key(one: Touch) -> tuple[Any, ...]:
    return one.event, one.starts_at, one.ends_at, one.verdict, one.blocks, one.set_aside


def _shown(case: Case) -> dict[tuple[Any, ...], Touch]:
    return {_key(one): one for one in case.touches if one.kind != _APART and one.set_aside != ANOTHER_USER}


def _appeared(then: Case, now: Case) -> Iterator[Learned]:
    before = _shown(then)
    for key, one in _shown(now).items():
        if key not in before:
            at = one.known_from if then.known_at and one.known_from and one.known_from > then.known_at else None
            yield Learned(at, "appeared" if at else "appeared_by_choice", _facts(one, now.zone))


def _vanished(then: Case, now: Case, ended: Mapping[int, datetime]) -> Iterator[Learned]:
    after = _shown(now)
    for key, one in _shown(then).items():
        if key not in after:
            at = ended.get(one.version) if one.version is not None else None
            yield Learned(at, "vanished" if at else "vanished_unknown", _facts(one, then.zone) | {"until": at})


def _facts(one: Touch, zone: str) -> dict[str, Any]:
    return {
        "thing": what(one).cli,
        "span": span(one.starts_at, one.ends_at, zone),
        "calendar": one.source.calendar if one.source else None,
        "calendar_id": one.source.calendar_id if one.source else None,
        "href": one.href,
        "uid": one.uid,
        "ref": one.ref,
        "busyness": one.verdict.busyness.value,
        "reason": one.verdict.reason.value,
        "blocks": one.blocks,
        "known": moment(one.known_from, zone) if one.known_from else None,
    }


def _settings(then: Case, now: Case) -> Iterator[Learned]:
    for what_changed, names, before, after in (
        ("hours", FIELDS, then.hours, now.hours),
        ("policy", tuple(DEFAULTS), then.policies, now.policies),
    ):
        for name in names:
            if before.get(name) != after.get(name):
                yield Learned(None, what_changed, {"name": name, "before": before.get(name), "after": after.get(name)})


def _calendars(then: Case, now: Case) -> Iterator[Learned]:
    before = {one.calendar_id: one for one in then.calendars}
    after = {one.calendar_id: one for one in now.calendars}
    for calendar_id in sorted(before.keys() | after.keys()):
        old, new = before.get(calendar_id), after.get(calendar_id)
        was, is_ = old is not None and old.blocks, new is not None and new.blocks
        if was is not is_:
            name = (new or old or before[calendar_id]).calendar
            yield Learned(None, "chosen" if is_ else "unchosen", {"calendar_id": calendar_id, "calendar": name})
    yield from _coverage(then, now, {key: one.calendar for key, one in (before | after).items()})


def _coverage(then: Case, now: Case, names: Mapping[str, str]) -> Iterator[Learned]:
    before, after = ({row["calendar_id"]: row["state"] for row in case.coverage["missing"]} for case in (then, now))
    for calendar_id in sorted(before.keys() | after.keys()):
        was, is_ = before.get(calendar_id, "ok"), after.get(calendar_id, "ok")
        if was != is_:
            facts = {"calendar_id": calendar_id, "calendar": names.get(calendar_id, calendar_id), "before": was, "after": is_}
            yield Learned(None, "covered", facts)
