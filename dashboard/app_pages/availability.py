"""When a user is free, what blocks the rest, how full the open hours are, and how complete and fresh all that is."""

from __future__ import annotations

import streamlit as st
from components.asking import week_of
from components.checking import offer_checks
from components.choosing import choose_first_day, choose_user
from components.coverage import show_coverage, show_freshness
from components.days import parts
from components.dialogs import open_why
from components.heatpage import show_heat_of
from components.marks import blocks, gaps
from components.moments import choose_day, show_day
from components.picture import show_week
from components.spans import length_of
from components.views import choose_view
from data import ask, one_line, people, say, today

LENGTHS = ["15m", "30m", "45m", "1h", "1h30m", "2h"]
USUAL = "30m"


def show_user() -> None:
    """One user's week: coverage first, then the picture and the list beside it."""
    answer = week_of(key, first, length)
    show_coverage(answer.coverage, agreed["policies"]["unknown"], zone)
    fresh, check = st.columns([5, 3])
    with fresh:
        show_freshness(answer.freshness)
    with check:
        offer_checks(key, answer.freshness)
    st.caption(say("page.terms", zone=zone, weekly=one_line(agreed["hours"]["weekly"])))
    busy, ground = list(parts(answer.busy, first)), [part for part in parts(answer.stretches, first) if part.row["busyness"] == "FREE"]
    st.caption(say("page.week.click"))
    kinds = {each: say(f"page.week.by_{each}") for each in ("reason", "source")}
    by = st.radio(say("page.week.colour"), list(kinds), format_func=kinds.__getitem__, horizontal=True, key="week_by")
    picture, beside = st.columns([5, 3])
    drawn = st.session_state.get("week_drawn", 0)
    with picture:
        clicked = show_week([*gaps(ground, first), *blocks(busy, first, by)], first, f"week_{drawn}")
    with beside:
        day = choose_day(first, now)
        starts = [f"{moment:%H:%M}" for moment in answer.slots["starts_at"] if moment.date() == day]
        of_day = ([part for part in each if part.day == day] for each in (busy, ground))
        show_day(*of_day, starts, lambda at: open_why(key, at, length))
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
length = how_long.selectbox(say("page.length"), lengths, index=lengths.index(usual), format_func=length_of)
if choose_view("week", ["week", "heat"]) == "week":
    show_user()
else:
    show_heat_of(user, users, first, agreed["policies"]["unknown"])
