"""Choosing a slot: a day, and one of its free slots or any other time. The library refuses what cannot be, and says why."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

import streamlit as st
from components.choosing import FARTHEST
from components.spans import length_of
from data import Key, ask, say, today

LENGTHS: Final = {"15m": 15, "30m": 30, "45m": 45, "1h": 60, "1h30m": 90, "2h": 120}
"""Lengths of appointments, in minutes."""
STEP: Final = timedelta(minutes=5)
OTHER: Final = "other"


def choose_date(label: str, zone: str, key: str, begins: date | None = None) -> date:
    """A day within reach; the present one unless ``begins`` says another."""
    now = today(zone)
    bounds = {"min_value": now - FARTHEST, "max_value": now + FARTHEST}
    chosen: date = st.date_input(label, begins or now, format=say("page.date_format"), key=key, **bounds) or now
    return chosen


def choose_time(label: str, key: str, begins: time | None = None) -> time:
    """A time of day, in steps of five minutes."""
    chosen: time = st.time_input(label, begins or time(9), step=STEP, key=key) or time(9)
    return chosen


def choose_slot(user: Key, zone: str, usual: str | None, *, anew: bool = False) -> tuple[datetime, datetime]:
    """Start and end, in the user's zone: one of the day's free slots, or any time; ``anew`` begins with the day's first free slot."""
    left, right, third = st.columns(3)
    lengths = dict.fromkeys([*((usual,) if usual in LENGTHS else ()), "30m", *LENGTHS])
    with left:
        day = choose_date(say("page.date"), zone, "book_day")
    with right:
        length = st.selectbox(say("page.length"), list(lengths), format_func=length_of, key="book_length")
    found = ask(lambda desk: desk.slots(*user, day, day + timedelta(days=1), length=length))
    starts = [*(f"{moment:%H:%M}" for moment in found["starts_at"]), OTHER]
    if anew:
        st.session_state["book_start"] = starts[0]
    with third:
        chosen = st.selectbox(
            say("page.book.start"), starts, format_func=lambda each: say("page.book.other") if each == OTHER else each, key="book_start"
        )
        clock = choose_time(say("page.book.other_time"), "book_time") if chosen == OTHER else time.fromisoformat(chosen)
    start = datetime.combine(day, clock)
    return start, start + timedelta(minutes=LENGTHS[length])
