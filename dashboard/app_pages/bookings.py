"""The system's own side: appointments, new bookings, blocked time, what is still to be written, and what was changed elsewhere."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st
from components.appointments import show_appointments
from components.booking import book, show_blocked
from components.choosing import called, choose_user
from components.drifts import show_drift
from components.outbox import show_outbox
from components.rows import part_of
from components.views import choose_view
from data import ask, desk, people, say, today

PAST = timedelta(days=90)


def list_appointments() -> None:
    """Those to come; on demand those of the past three months, too."""
    past = st.checkbox(say("page.book.past"), key="book_past")
    rows = ask(lambda desk: desk.appointments(*key, start=today(zone) - (PAST if past else timedelta())))
    show_appointments(sorted(rows, key=lambda row: row["starts_at"], reverse=past), zone)


def list_outbox() -> None:
    """Of everybody, unless only the chosen user is wanted."""
    mine = st.checkbox(say("page.book.only_user"), key="outbox_mine")
    done = st.checkbox(say("page.outbox.done_too"), key="outbox_done")
    show_outbox(ask(lambda desk: desk.outbox(*(key if mine else ()), done=done)), zone)


def list_drift() -> None:
    """Of everybody, unless only the chosen user is wanted."""
    mine = st.checkbox(say("page.book.only_user"), key="drift_mine")
    settled = st.checkbox(say("page.drift.settled_too"), key="drift_settled")
    rows = ask(lambda desk: desk.drifts(*(key if mine else ()), settled=settled))
    if not rows:
        st.success(say("page.drift.none"), icon=":material/check_circle:")
    for row in part_of(rows, "drift", 10):
        show_drift(row, names[row["sub_account"], row["user_id"]], zone)


st.title(say("page.bookings"))
users = people()
names = {(each["sub_account"], each["user_id"]): called(each) for each in users}
user = choose_user(st.container(), users)
key, zone = (user["sub_account"], user["user_id"]), user["time_zone"]
if done := st.session_state.pop("bookings_done", None):
    st.success(done, icon=":material/check_circle:")
open_drift = ask(lambda desk: len(desk.drifts()))
if open_drift:
    st.warning(say("page.drift.open", number=open_drift), icon=":material/sync_problem:")
if not desk().may("book"):
    st.info(say("page.only_admins_book"), icon=":material/lock:")
views = ["appointments", *(["book"] if desk().may("book") else []), "blocked", "outbox", "drift"]
view = choose_view("book", views)
if view == "appointments":
    list_appointments()
elif view == "book":
    book(key, zone, ask(lambda desk: desk.terms(*key))["hours"]["slot_length"])
elif view == "blocked":
    show_blocked(key, zone, ask(lambda desk: desk.blocked_slots(*key)))
elif view == "outbox":
    list_outbox()
else:
    list_drift()
st.caption(say("page.zone", zone=zone))
