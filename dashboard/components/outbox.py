"""What is still to be written to linked calendars: how far it is, why it is not further, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from components.days import span_of
from components.listing import listing
from components.rows import part_of, short
from data import Row, in_zone, one_line, say


def show_outbox(rows: Sequence[Row], zone: str) -> None:
    """What cannot go on without somebody comes first."""
    if not rows:
        st.success(say("page.outbox.none"), icon=":material/check_circle:")
        return
    order = {"parked": 0, "failed": 1, "waiting": 2, "sending": 3}
    shown = part_of(sorted(rows, key=lambda row: (order.get(row["state"], 9), row["created_at"])), "outbox")
    listing(
        ["page.outbox.what", "page.user", "page.outbox.state", "page.outbox.next"],
        [5, 4, 4, 4],
        [
            (
                _what(row, zone),
                _whom(row),
                _state(row, zone),
                _next(row, zone),
            )
            for row in shown
        ],
    )


def _what(row: Row, zone: str) -> str:
    """What is written, which appointment it is of, and that one's number as the list of appointments has it."""
    when = span_of(row["starts_at"], row["ends_at"], zone) if row["starts_at"] else ""
    number = say("page.outbox.number", number=short(row["appointment_id"]))
    return "\n".join(line for line in (say(f"page.outbox.{row['action']}"), when, one_line(row["title"]), number) if line)


def _whom(row: Row) -> str:
    lines = (one_line(row["name"]), f"{row['sub_account']}/{row['user_id']}", one_line(row["calendar"]))
    return "\n".join(line for line in lines if line)


def _state(row: Row, zone: str) -> str:
    since = say("page.outbox.since_when", moment=in_zone(row["created_at"], zone))
    return "\n".join(line for line in (row["says"], one_line(row["why"]), since) if line)


def _next(row: Row, zone: str) -> str:
    lines = [row["next_step"]]
    if row["attempts"]:
        lines.append(say("page.outbox.tried", times=row["attempts"]))
    if row["state"] == "waiting" and row["next_try_at"] is not None:
        lines.append(say("page.outbox.next_try", moment=in_zone(row["next_try_at"], zone)))
    told = "\n".join(line for line in lines if line)
    return told or ("–" if row["state"] == "done" else say("page.outbox.by_itself"))
