"""Removals that are held: a person who knows why so many events vanished lets them go now, or has them wait (R13)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from components.accounts import served
from components.rows import Act, part_of, show_acts_below
from data import Row, attempt, desk, in_zone, one_line, say

DEEDS = ("confirm_removals", "hold_removals")


def show_removals(rows: Sequence[Row], zone: str) -> None:
    """Of which calendar how many events, since when, and whom that touches; who may, decides."""
    shown = part_of(rows, "removals", 10)
    texts = [
        (
            f"{one_line(row['display_name'])}\n{one_line(row['account_name'])}",
            row["says"],
            "\n".join(served(row)) or "–",
            in_zone(row["since"], zone),
        )
        for row in shown
    ]
    headings = ["page.calendar", "page.health.says", "page.serves", "page.health.since"]
    show_acts_below(headings, [4, 6, 4, 3], texts, [_deciding(row) for row in shown])


def _deciding(row: Row) -> Act:
    def draw(place: Any) -> None:
        with place:
            for deed in DEEDS:
                if desk().may(deed):
                    _ask(row["calendar_id"], deed)

    return draw


def _ask(calendar_id: str, deed: str) -> None:
    """What it would mean, and why it is done: that is logged."""
    with st.popover(say(f"page.health.{deed}")), st.form(f"{deed}_{calendar_id}", border=False):
        st.text(say(f"page.health.{deed}_says"))
        reason = st.text_input(say("page.why.reason"), key=f"reason_{deed}_{calendar_id}", max_chars=500)
        if st.form_submit_button(say(f"page.health.{deed}_now"), type="primary"):
            _decide(calendar_id, deed, reason.strip())


def _decide(calendar_id: str, deed: str, reason: str) -> None:
    if not reason:
        st.error(say("page.health.reason_needed"), icon=":material/error:")
        return
    with st.spinner(say("page.check.asking")):
        done = attempt(_deed(calendar_id, deed, reason))
    if done is not None:
        st.session_state["health_done"] = say(f"page.health.{deed}_done")
        st.rerun()


def _deed(calendar_id: str, deed: str, reason: str) -> Callable[[Any], Any]:
    if deed == "confirm_removals":
        return lambda desk: desk.confirm_removals(calendar_id, reason=reason)
    return lambda desk: desk.hold_removals(calendar_id, reason=reason)
