"""What is still to be written to linked calendars: how far it is, why it is not further, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from components.listing import listing
from components.rows import part_of
from data import Row, in_zone, one_line, say


def show_outbox(rows: Sequence[Row], zone: str) -> None:
    """What cannot go on without somebody comes first."""
    if not rows:
        st.success(say("page.outbox.none"), icon=":material/check_circle:")
        return
    order = {"parked": 0, "failed": 1, "waiting": 2, "sending": 3}
    shown = part_of(sorted(rows, key=lambda row: (order.get(row["state"], 9), row["created_at"])), "outbox")
    listing(
        ["page.outbox.what", "page.calendar", "page.outbox.state", "page.outbox.next", "page.outbox.since"],
        [4, 3, 4, 5, 3],
        [
            (
                f"{say('page.outbox.' + row['action'])}\n{row['sub_account']}/{row['user_id']}\n{row['appointment_id']}",
                one_line(row["calendar"]),
                "\n".join(line for line in (row["says"], row["last_error"]) if line),
                _next(row, zone),
                in_zone(row["created_at"], zone),
            )
            for row in shown
        ],
    )


def _next(row: Row, zone: str) -> str:
    lines = [row["next_step"]]
    if row["attempts"]:
        lines.append(say("page.outbox.tried", times=row["attempts"]))
    if row["state"] == "waiting" and row["next_try_at"] is not None:
        lines.append(say("page.outbox.next_try", moment=in_zone(row["next_try_at"], zone)))
    told = "\n".join(line for line in lines if line)
    return told or ("–" if row["state"] == "done" else say("page.outbox.by_itself"))
