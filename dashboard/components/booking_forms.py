"""Choosing a slot: a day, and one of its free slots or any other time. The library refuses what cannot be, and says why."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

import streamlit as st
from components.choosing import FARTHEST
from components.keeping import being_sent, keep, restore
from components.spans import length_of, span_in
from data import Key, ask, say, today
from streamlit.delta_generator import DeltaGenerator

LENGTHS: Final = ("15m", "30m", "45m", "1h", "1h30m", "2h")
"""Lengths of appointments to choose from, besides the user's own."""
USUAL: Final = "30m"
STEP: Final = timedelta(minutes=5)
OTHER: Final = "other"
BOOKED: Final = ("book_start", "book_time")


def choose_date(label: str, zone: str, key: str, begins: date | None = None) -> date:
    """A day within reach; the present one unless ``begins`` says another."""
    now = today(zone)
    st.session_state.setdefault(key, begins or now)
    bounds = {"min_value": now - FARTHEST, "max_value": now + FARTHEST}
    chosen: date = st.date_input(label, format=say("page.date_format"), key=key, **bounds) or now
    return chosen


def choose_time(label: str, key: str, begins: time | None = None) -> time:
    """A time of day, in steps of five minutes."""
    st.session_state.setdefault(key, begins or time(9))
    chosen: time = st.time_input(label, step=STEP, key=key) or time(9)
    return chosen


def choose_slot(user: Key, zone: str, usual: str | None, *, anew: bool = False) -> tuple[datetime, datetime]:
    """Start and end, in the user's zone, of the length they usually have unless another is chosen.

    ``anew`` begins with the day's first free slot.
    """
    restore("book_day")
    left, right, third = st.columns(3)
    own = usual if usual and span_in(usual) else USUAL
    lengths = list(dict.fromkeys([own, *LENGTHS]))
    restore("book_length", lengths)
    with left:
        day = choose_date(say("page.date"), zone, "book_day")
    with right:
        length = st.selectbox(say("page.length"), lengths, format_func=length_of, key="book_length")
    start = choose_start(third, user, day, length, anew=anew)
    keep("book_day", "book_length")
    return start, start + (span_in(length) or timedelta())


def choose_start(
    place: DeltaGenerator, user: Key, day: date, length: str | timedelta, keys: tuple[str, str] = BOOKED, *, anew: bool = False
) -> datetime:
    """When it starts: one of the day's free slots of this length, or any time; ``keys`` are those of the two fields."""
    slot, other = keys
    found = ask(lambda desk: desk.slots(*user, day, day + timedelta(days=1), length=length))
    starts = [*(f"{moment:%H:%M}" for moment in found["starts_at"]), OTHER]
    if anew:
        st.session_state[slot] = starts[0]
    elif being_sent() and (wanted := st.session_state.get(slot)) not in {None, *starts}:
        starts.insert(0, wanted)  # what was on the screen is asked for, and refused where it is free no more: never another time
    restore(slot, starts)
    with place:
        says = {OTHER: say("page.book.other")}
        chosen = st.selectbox(say("page.book.start"), starts, format_func=lambda each: says.get(each, each), key=slot)
        keep(slot)
        if chosen != OTHER:
            return datetime.combine(day, time.fromisoformat(chosen))
        restore(other)
        clock = choose_time(say("page.book.other_time"), other)
        keep(other)
    return datetime.combine(day, clock)
