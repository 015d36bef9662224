"""What cannot be read: whose it is, why, and who may see its text or have it read again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from components.accounts import served
from components.rows import part_of, show_acts_below
from components.views import turn_to
from data import Row, attempt, desk, in_zone, one_line, say


def lead_to_quarantine(rows: Sequence[Row]) -> None:
    """In which calendars there are any, and the way to them."""
    with st.container(border=True):
        st.text("\n".join(dict.fromkeys(_whose(row).split("\n", 1)[0] for row in rows)))
        st.text(say("health.unreadable"))
        st.button(say("page.health.go_quarantine"), icon=":material/arrow_forward:", on_click=turn_to, args=("health", "quarantine"))


def _whose(row: Row) -> str:
    """The calendar, its account, and whom that serves."""
    return "\n".join([f"{one_line(row['display_name'])} · {one_line(row['account_name'])}", *served(row)])


def show_quarantine(rows: Sequence[Row], zone: str) -> None:
    """Objects that cannot be read; who may, sees their text for a reason that is logged, or has them read again."""
    shown = part_of(rows, "quarantine", 10)
    texts = [
        (
            _whose(row),
            f"{one_line(row['href'])}\n{row['says']}\n({row['reason']}: {one_line(row['detail'])})",
            f"{in_zone(row['first_seen_at'], zone)}\n{in_zone(row['last_seen_at'], zone)}",
        )
        for row in shown
    ]
    show_acts_below(["page.calendar", "page.health.object", "page.health.seen"], [4, 7, 4], texts, [_deeds(row) for row in shown])


def _deeds(row: Row) -> Callable[[Any], None]:
    def draw(place: Any) -> None:
        key = f"{row['calendar_id']}_{row['href']}"
        if desk().may("retry_quarantine") and place.button(say("page.health.retry"), key=f"retry_{key}"):
            _retry(row["calendar_id"])
        if not desk().may("quarantined"):
            return
        with place.popover(say("page.health.show")), st.form(f"show_{key}", border=False):
            reason = st.text_input(say("page.why.reason"), key=f"reason_{key}")
            if st.form_submit_button(say("page.health.show_now")):
                entry = attempt(lambda desk: desk.quarantined(row["calendar_id"], row["href"], reveal=True, reason=reason))
                if entry is not None:
                    st.code(_text(entry["raw"]), language=None)

    return draw


def _text(raw: Any) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else say("page.health.foreign")


def _retry(calendar_id: str) -> None:
    outcomes = attempt(lambda desk: desk.retry_quarantine(calendar_id))
    if outcomes is not None:
        read = sum(each["outcome"] == "healed" for each in outcomes)
        st.session_state["health_done"] = say("page.health.retried", read=read, all=len(outcomes))
        st.rerun()
