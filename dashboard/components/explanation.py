"""An explanation as people read it: the verdict, what would change it, each event with how it was read, and the words for the customer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import streamlit as st
from data import Row, knows, plain, say

if TYPE_CHECKING:
    from collections.abc import Mapping

Explanation = Any
"""What ``Desk.explain`` answers."""
TERMS: Final = frozenset({"hours", "buffers", "notice", "limits"})
PAGES: Final = (
    dict.fromkeys(("unchoose", "unchoose_linked", "choose", "pull"), "configuration")
    | dict.fromkeys(("appointment", "blocked_slot", "drift", "day", "any_booking"), "bookings")
    | dict.fromkeys(("unreadable", "unplaced"), "health")
)
"""By kind of a remedy the page on which it is done; what is done in the calendar itself, or set by command, has none."""
SIGNS: Final = {"FREE": ":material/schedule:", "UNKNOWN": ":material/help:"}


def show_explanation(found: Explanation) -> None:
    """All of it. Everything that names somebody or something from outside is text."""
    _verdict(found)
    answer, evidence = st.columns([2, 3])
    with answer:
        st.markdown(f"**{say('page.why.customer')}**")
        st.caption(say("page.why.customer_says"))
        st.code(plain(found.for_customer()), language=None, wrap_lines=True)
        _changes(found.remedies)
    with evidence:
        st.markdown(f"**{say('page.why.evidence')}**")
        for group in _groups(found.evidence[1:]):
            with st.container(border=True):
                _group(group)


def _verdict(found: Explanation) -> None:
    if found.offered:
        st.success(say("page.why.offered"), icon=":material/check_circle:")
    elif found.busyness.value == "UNKNOWN":
        st.warning(say("page.why.unknown"), icon=":material/help:")
    else:
        st.error(say("page.why.refused"), icon=SIGNS.get(found.busyness.value, ":material/event_busy:"))
    st.text(plain(found.evidence[0].on_page))
    if not found.coverage["complete"]:
        st.warning(say("page.week.incomplete"), icon=":material/warning:")


def _changes(remedies: Sequence[Any]) -> None:
    """What would flip the answer, and the pages on which it is done."""
    if not remedies:
        return
    st.markdown(f"**{say('explain.would_change')}**")
    st.text("\n".join(f"• {plain(remedy.says)}" for remedy in remedies))
    kinds = [one.kind for remedy in remedies for one in (remedy, *remedy.parts)]
    for page in dict.fromkeys(PAGES[kind] for kind in kinds if kind in PAGES):
        st.page_link(f"app_pages/{page}.py", label=say(f"page.why.go.{page}"), icon=":material/arrow_forward:")


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
