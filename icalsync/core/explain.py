"""Why a slot is offered or not: the one judgement (R15), its evidence in order, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from icalsync.core.chain import chain, rule, what
from icalsync.core.changes import Change, would_change
from icalsync.core.evidence import ANOTHER_USER, EXCLUDED, MOVED_AWAY, NOT_CHOSEN, Case, Touch, strongest_first, winning
from icalsync.core.explanation import Explanation, Step
from icalsync.core.model import Busyness, Reason
from icalsync.core.naming import named
from icalsync.core.slots import OFFERED
from icalsync.core.terms import terms, unseen
from icalsync.core.wording import Told, both, is_open, moment, numbered, setting, span, word
from icalsync.messages import say

MOST_EVENTS: Final = 60
"""Things whose evidence is shown in full; what blocks comes first."""
_REASONS: Final = frozenset(reason.value for reason in Reason)
_CODES: Final = frozenset({"busyness", "reason", "before", "after"})
"""Facts that are codes."""
_SETTINGS: Final = frozenset({"name", "before", "after"})
"""The same of a setting that was changed."""
_TOLD: Final = _REASONS | {NOT_CHOSEN, MOVED_AWAY, EXCLUDED}
"""Near misses a customer may hear of: those in the user's own calendars."""


def explain(case: Case) -> Explanation:
    """The explanation of a case; pure, and nothing in it judges but ``core.slots.judge``."""
    winner = winning(case.touches, case.slot)
    reason = _reason(case, winner)
    changes = would_change(case)
    evidence = (
        _verdict(case, winner, reason),
        *_events(case),
        *unseen(case),
        *terms(case),
        *_learned(case),
    )
    return Explanation(
        sub_account=case.sub_account,
        user_id=case.user_id,
        zone=case.zone,
        at=case.slot.start,
        length=case.slot.length,
        busyness=Busyness.FREE if winner is None else winner.verdict.busyness,
        reason=reason,
        offered=case.judgement.offered,
        because=case.judgement.because,
        coverage=case.coverage,
        evidence=evidence,
        would_change=tuple(change.says for change in changes),
        asked_at=case.asked_at,
        known_at=case.known_at,
        customer=_for_customer(case, winner, changes),
        revealed=case.revealed,
        remedies=tuple(change.remedy for change in changes),
    )


def _reason(case: Case, winner: Touch | None) -> str:
    if winner is not None:
        return winner.verdict.reason.value
    if not case.judgement.offered:
        return case.judgement.because[0]
    near = (one for one in strongest_first(case.touches, case.slot) if one.during(case.slot) and one.set_aside in _REASONS)
    return next((one.verdict.reason.value for one in near), OFFERED)


def _verdict(case: Case, winner: Touch | None, reason: str) -> Step:
    """The answer, and the rule that decided."""
    codes = [
        both(f"explain.because.{code}") for code in case.judgement.because if code not in {"BUSY", "UNKNOWN", OFFERED} or winner is None
    ]
    if winner is not None:
        key = "explain.decided.open" if is_open(winner.starts_at, winner.ends_at) else "explain.decided"
        codes.insert(0, both(key, what=what(winner), span=span(winner.starts_at, winner.ends_at, case.zone), rule=rule(winner)))
    facts: dict[str, Any] = {
        "busyness": Busyness.FREE.value if winner is None else winner.verdict.busyness.value,
        "reason": reason,
        "offered": case.judgement.offered,
        "because": case.judgement.because,
        "rule": None if winner is None else rule(winner),
        "zone": case.zone,
    }
    cli, page = (" ".join([_head(case), *told]) for told in ([one.cli for one in codes], [one.page for one in codes]))
    return Step.of("verdict", Told(cli, page), facts)


def _head(case: Case, kind: str = "") -> str:
    head = "offered" if case.judgement.offered else "refused"
    known = "" if case.known_at is None else _known(case, case.known_at, kind)
    when = span(case.slot.start, case.slot.end, case.zone)
    return known + say(f"explain.{kind}{head}", name=named(case.name), user=case.user_id, span=when, zone=case.zone)


def _known(case: Case, at: datetime, kind: str) -> str:
    """As known when; a customer is told so to the minute, and only where the answer is another one by now."""
    if not kind:
        return say("explain.known_at", moment=moment(at, case.zone))
    still = case.now is not None and case.now[0] == case.judgement
    return "" if still else say(f"explain.{kind}known_at", moment=moment(at.replace(second=0, microsecond=0), case.zone))


def _events(case: Case) -> Iterator[Step]:
    shown = strongest_first(case.touches, case.slot)
    shown = [one for one in shown if one.kind != "coverage" and (one.blocks or one.during(case.slot) or one.set_aside == MOVED_AWAY)]
    for number, touch in enumerate(shown[:MOST_EVENTS], 1):
        yield from chain(touch, case, number)
    if len(shown) > MOST_EVENTS:
        yield Step("event", say("explain.more", number=len(shown) - MOST_EVENTS), {"more": len(shown) - MOST_EVENTS})


def _learned(case: Case) -> Iterator[Step]:
    """What became known since the moment asked about, and what the answer is now."""
    for one in case.learned:
        when = "" if one.at is None else moment(one.at, case.zone)
        sentence = both(f"explain.since.{one.what}", when=when, **_in_words(one.facts, of_settings=one.what in {"policy", "hours"}))
        yield Step.of("since", sentence, {"at": one.at, "what": one.what, **one.facts})
    if case.now is not None:
        judgement, verdict = case.now
        same = judgement == case.judgement
        facts = {
            "offered": judgement.offered,
            "because": judgement.because,
            "busyness": verdict.busyness.value,
            "reason": verdict.reason.value,
        }
        key = "explain.since.same" if same else "explain.since.offered" if judgement.offered else "explain.since.refused"
        codes = [word(code) for code in judgement.because]
        because = Told(", ".join(each.cli for each in codes), ", ".join(each.page for each in codes))
        yield Step.of("since", both(key, because=because), {"what": "now", **facts})


def _in_words(facts: Mapping[str, Any], *, of_settings: bool) -> dict[str, Any]:
    """Facts as a sentence has them: codes as words, names from outside on one line."""
    codes, words = (_SETTINGS, setting) if of_settings else (_CODES, word)
    told = {name: words(facts[name]) for name in codes & facts.keys() if isinstance(facts[name], str)}
    thing = {"thing": numbered(facts["thing"])} if "thing" in facts else {}
    return {**facts, **told, **thing, "calendar": named(facts.get("calendar"))}


def _for_customer(case: Case, winner: Touch | None, changes: Sequence[Change]) -> str:
    """Sentences without titles, hrefs, ids, or anything of other people's calendars."""
    sentences = [_head(case, "customer."), *_customer_reasons(case, winner)]
    if case.judgement.offered:
        sentences += _near(case)
    if not case.coverage["complete"]:
        sentences.append(say("explain.customer.incomplete"))
    told = next((change for change in changes if change.customer), None)
    if told is not None:
        sentences.append(say("explain.customer.change.all" if told.steps > 1 else "explain.customer.change", change=told.customer))
    return " ".join(sentences)


def _customer_reasons(case: Case, winner: Touch | None) -> Iterator[str]:
    for code in case.judgement.because:
        if code in {"BUSY", "UNKNOWN"} and winner is not None:
            continue
        if code != OFFERED:
            yield say(f"explain.customer.because.{code}")
    if winner is not None:
        yield say(f"explain.customer.reason.{winner.verdict.reason.value}", **_where(winner, case))


def _near(case: Case) -> Iterator[str]:
    seen: set[str] = set()
    for one in strongest_first(case.touches, case.slot):
        apart = one.set_aside not in _TOLD or one.set_aside == ANOTHER_USER or one.owner is not None
        if one.blocks or apart or not (one.during(case.slot) or one.set_aside == MOVED_AWAY):
            continue
        freed = one.set_aside in _REASONS and f"explain.customer.aside.{one.set_aside}"
        sentence = say(freed or f"explain.customer.aside.{one.set_aside}", **_where(one, case))
        if sentence not in seen:
            seen.add(sentence)
            yield sentence


def _where(one: Touch, case: Case) -> dict[str, str]:
    return {
        "span": span(one.starts_at, one.ends_at, case.zone),
        "calendar": named(one.source.calendar) if one.source is not None else say("explain.customer.here"),
    }
