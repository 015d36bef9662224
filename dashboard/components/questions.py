"""What the page "Why?" is asked: by its address (a link in a ticket), until the reader asks something else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import streamlit as st
from components.choosing import FARTHEST, choose_user
from components.links import ASKED, asked_user, follow_link, forget_link, link_asked
from components.spans import length_of
from data import Key, Row, ask, say, today

LENGTHS: Final = ("15m", "30m", "45m", "1h", "1h30m", "2h")
HALF_AN_HOUR: Final = "30m"
"""Where the opening hours name no length."""
USUAL: Final = time(9)
STEP: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Question:
    """Whose slot, which, and as known when; moments without a zone are in the user's."""

    key: Key
    at: Any
    length: str
    known_at: Any = None
    asked_at: Any = None


def choose_question(users: Sequence[Row]) -> Question:
    """The link's question, or the one that is chosen here."""
    follow_link(users)
    user = choose_user(st.container(), users, asked_user())
    day, clock, how_long = st.columns(3)
    key, now = (user["sub_account"], user["user_id"]), today(user["time_zone"])
    link = link_asked(key)
    usual: str = link.get("length", HALF_AN_HOUR) if link else _usual(key)
    if link is None and st.session_state.get("kept_why_of", key) != key:
        st.session_state["why_length"] = usual  # another user's slots are as long as theirs are
    for name, first in (("day", now), ("time", USUAL), ("length", usual)):
        st.session_state.setdefault(f"why_{name}", st.session_state.get(f"kept_why_{name}", first))
    st.session_state["why_day"] = min(max(st.session_state["why_day"] or now, now - FARTHEST), now + FARTHEST)
    shape = {"min_value": now - FARTHEST, "max_value": now + FARTHEST, "format": say("page.date_format")}
    chosen: date = day.date_input(say("page.date"), key="why_day", on_change=forget_link, **shape) or now
    at: time = clock.time_input(say("page.time"), key="why_time", step=STEP, on_change=forget_link) or USUAL
    lengths = list(dict.fromkeys([*LENGTHS, usual, st.session_state["why_length"]]))
    length = how_long.selectbox(say("page.length"), lengths, format_func=length_of, key="why_length", on_change=forget_link)
    for name, value in (("day", chosen), ("time", at), ("length", length), ("of", key)):  # on another page these widgets are gone
        st.session_state[f"kept_why_{name}"] = value
    known = choose_known(now)
    if link is not None:
        sub_account, _, user_id = link.get("user", "").partition("/")
        return Question((sub_account, user_id), link["at"], link.get("length", HALF_AN_HOUR), link.get("known_at"), link.get("asked_at"))
    return Question(key, datetime.combine(chosen, at), length, known, known)


def _usual(key: Key) -> str:
    """How long this user's slots are."""
    return ask(lambda desk: desk.terms(*key))["hours"]["slot_length"] or HALF_AN_HOUR


def choose_known(now: date) -> datetime | None:
    """As known now (None), or at a past moment in the user's zone: then the slot is judged as though asked then, too."""
    linked = "known_at" in st.session_state.get(ASKED, {})
    kind = st.radio(
        say("page.why.known"),
        ["now", "then"],
        index=int(linked),
        format_func=lambda each: say(f"page.why.known_{each}"),
        horizontal=True,
        on_change=forget_link,
        key=f"why_known_{linked}",  # whoever changes it leaves the link, and begins with "now"
    )
    if linked or kind == "now":
        return None
    day, clock, _ = st.columns([2, 2, 6])
    then: date = day.date_input(say("page.why.known_day"), now, max_value=now, format=say("page.date_format"), key="why_known_day") or now
    at: time = clock.time_input(say("page.why.known_time"), time(), key="why_known_time", step=STEP) or time()
    return datetime.combine(then, at)
