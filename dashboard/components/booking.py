"""Booking a slot and blocking time, for the user that is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

import streamlit as st
from components.booking_forms import choose_date, choose_slot, choose_time
from components.days import span_of
from components.rows import Act, part_of, short, show_rows
from data import Key, Row, attempt, desk, in_zone, one_line, say

BOOKED, ROUND = "booked", "book_round"
"""What was just booked, until it has been shown; and how many were, in this session."""


def book(user: Key, zone: str, usual: str | None) -> None:
    """A slot, what it is, and for whom; the user's calendars are asked before it is booked (R14)."""
    booked: Row | None = st.session_state.pop(BOOKED, None)
    if booked is not None:
        _booked(booked, zone)
    start, end = choose_slot(user, zone, usual, anew=booked is not None)
    # What was typed for one booking never stands in the form of the next; a refusal keeps it.
    which = st.session_state.get(ROUND, 0)
    with st.form(f"book_{which}", border=True):
        title = st.text_input(say("page.book.title"), max_chars=200, key=f"book_title_{which}")
        left, right = st.columns(2)
        name = left.text_input(say("page.book.contact"), max_chars=200, key=f"book_name_{which}")
        email = right.text_input(say("page.book.email"), max_chars=200, key=f"book_email_{which}")
        forced = st.checkbox(say("page.book.unchecked"), help=say("page.book.unchecked_says"), key=f"book_forced_{which}")
        sent = st.form_submit_button(say("page.book.now"), type="primary")
    if not sent:
        return
    contact = {"contact_name": name.strip() or None, "contact_email": email.strip() or None}
    with st.spinner(say("page.book.asking")):
        row = attempt(lambda desk: desk.book(*user, start, end, title, check=not forced, **contact))
    if row is not None:
        st.session_state.update({BOOKED: row, ROUND: which + 1})
        st.rerun()


def _booked(row: Row, zone: str) -> None:
    st.success(say("page.book.booked"), icon=":material/event_available:")
    number = say("page.outbox.number", number=short(row["appointment_id"]))
    st.text(f"{span_of(row['starts_at'], row['ends_at'], zone)}\n{one_line(row['title'])}\n{number}")
    st.text(say(f"page.book.push.{row['push_state'] or 'unlinked'}"))
    if row.get("unknown"):
        st.warning(say("page.book.unknown", number=len(row["unknown"])), icon=":material/warning:")


def show_blocked(user: Key, zone: str, rows: Sequence[Row]) -> None:
    """Time that was blocked here, how to end it, and how to block more; none of it is written to a calendar (R8)."""
    st.caption(say("page.block.says"))
    if desk().may("block"):
        _block(user, zone)
    if not rows:
        st.info(say("page.block.none"))
        return
    shown = part_of(sorted(rows, key=lambda row: row["starts_at"], reverse=True), "blocked")
    texts = [(in_zone(row["starts_at"], zone), in_zone(row["ends_at"], zone), one_line(row["note"])) for row in shown]
    headings = ["page.block.from", "page.block.to", "page.block.note", "page.book.deeds"]
    show_rows(headings, [3, 3, 5, 3], texts, [_ending(row) for row in shown])


def _block(user: Key, zone: str) -> None:
    with st.form("block", border=True, clear_on_submit=False):
        moments = []
        for which, hour in (("from", 9), ("to", 10)):
            left, right = st.columns(2)
            with left:
                day = choose_date(say(f"page.block.{which}"), zone, f"block_{which}_day")
            with right:
                moments.append(datetime.combine(day, choose_time(say("page.time"), f"block_{which}_time", time(hour))))
        note = st.text_input(say("page.block.note"), max_chars=200)
        sent = st.form_submit_button(say("page.block.now"), type="primary")
    if sent and attempt(lambda desk: desk.block(*user, *moments, note=note.strip() or None)):
        st.session_state["bookings_done"] = say("page.block.done")
        st.rerun()


def _ending(row: Row) -> Act:
    def draw(place: Any) -> None:
        sent = desk().may("unblock") and place.button(say("page.block.end"), key=f"unblock_{row['blocked_slot_id']}")
        if sent and attempt(lambda desk: desk.unblock(row["blocked_slot_id"])):
            st.session_state["bookings_done"] = say("page.block.ended")
            st.rerun()

    return draw
