"""Booking a slot and blocking time, for the user that is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

import streamlit as st
from components.booking_forms import choose_date, choose_slot, choose_time
from components.days import span_of
from components.keeping import arrived, resume, sending
from components.rows import Act, part_of, short, show_rows
from data import Key, Row, attempt, desk, in_zone, one_line, say

BOOKED, ROUND = "booked", "book_round"
"""What was just booked, until it has been shown; and how many were, in this session."""
BLOCK = ("block_from_day", "block_from_time", "block_to_day", "block_to_time", "block_note")
"""The fields of the form that blocks time."""


def book(user: Key, zone: str, usual: str | None) -> None:
    """A slot, what it is, and for whom; the user's calendars are asked before it is booked (R14)."""
    booked: Row | None = st.session_state.pop(BOOKED, None)
    if booked is not None:
        _booked(booked, zone)
    start, end = choose_slot(user, zone, usual, anew=booked is not None)
    # What was typed for one booking never stands in the form of the next; a refusal keeps it.
    which, who = st.session_state.get(ROUND, 0), desk().reader.name
    fields = [f"book_{name}_{which}" for name in ("title", "name", "email", "forced")]
    resume("book", who)
    lost = st.container()
    with st.form(f"book_{which}", border=True):
        title = st.text_input(say("page.book.title"), max_chars=200, key=fields[0])
        left, right = st.columns(2)
        name = left.text_input(say("page.book.contact"), max_chars=200, key=fields[1])
        email = right.text_input(say("page.book.email"), max_chars=200, key=fields[2])
        forced = st.checkbox(say("page.book.unchecked"), help=say("page.book.unchecked_says"), key=fields[3])
        sent = st.form_submit_button(say("page.book.now"), type="primary", on_click=sending, args=("book", who, *fields))
    with lost:
        if not arrived("book", who, sent=sent):
            return
    contact = {"contact_name": name.strip() or None, "contact_email": email.strip() or None}

    def deed(desk: Any) -> Row:
        row: Row = desk.book(*user, start, end, title, check=not forced, **contact)
        st.session_state.update({BOOKED: row, ROUND: which + 1})  # at once: a second click meanwhile is none to a form that is done
        return row

    with st.spinner(say("page.book.asking")):
        row = attempt(deed)
    if row is not None:
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
    headings = ["page.block.from", "page.block.to", "page.block.note", *(["page.book.deeds"] if desk().may("unblock") else [])]
    show_rows(headings, [3, 3, 5, 3], texts, [_ending(row) for row in shown])


def _block(user: Key, zone: str) -> None:
    who = desk().reader.name
    resume("block", who)
    lost = st.container()
    with st.form("block", border=True, clear_on_submit=False):
        moments = []
        for which, hour in (("from", 9), ("to", 10)):
            left, right = st.columns(2)
            with left:
                day = choose_date(say(f"page.block.{which}"), zone, f"block_{which}_day")
            with right:
                moments.append(datetime.combine(day, choose_time(say("page.time"), f"block_{which}_time", time(hour))))
        note = st.text_input(say("page.block.note"), max_chars=200, key="block_note")
        sent = st.form_submit_button(say("page.block.now"), type="primary", on_click=sending, args=("block", who, *BLOCK))
    with lost:
        sent = arrived("block", who, sent=sent)
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
