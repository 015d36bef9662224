"""An explanation as people read it: the verdict, the words for the customer, what would change it, each event with how it was read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import streamlit as st
from components.coverage import show_coverage, show_freshness
from data import Row, ask, knows, plain, say

if TYPE_CHECKING:
    from collections.abc import Mapping

Explanation = Any
"""What ``Desk.explain`` answers."""
TERMS: Final = frozenset({"hours", "buffers", "notice", "limits"})
PAGES: Final = (
    dict.fromkeys(("unchoose", "unchoose_linked", "choose"), "configuration")
    | dict.fromkeys(("appointment", "blocked_slot", "drift", "day", "any_booking"), "bookings")
    | dict.fromkeys(("unreadable", "unplaced"), "health")
)
"""By kind of a remedy the page on which it is done; what is done in the calendar itself, or set by command, has none.

A calendar that cannot be pulled (``pull``) is mended where its account is, and one that never was, where it was chosen.
"""
COLLEAGUE: Final = "ANOTHER_USER"
"""What takes the time of others says nothing about this user: it is told for whoever looks for it (R11), and stands folded at the end."""
SIGNS: Final = {"FREE": ":material/schedule:", "UNKNOWN": ":material/help:"}


def show_explanation(found: Explanation) -> None:
    """All of it, as wide as the page is. Everything that names somebody or something from outside is text."""
    _verdict(found)
    st.markdown(f"**{say('page.why.customer')}**")
    st.caption(say("page.why.customer_says"))
    st.code(plain(found.for_customer()), language=None, wrap_lines=True)
    _changes(found)
    st.markdown(f"**{say('page.why.evidence')}**")
    for group in _groups([step for step in found.evidence[1:] if step.facts.get("set_aside") != COLLEAGUE]):
        with st.container(border=True):
            _group(group)
    _colleagues([step for step in found.evidence if step.facts.get("set_aside") == COLLEAGUE])


def _verdict(found: Explanation) -> None:
    if found.offered:
        st.success(say("page.why.offered"), icon=":material/check_circle:")
    elif found.busyness.value == "UNKNOWN":
        st.warning(say("page.why.unknown"), icon=":material/help:")
    else:
        st.error(say("page.why.refused"), icon=SIGNS.get(found.busyness.value, ":material/event_busy:"))
    st.text(plain(found.evidence[0].on_page))
    _rests_on(found)


def _rests_on(found: Explanation) -> None:
    """How complete and how fresh that is (R12); of calendars that are missing now, which, since when, and what to do."""
    if found.coverage["as_of"] is not None or not found.coverage["complete"]:  # that no calendar counts is among the evidence
        show_coverage(found.coverage, found.zone)
    missing = {row["calendar_id"] for row in found.coverage["missing"]}
    if missing and found.known_at is None:
        fresh = ask(lambda desk: desk.freshness(found.sub_account, found.user_id))
        show_freshness([row for row in fresh if row["calendar_id"] in missing])


def _changes(found: Explanation) -> None:
    """What would flip the answer, and the pages on which it is done."""
    if not found.remedies:
        return
    st.markdown(f"**{say('explain.would_change')}**")
    st.text("\n".join(f"• {plain(remedy.says)}" for remedy in found.remedies))
    states = {row["state"] for row in found.coverage["missing"]}
    pages = PAGES | {"pull": "configuration" if states <= {"never_pulled"} else "connections"}
    kinds = [one.kind for remedy in found.remedies for one in (remedy, *remedy.parts)]
    for page in dict.fromkeys(pages[kind] for kind in kinds if kind in pages):
        st.page_link(f"app_pages/{page}.py", label=say(f"page.why.go.{page}"), icon=":material/arrow_forward:")


def _colleagues(steps: Sequence[Any]) -> None:
    if steps:
        number = len({step.facts["user_id"] for step in steps})
        key = "page.why.colleague" if number == 1 else "page.why.colleagues"
        with st.expander(say(key, number=number)):
            st.text("\n".join(plain(step.on_page) for step in steps))


def _groups(steps: Sequence[Any]) -> Iterator[list[Any]]:
    """The steps about one event belong together, and so do hours, buffers, notice and limits; every other step stands for itself."""
    groups: list[list[Any]] = []
    for step in steps:
        if groups and _belong(groups[-1][0], step):
            groups[-1].append(step)
        else:
            groups.append([step])
    return iter(groups)


def _belong(first: Any, step: Any) -> bool:
    number = step.facts.get("event")
    return (number is not None and first.facts.get("event") == number) or {first.step, step.step} <= TERMS


def _group(steps: Sequence[Any]) -> None:
    first, rest = steps[0], steps[1:]
    key = f"page.evidence.{first.step}"
    st.caption(say(key) if knows(key) else first.step)
    if first.step in TERMS:
        st.text("\n".join(plain(step.on_page) for step in steps))
        return
    st.text(plain(first.on_page))
    if not rest:
        return
    with st.expander(say("page.why.read_as")):
        for step in rest:
            lines: Mapping[str, Any] | Row = step.facts
            st.text(plain(step.on_page).split("\n", 1)[0])
            if lines.get("lines"):
                st.code("\n".join(lines["lines"]), language=None, wrap_lines=True)
