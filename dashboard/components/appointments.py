"""A user's appointments, each with what may be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import streamlit as st
from components.booking_forms import choose_date, choose_time
from components.days import span_of
from components.dialogs import open_why_booked
from components.rows import part_of, short, show_acts_below
from data import Row, attempt, desk, in_zone, one_line, say, to_wall

OPEN = "appointment_open"
"""What is being done with which appointment."""


def show_appointments(rows: Sequence[Row], zone: str) -> None:
    """The list, and below the row that was chosen what is being done with it."""
    if not rows:
        st.info(say("page.book.none"))
        return
    shown = part_of(rows, "appointments")
    headings = ["page.book.when", "page.book.title", "page.book.state"]
    show_acts_below(headings, [4, 4, 5], [_texts(row, zone) for row in shown], [_deeds(row, zone) for row in shown])


def _texts(row: Row, zone: str) -> tuple[str, str, str]:
    status = [say(f"page.book.status.{row['status']}")]
    if row["forced"]:
        status.append(say("page.book.forced"))
    if row["push_state"]:
        status.append(say("page.book.in_calendar", state=say(f"page.book.push.{row['push_state']}"), calendar=one_line(row["calendar"])))
    status.append(say("page.outbox.number", number=short(row["appointment_id"])))
    when = span_of(row["starts_at"], row["ends_at"], zone)
    moved = say("page.book.moved_from", moment=in_zone(row["moved_from"], zone)) if row["moved_from"] else ""
    return "\n".join(line for line in (when, moved) if line), one_line(row["title"]), "\n".join(status)


def _deeds(row: Row, zone: str) -> Callable[[Any], None]:
    def draw(place: Any) -> None:
        identifier, stands = row["appointment_id"], row["status"] != "cancelled"
        with place:
            for deed, method in (("move", "reschedule"), ("cancel", "cancel")):
                if stands and desk().may(method) and st.button(say(f"page.book.{deed}"), key=f"{deed}_{identifier}"):
                    st.session_state[OPEN] = (deed, identifier)
            if st.button(say("page.book.why"), key=f"why_{identifier}"):
                open_why_booked(identifier)
            if st.button(say("page.book.history"), key=f"history_{identifier}"):
                st.session_state[OPEN] = ("history", identifier)
        deed = st.session_state.get(OPEN, ("", ""))
        if deed[1] == identifier:
            {"move": _move, "cancel": _cancel, "history": _history}[deed[0]](row, zone)

    return draw


def _move(row: Row, zone: str) -> None:
    begins, length = to_wall(row["starts_at"], zone), row["ends_at"] - row["starts_at"]
    with st.form("move", border=False):
        left, right = st.columns(2)
        with left:
            day = choose_date(say("page.date"), zone, "move_day", begins.date())
        with right:
            start = datetime.combine(day, choose_time(say("page.time"), "move_time", begins.time()))
        forced = st.checkbox(say("page.book.unchecked"), help=say("page.book.unchecked_says"))
        sent = st.form_submit_button(say("page.book.move_now"), type="primary")
    identifier = row["appointment_id"]
    if sent and attempt(lambda desk: desk.reschedule(identifier, start, start + length, check=not forced)):
        _done("page.book.moved")


def _cancel(row: Row, _zone: str) -> None:
    st.text(say("page.book.cancel_says"))
    sent = st.button(say("page.book.cancel_now"), key="cancel_now", type="primary")
    if sent and attempt(lambda desk: desk.cancel(row["appointment_id"])):
        _done("page.book.cancelled")


def _history(row: Row, zone: str) -> None:
    for each in attempt(lambda desk: desk.history(row["appointment_id"])) or ():
        facts = {"at": in_zone(each["known_from"], zone), "start": in_zone(each["starts_at"], zone), "who": one_line(each["changed_by"])}
        st.text(say("page.book.version", status=say(f"page.book.status.{each['status']}"), **facts))
    st.caption(say("page.book.number"))
    st.code(row["appointment_id"], language=None)


def _done(key: str) -> None:
    st.session_state.pop(OPEN, None)
    st.session_state["bookings_done"] = say(key)
    st.rerun()
