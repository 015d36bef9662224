"""A user's appointments, each with what may be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from components.booking_forms import choose_date, choose_start
from components.days import span_of
from components.dialogs import open_why_booked
from components.keeping import arrived, resume, sending
from components.rows import part_of, short, show_acts_below
from components.views import turn_to
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
    if row["drifted"]:
        status.append(say("page.book.in_calendar", state=say("page.book.drifted"), calendar=one_line(row["calendar"])))
    elif row["push_state"]:
        status.append(say("page.book.in_calendar", state=say(f"page.book.push.{row['push_state']}"), calendar=one_line(row["calendar"])))
    status.append(say("page.outbox.number", number=short(row["appointment_id"])))
    when = span_of(row["starts_at"], row["ends_at"], zone)
    moved = say("page.book.moved_from", moment=in_zone(row["moved_from"], zone)) if row["moved_from"] else ""
    whom = say("page.book.for", name=one_line(row["contact"])) if row["contact"] else ""
    what = (line for line in (one_line(row["title"]), whom) if line)
    return "\n".join(line for line in (when, moved) if line), "\n".join(what), "\n".join(status)


def _deeds(row: Row, zone: str) -> Callable[[Any], None]:
    def draw(place: Any) -> None:
        identifier, stands = row["appointment_id"], row["status"] != "cancelled"
        with place:
            for deed, method in (("move", "reschedule"), ("cancel", "cancel")):
                if stands and desk().may(method) and st.button(say(f"page.book.{deed}"), key=f"{deed}_{identifier}"):
                    st.session_state[OPEN] = (deed, identifier)
            if row["drifted"]:
                st.button(say("page.book.settle"), key=f"settle_{identifier}", on_click=turn_to, args=("book", "drift"))
            if st.button(say("page.book.why"), key=f"why_{identifier}"):
                open_why_booked(identifier)
            if st.button(say("page.book.history"), key=f"history_{identifier}"):
                st.session_state[OPEN] = ("history", identifier)
        deed = st.session_state.get(OPEN, ("", ""))
        if deed[1] == identifier:
            {"move": _move, "cancel": _cancel, "history": _history}[deed[0]](row, zone)

    return draw


def _move(row: Row, zone: str) -> None:
    user, identifier, who = (row["sub_account"], row["user_id"]), row["appointment_id"], desk().reader.name
    length = row["ends_at"] - row["starts_at"]
    fields = [f"{name}_{identifier}" for name in ("move_day", "move_start", "move_time", "move_forced")]
    form = f"move_{identifier}"
    resume(form, who)
    lost = st.container()
    left, right = st.columns(2)
    with left:
        day = choose_date(say("page.date"), zone, fields[0], to_wall(row["starts_at"], zone).date())
    start = choose_start(right, user, day, length, (fields[1], fields[2]))
    forced = st.checkbox(say("page.book.unchecked"), help=say("page.book.unchecked_says"), key=fields[3])
    sent = st.button(say("page.book.move_now"), key="move_now", type="primary", on_click=sending, args=(form, who, *fields))
    with lost:
        sent = arrived(form, who, sent=sent)
    if not sent:
        return
    with st.spinner(say("page.book.moving")):
        moved = attempt(lambda desk: desk.reschedule(identifier, start, start + length, check=not forced))
    if moved:
        _done("page.book.moved")


def _cancel(row: Row, _zone: str) -> None:
    st.text(say("page.book.cancel_says"))
    who, form = desk().reader.name, f"cancel_{row['appointment_id']}"
    sent = st.button(say("page.book.cancel_now"), key="cancel_now", type="primary", on_click=sending, args=(form, who))
    if not arrived(form, who, sent=sent):
        return
    with st.spinner(say("page.book.cancelling")):
        cancelled = attempt(lambda desk: desk.cancel(row["appointment_id"]))
    if cancelled:
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
