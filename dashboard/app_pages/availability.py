"""When a user is free, what blocks the rest, how full the open hours are, and how complete and fresh all that is."""

from __future__ import annotations

import streamlit as st
from components.asking import week_of
from components.checking import offer_checks
from components.choosing import choose_first_day, choose_user
from components.coverage import show_coverage, show_freshness
from components.days import ground_of, hours_in_words, parts
from components.dialogs import open_why
from components.drawn import hours_drawn, outside
from components.heatpage import show_heat_of
from components.marks import blocks, gaps
from components.moments import choose_day, show_day, show_starts
from components.picture import show_week
from components.spans import length_of
from components.views import choose_view
from data import ask, people, say, today

LENGTHS = ["15m", "30m", "45m", "1h", "1h30m", "2h"]
USUAL = "30m"


def show_user() -> None:
    """One user's week: coverage first, then the picture and the list beside it."""
    answer = week_of(key, first, length)
    show_coverage(answer.coverage, zone, agreed["policies"]["unknown"])
    fresh, check = st.columns([5, 3])
    with fresh:
        show_freshness(answer.freshness)
    with check:
        offer_checks(key, answer.freshness)
    st.caption(say("page.terms", zone=zone, weekly=hours_in_words(agreed["hours"]["weekly"])))
    busy, ground = list(parts(answer.busy, first)), list(ground_of(answer.stretches, answer.slots["starts_at"], first))
    st.caption(say("page.week.click"))
    kinds = {each: say(f"page.week.by_{each}") for each in ("reason", "source")}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.radio(say("page.week.colour"), list(kinds), format_func=kinds.__getitem__, horizontal=True, key="week_by")
        whole = st.checkbox(say("page.week.whole"), key="week_whole")
    hours = (0, 24) if whole else hours_drawn((agreed["hours"]["weekly"], agreed["hours"]["exceptions"]), ground)
    if left := outside(busy, hours):
        st.text(left)
    drawn = st.session_state.get("week_drawn", 0)
    clicked = show_week([*gaps(ground, first), *blocks(busy, first, by)], first, hours, f"week_{drawn}")
    # Below it, not beside it: beside a list of a readable width nothing would be left for seven days on a tablet.
    which, rows = st.columns([2, 3])
    with which:
        day = choose_day(first, now)
        show_starts([f"{moment:%H:%M}" for moment in answer.slots["starts_at"] if moment.date() == day])
    with rows:
        of_day = ([part for part in each if part.day == day] for each in (busy, ground))
        show_day(*of_day, lambda at: open_why(key, at, length))
    if clicked:
        st.session_state["week_drawn"] = drawn + 1  # drawn anew afterwards, so that the same place can be clicked again
        open_why(key, clicked, length)


st.title(say("page.availability"))

users = people()
who, when, how_long = st.columns([3, 2, 2])
user = choose_user(who, users)
key, zone = (user["sub_account"], user["user_id"]), user["time_zone"]
agreed, now = ask(lambda desk: desk.terms(*key)), today(zone)
first = choose_first_day(when, now)
usual = agreed["hours"]["slot_length"] or USUAL
lengths = LENGTHS if usual in LENGTHS else [usual, *LENGTHS]
length = how_long.selectbox(say("page.length"), lengths, index=lengths.index(usual), format_func=length_of, key=f"slot_length_{usual}")
if choose_view("week", ["week", "heat"]) == "week":
    show_user()
else:
    show_heat_of(user, users, first, agreed["policies"]["unknown"])
